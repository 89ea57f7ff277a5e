import type { KubeObject } from '../kubernetes/model.ts'
import type { Related } from './model.ts'
import type { Node } from './nodes.ts'
import { condition, instant, view, type Pod, type Workload } from './objects.ts'

const revisionAnnotations: Readonly<Record<string, string>> = {
  Deployment: 'deployment.kubernetes.io/revision',
  Rollout: 'rollout.argoproj.io/revision',
}

/** Uid of the controller that owns `object`. */
export function controllerOf(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid
}

// Lists of a few thousand objects are searched once per pod: an index per list keeps that linear.
const indexes = new WeakMap<readonly KubeObject[], Map<string | undefined, KubeObject[]>>()

function ownedBy(owner: KubeObject, objects: readonly KubeObject[]): readonly KubeObject[] {
  const index = indexes.get(objects) ?? Map.groupBy(objects, controllerOf)
  indexes.set(objects, index)
  return owner.metadata.uid === undefined ? [] : (index.get(owner.metadata.uid) ?? [])
}

/**
 * The ReplicaSet of the current template of a Deployment or an Argo Rollout: same revision annotation as its owner.
 * The controller creates it before it moves `observedGeneration`, but our watch may see the Deployment first:
 * then this is undefined, never the ReplicaSet before it.
 */
export function newestReplicaSet(owner: KubeObject, replicaSets: readonly KubeObject[]): KubeObject | undefined {
  const annotation = revisionAnnotations[owner.kind] ?? ''
  const revision = owner.metadata.annotations?.[annotation]
  if (revision === undefined) return undefined
  return ownedBy(owner, replicaSets).find(({ metadata }) => metadata.annotations?.[annotation] === revision)
}

/** All pods that the object owns, of whatever revision: of a Deployment through its ReplicaSets. */
export function podsOf(object: KubeObject, related: Related): readonly Pod[] {
  const owners = object.kind === 'Deployment' ? ownedBy(object, related.replicaSets) : [object]
  return owners.flatMap(owner => ownedBy(owner, related.pods)).map(pod => view<Pod>(pod))
}

/** Revision of a pod of a StatefulSet or a DaemonSet. */
export const revisionOf = ({ metadata }: KubeObject): string | undefined =>
  metadata.labels?.['controller-revision-hash']

/** All pods of the current revision of `object`, finished and leaving ones too. */
export function revisionPods(object: KubeObject, related: Related): readonly Pod[] {
  return rawRevisionPods(object, related).map(pod => view<Pod>(pod))
}

function rawRevisionPods(object: KubeObject, related: Related): readonly KubeObject[] {
  switch (object.kind) {
    case 'Pod':
      return [object]
    case 'Deployment':
    case 'Rollout': {
      const newest = newestReplicaSet(object, related.replicaSets)
      return newest === undefined ? [] : ownedBy(newest, related.pods)
    }
    case 'StatefulSet': {
      const revision = view<Workload>(object).status.updateRevision
      return ownedBy(object, related.pods).filter(pod => revisionOf(pod) === revision)
    }
    case 'DaemonSet': {
      // Old API name, still written by the controller of Kubernetes 1.36: saves a list of ControllerRevisions.
      const generation = object.metadata.annotations?.['deprecated.daemonset.template.generation']
      return ownedBy(object, related.pods).filter(
        pod => generation === undefined || pod.metadata.labels?.['pod-template-generation'] === generation,
      )
    }
    case 'Service':
    case 'Revision':
      return isKnative(object) ? knativePods(object, related) : []
    default:
      return ownedBy(object, related.pods)
  }
}

export const isKnative = ({ apiVersion }: KubeObject): boolean => apiVersion.startsWith('serving.knative.dev/')

/** They belong to a Deployment that belongs to the revision; a label names it too. */
function knativePods(object: KubeObject, { pods }: Related): readonly KubeObject[] {
  const status = object['status'] as { readonly latestCreatedRevisionName?: string } | undefined
  const revision = object.kind === 'Revision' ? object.metadata.name : status?.latestCreatedRevisionName
  return pods.filter(
    ({ metadata }) =>
      metadata.namespace === object.metadata.namespace &&
      revision !== undefined &&
      metadata.labels?.['serving.knative.dev/revision'] === revision,
  )
}

/** Reasons by which a node or the scheduler ends a pod that did nothing wrong. */
const disruptions = new Set(['Evicted', 'Preempting', 'Shutdown', 'NodeShutdown', 'NodeLost', 'Terminated'])

/**
 * True for a pod that says nothing about its release: it is being deleted, was disrupted (spot, drain, eviction),
 * or its node is gone. Its replacement is the one to judge.
 */
export function isDiscounted(pod: Pod, related: Related): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return true
  if (pod.status.reason !== undefined && disruptions.has(pod.status.reason)) return true
  if (pod.status.conditions?.some(({ type, status }) => type === 'DisruptionTarget' && status === 'True') === true)
    return true
  return isOnLostNode(pod, related.nodes) || isWrittenOff(pod, related)
}

/**
 * The node controller wrote the pod off and its kubelet has said nothing since. Told in an event, for roles that may not
 * read nodes.
 */
function isWrittenOff(pod: Pod, related: Related): boolean {
  if (condition(pod.status.conditions, 'Ready')?.status === 'True') return false
  const last = newEventsOf(pod.metadata.uid, related).findLast(
    ({ reason, reporter }) => reason === 'NodeNotReady' || reporter === 'kubelet',
  )
  return last?.reason === 'NodeNotReady'
}

/** The first two are written by the node controller, for a kubelet that is silent and for one that is not well. */
const lostTaints = new Set(['node.kubernetes.io/unreachable', 'node.kubernetes.io/not-ready', 'karpenter.sh/disrupted'])
/** Nobody is left on its node who could end it: the node is lost, or is not among those that are there. */
export function isCutOff(pod: Pod, related: Related): boolean {
  const { nodes } = related
  const isGone = nodes.length > 0 && !nodes.some(({ metadata }) => metadata.name === pod.spec.nodeName)
  return isGone || isOnLostNode(pod, nodes) || isWrittenOff(pod, related)
}

const lostNodes = new WeakMap<readonly KubeObject[], ReadonlySet<string>>()

function isOnLostNode(pod: Pod, nodes: readonly KubeObject[]): boolean {
  const lost = lostNodes.get(nodes) ?? new Set(nodes.filter(isLost).map(({ metadata }) => metadata.name))
  lostNodes.set(nodes, lost)
  return pod.spec.nodeName !== undefined && lost.has(pod.spec.nodeName)
}

const isLost = (node: KubeObject): boolean =>
  (view<Node>(node).spec.taints ?? []).some(({ key }) => lostTaints.has(key))

const eventIndexes = new WeakMap<readonly KubeObject[], Map<string | undefined, KubeEvent[]>>()

/** An entry of the events API (core/v1), with the time it was last seen. */
export interface KubeEvent {
  readonly reason: string
  readonly message: string
  /** `spec.containers{api}` */
  readonly fieldPath: string
  readonly count: number
  readonly at: number
  /** Tells apart what happened within one second. */
  readonly version: number
  readonly reporter: string
}

/** Events about the object with this uid, oldest first. Events are best effort: they explain, they never prove health. */
export function eventsOf(uid: string | undefined, events: readonly KubeObject[]): readonly KubeEvent[] {
  return uid === undefined ? [] : (indexOf(events).get(uid) ?? [])
}

/** Events about an object that is known by its name only: what a message names. */
export function eventsAbout(kind: string, name: string, events: readonly KubeObject[]): readonly KubeEvent[] {
  return indexOf(events).get(`${kind}/${name}`) ?? []
}

function indexOf(events: readonly KubeObject[]): Map<string | undefined, KubeEvent[]> {
  const known = eventIndexes.get(events)
  if (known !== undefined) return known
  const index = new Map<string | undefined, KubeEvent[]>()
  const add = (key: string | undefined, event: KubeEvent): void => {
    const list = index.get(key)
    if (list === undefined) index.set(key, [event])
    else list.push(event)
  }
  for (const event of events) {
    const read = readEvent(event)
    const { uid, kind, name } = view<RawEvent>(event).involvedObject ?? {}
    add(uid, read)
    // Only kinds that are asked for by name: an index of every pod's name would double it.
    if (kind === 'NodeClaim') add(`${kind}/${name ?? ''}`, read)
  }
  for (const list of index.values()) list.sort((a, b) => a.at - b.at || a.version - b.version)
  eventIndexes.set(events, index)
  return index
}

/** Those of them that were seen since the release began: an older trouble is over, or will be told again. */
export function newEventsOf(uid: string | undefined, { events, since = 0 }: Related): readonly KubeEvent[] {
  return eventsOf(uid, events).filter(({ at }) => at >= since)
}

interface RawEvent extends KubeObject {
  readonly reason?: string
  readonly message?: string
  readonly count?: number
  readonly involvedObject?: {
    readonly uid?: string
    readonly kind?: string
    readonly name?: string
    readonly fieldPath?: string
  }
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string }
  readonly lastTimestamp?: string | null
  readonly eventTime?: string | null
  readonly source?: { readonly component?: string }
  readonly reportingComponent?: string
}

const read = new WeakMap<KubeObject, KubeEvent>()

function readEvent(event: KubeObject): KubeEvent {
  const known = read.get(event)
  if (known !== undefined) return known
  const raw = event as RawEvent
  const made = {
    reason: raw.reason ?? '',
    message: raw.message ?? '',
    fieldPath: raw.involvedObject?.fieldPath ?? '',
    count: raw.series?.count ?? raw.count ?? 1,
    at:
      instant(raw.series?.lastObservedTime) ??
      instant(raw.lastTimestamp) ??
      instant(raw.eventTime) ??
      instant(event.metadata.creationTimestamp) ??
      0,
    version: Number(event.metadata.resourceVersion ?? 0),
    reporter: raw.reportingComponent ?? raw.source?.component ?? '',
  }
  read.set(event, made)
  return made
}
