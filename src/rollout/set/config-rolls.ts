import { createHash } from 'node:crypto'
import type { KubeObject } from '../../kubernetes/model.ts'
import { identityOf } from '../../kubernetes/names.ts'
import { isRecord } from '../../kubernetes/objects.ts'
import { configContent, configReferences, type ConfigReference } from './config-references.ts'
import { annotations } from './marks.ts'

export interface ConfigRolls {
  /** The set, with the digest of what they read on the pod templates. */
  readonly objects: readonly KubeObject[]
  /** Workloads by identity that start anew for it → names of the configuration that changed. */
  readonly restarts: ReadonlyMap<string, readonly string[]>
  /** Names of changed configuration that running workloads read which have opted out of being started anew. */
  readonly unread: readonly string[]
}

export interface ConfigBefore {
  /** Live objects by identity. */
  readonly live: ReadonlyMap<string, KubeObject>
  /** The set of the release that ran until now; what it does not hold is looked up in the cluster. */
  readonly previous: readonly KubeObject[]
  /** The set is a record on its way back: it is marked as it was, unless it was released before there were marks. */
  readonly asRecorded: boolean
}

/** Templates of these are no running workload's: their pods come and go with the object itself. */
const notRolled = new Set(['Job', 'ReplicaSet', 'ReplicationController'])

/**
 * Kubernetes starts no pod anew when a ConfigMap or Secret changes that it reads at its start. So the pod templates of
 * the set carry a digest of what they read *of this set*: when it changes, there is a new revision, and the gate can
 * judge it. A workload without that mark that runs already gets it when its configuration first changes, not before:
 * neither an upgrade of Slipway nor taking over an existing workload restarts anything by itself. Pure.
 */
export function rollConfig(objects: readonly KubeObject[], before: ConfigBefore): ConfigRolls {
  const inSet = lookupIn(objects)
  const released = lookupIn(before.previous)
  const earlier: Lookup = identity => released(identity) ?? before.live.get(identity)
  const restarts = new Map<string, readonly string[]>()
  const unread = new Set<string>()
  const marked = objects.map(object => {
    const live = before.live.get(identityOf(object))
    const references = readBy(object).filter(reference => inSet(identityOfReference(reference, object)) !== undefined)
    const changed = references.filter(
      reference => digestOf([reference], object, earlier) !== digestOf([reference], object, inSet),
    )
    const marks = { had: live && markOf(live), recorded: before.asRecorded ? markOf(object) : undefined }
    const mark = markFor(object, marks, {
      wanted: references.length === 0 ? undefined : digestOf(references, object, inSet),
      isNew: live === undefined,
      hasChanged: changed.length > 0,
      asRecorded: before.asRecorded,
    })
    if (live && changed.length > 0) {
      const names = new Set(changed.map(({ kind, name }) => `${kind} ${namespaced(object, name)}`))
      if (mark !== marks.had) restarts.set(identityOf(object), [...names])
      else if (optedOut(object)) for (const name of names) unread.add(name)
    }
    return mark === undefined ? object : withMark(object, mark)
  })
  return { objects: marked, restarts, unread: [...unread] }
}

interface Marks {
  /** On the live object. */
  readonly had: string | undefined
  /** In the record that is on its way back. */
  readonly recorded: string | undefined
}

function markFor(
  object: KubeObject,
  { had, recorded }: Marks,
  state: {
    readonly wanted: string | undefined
    readonly isNew: boolean
    readonly hasChanged: boolean
    readonly asRecorded: boolean
  },
): string | undefined {
  if (state.asRecorded && (recorded ?? had) !== undefined) return recorded
  if (optedOut(object)) return had
  // What runs without a mark keeps running until there is a reason.
  return had !== undefined || state.isNew || state.hasChanged ? state.wanted : undefined
}

function optedOut({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[annotations.restart] === 'false'
}

/** References to configuration in the pod template of a workload that runs on; none for other objects. */
function readBy(object: KubeObject): readonly ConfigReference[] {
  const template = templateOf(object)
  const spec = template?.['spec']
  if (notRolled.has(object.kind) || !isRecord(spec) || !Array.isArray(spec['containers'])) return []
  return configReferences(spec)
}

function templateOf(object: KubeObject): Readonly<Record<string, unknown>> | undefined {
  const spec = object['spec']
  return isRecord(spec) && isRecord(spec['template']) ? spec['template'] : undefined
}

function markOf(object: KubeObject): string | undefined {
  const metadata = templateOf(object)?.['metadata']
  const found = isRecord(metadata) && isRecord(metadata['annotations']) ? metadata['annotations'] : {}
  const mark = found[annotations.configHash]
  return typeof mark === 'string' ? mark : undefined
}

function withMark(object: KubeObject, digest: string): KubeObject {
  const template = templateOf(object) ?? {}
  const metadata = isRecord(template['metadata']) ? template['metadata'] : {}
  const others = isRecord(metadata['annotations']) ? metadata['annotations'] : {}
  const marked = { ...metadata, annotations: { ...others, [annotations.configHash]: digest } }
  return { ...object, spec: { ...(object['spec'] as object), template: { ...template, metadata: marked } } }
}

type Lookup = (identity: string) => KubeObject | undefined

function lookupIn(objects: readonly KubeObject[]): Lookup {
  const byIdentity = new Map(objects.map(object => [identityOf(object), object]))
  return identity => byIdentity.get(identity)
}

/** Truncated SHA-256 of what the references lead to: of the content alone, however a Secret is written. */
function digestOf(references: readonly ConfigReference[], reader: KubeObject, lookup: Lookup): string {
  const contents = references.map(reference => {
    const { kind, name, keys } = reference
    const object = lookup(identityOfReference(reference, reader))
    return [kind, name, keys ?? '*', object === undefined ? null : configContent(object, keys)]
  })
  const lines = [...new Set(contents.map(content => JSON.stringify(content)))].toSorted()
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16)
}

function identityOfReference({ kind, name }: ConfigReference, reader: KubeObject): string {
  const { namespace } = reader.metadata
  return identityOf({ apiVersion: 'v1', kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } })
}

function namespaced({ metadata }: KubeObject, name: string): string {
  return metadata.namespace === undefined ? name : `${metadata.namespace}/${name}`
}
