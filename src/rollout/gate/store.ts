import type { Related } from '../../health/model.ts'
import type { Kind, KubeObject, WatchEvent } from '../../kubernetes/model.ts'
import type { Instant } from '../../runtime/clock.ts'

/** One list+watch of the gate. */
export interface Channel extends Kind {
  readonly namespace: string | undefined
  /**
   * - `proof`: without it nothing can be judged
   * - `subject`: without it the objects of its kind are stored, and no more is known
   * - `hint`: without it (events, nodes) causes are less exact
   */
  readonly need: 'proof' | 'subject' | 'hint'
}

/** A watch that ended for good: a refusal, or a defect. */
export interface Lost {
  readonly type: 'lost'
  readonly reason: string
  readonly denied: boolean
}

export interface ChannelEvent {
  readonly channel: string
  readonly event: WatchEvent | Lost
}

export interface ChannelState {
  readonly channel: Channel
  readonly objects: ReadonlyMap<string, KubeObject>
  /** True once a full list was seen. */
  readonly listed: boolean
  /** `since`: when we were told. The stream may have been silent, without harm, for longer. */
  readonly gap?: { readonly since: Instant; readonly reason: string }
  readonly lost?: Lost
}

/** The cluster as last seen by the watches. */
export interface Store {
  readonly channels: ReadonlyMap<string, ChannelState>
  /** Lists of all channels of a kind, for the health rules. Rebuilt only for kinds that changed, so that indexes over them last. */
  readonly related: Related
  /** Objects of the watched kinds that were deleted, by uid, as last seen. */
  readonly deleted: ReadonlyMap<string, KubeObject>
}

export function channelKey({ apiVersion, kind, namespace }: Omit<Channel, 'need'>): string {
  return `${apiVersion}/${kind}/${namespace ?? ''}`
}

/** What the store is told at the start and keeps. */
export type Scene = Pick<Related, 'around' | 'reconfigured' | 'customRules' | 'requireReadinessGates'>

const nothing: Related = { replicaSets: [], pods: [], events: [], nodes: [] }

/** `since`: start of the release on the cluster's clock. */
export function emptyStore(channels: readonly Channel[], since: Instant, scene: Scene = {}): Store {
  return {
    channels: new Map(channels.map(channel => [channelKey(channel), { channel, objects: new Map(), listed: false }])),
    related: { ...nothing, ...scene, since },
    deleted: new Map(),
  }
}

/** Pure: the store after `events`. Each channel's map is copied once per batch, however long the batch. */
export function fold(store: Store, events: readonly ChannelEvent[], now: Instant): Store {
  if (events.length === 0) return store
  const channels = new Map(store.channels)
  const deleted = new Map(store.deleted)
  for (const [key, batch] of Map.groupBy(events, ({ channel }) => channel)) {
    const state = channels.get(key)
    if (state !== undefined) channels.set(key, foldChannel(state, batch, deleted, now))
  }
  return { channels, deleted, related: relatedOf(channels, store) }
}

function foldChannel(
  before: ChannelState,
  batch: readonly ChannelEvent[],
  deleted: Map<string, KubeObject>,
  now: Instant,
): ChannelState {
  let { listed, gap, lost } = before
  let objects = new Map(before.objects)
  for (const { event } of batch) {
    switch (event.type) {
      case 'listed': {
        objects = listedOver(objects, event, before.channel, deleted)
        listed = true
        gap = undefined
        break
      }
      case 'gap':
        gap ??= { since: now, reason: event.reason }
        break
      case 'lost':
        lost = event
        break
      case 'deleted':
        bury(event.object, before.channel, deleted)
        // The end of an earlier one of that name may be told late.
        if (!isOlder(event.object, objects.get(keyIn(event.object)))) objects.delete(keyIn(event.object))
        break
      case 'added':
      case 'modified':
        if (!isOlder(event.object, objects.get(keyIn(event.object))) && !deleted.has(event.object.metadata.uid ?? ''))
          objects.set(keyIn(event.object), slim(event.object, before.channel))
    }
  }
  return {
    channel: before.channel,
    objects,
    listed,
    ...(gap === undefined ? {} : { gap }),
    ...(lost === undefined ? {} : { lost }),
  }
}

/** What a list shows, but for what was seen later than it was taken: a list on a slow way may come behind events. */
function listedOver(
  known: ReadonlyMap<string, KubeObject>,
  { objects, resourceVersion }: Extract<ChannelEvent['event'], { type: 'listed' }>,
  channel: Channel,
  deleted: Map<string, KubeObject>,
): Map<string, KubeObject> {
  const present = objects.filter(({ metadata: { uid } }) => uid === undefined || !deleted.has(uid))
  const fresh = new Map(present.map(object => [keyIn(object), slim(object, channel)]))
  for (const [key, object] of known) {
    if (Number(object.metadata.resourceVersion) > Number(resourceVersion)) fresh.set(key, object)
    else if (fresh.get(key)?.metadata.uid !== object.metadata.uid) bury(object, channel, deleted)
  }
  return fresh
}

function keyIn({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function bury(object: KubeObject, channel: Channel, deleted: Map<string, KubeObject>): void {
  if (object.metadata.uid !== undefined && channel.kind !== 'Event')
    deleted.set(object.metadata.uid, slim(object, channel))
}

/** Resource versions of one kind are comparable numbers (Kubernetes ≥1.35 says so; etcd always made them so). */
function isOlder(event: KubeObject, known: KubeObject | undefined): boolean {
  if (known === undefined) return false
  return Number(event.metadata.resourceVersion) < Number(known.metadata.resourceVersion)
}

const massKinds = new Set(['Pod', 'Event', 'Node', 'ReplicaSet'])

/** Items of a list do not name their kind. Who wrote a pod last, nobody asks the store. */
function slim(object: KubeObject, { apiVersion, kind }: Channel): KubeObject {
  const named = { ...object, apiVersion, kind }
  if (!massKinds.has(kind) || object.metadata['managedFields'] === undefined) return named
  return { ...named, metadata: { ...object.metadata, managedFields: undefined } }
}

const listNames: ReadonlyMap<
  string,
  'replicaSets' | 'pods' | 'events' | 'nodes' | 'storageClasses' | 'targetGroupBindings'
> = new Map([
  ['apps/v1/ReplicaSet', 'replicaSets'],
  ['v1/Pod', 'pods'],
  ['v1/Event', 'events'],
  ['v1/Node', 'nodes'],
  ['storage.k8s.io/v1/StorageClass', 'storageClasses'],
  ['elbv2.k8s.aws/v1beta1/TargetGroupBinding', 'targetGroupBindings'],
] as const)

function relatedOf(channels: ReadonlyMap<string, ChannelState>, before: Store): Related {
  const hidden = [...channels.values()].some(({ channel, lost }) => channel.kind === 'Event' && lost !== undefined)
  const related = { ...before.related, eventsHidden: hidden }
  for (const [kind, name] of listNames) {
    const states = [...channels].filter(([, { channel }]) => `${channel.apiVersion}/${channel.kind}` === kind)
    if (states.every(([key, state]) => before.channels.get(key) === state)) continue
    related[name] = states.flatMap(([, { objects }]) => [...objects.values()])
  }
  return { ...related, ...nodesAtStart(related, channels) }
}

/** The first list of nodes is kept: a fleet that grows and shrinks meanwhile is measured by it. */
function nodesAtStart(
  { nodesAtStart: known, nodes }: Related,
  channels: ReadonlyMap<string, ChannelState>,
): Pick<Related, 'nodesAtStart'> {
  const listed = [...channels.values()].some(({ channel, listed }) => channel.kind === 'Node' && listed)
  return known !== undefined || !listed ? {} : { nodesAtStart: nodes.map(({ metadata }) => metadata.name) }
}

/** The live object with this kind, namespace and name; `listed` is false while its channel has shown nothing yet. */
export function find(store: Store, wanted: KubeObject): { readonly listed: boolean; readonly object?: KubeObject } {
  for (const { channel, objects, listed } of store.channels.values()) {
    if (channel.kind !== wanted.kind || channel.apiVersion !== wanted.apiVersion) continue
    if (channel.namespace !== wanted.metadata.namespace) continue
    const object = objects.get(keyIn(wanted))
    return object === undefined ? { listed } : { listed, object }
  }
  return { listed: false }
}

/** Channels that must not be silent: those that prove health, and those of the release's own kinds, if they may be seen. */
export function requiredChannels(store: Store): readonly ChannelState[] {
  return [...store.channels.values()].filter(
    ({ channel, lost }) => channel.need === 'proof' || (channel.need === 'subject' && lost === undefined),
  )
}
