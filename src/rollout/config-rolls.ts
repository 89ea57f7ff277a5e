import { createHash } from 'node:crypto'
import type { KubeObject } from '../kubernetes/model.ts'
import { identityOf } from '../kubernetes/names.ts'
import { isRecord } from '../kubernetes/objects.ts'
import { configContent, configReferences, type ConfigReference } from './config-references.ts'
import { annotations } from './marks.ts'

export interface ConfigRolls {
  /** The set, with the digest of what they read on the pod templates. */
  readonly objects: readonly KubeObject[]
  /** Workloads by identity that start anew for it → names of the configuration that changed. */
  readonly restarts: ReadonlyMap<string, readonly string[]>
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
  const marked = objects.map(object => {
    const references = readBy(object).filter(reference => inSet(identityOfReference(reference, object)) !== undefined)
    const live = before.live.get(identityOf(object))
    const mark = live === undefined ? undefined : markOf(live)
    const recorded = before.asRecorded && (mark ?? markOf(object)) !== undefined
    if (!recorded && object.metadata.annotations?.[annotations.restart] === 'false')
      return mark === undefined ? object : withMark(object, mark)
    if (references.length === 0) return object
    const changed = references.filter(
      reference => digestOf([reference], object, earlier) !== digestOf([reference], object, inSet),
    )
    if (live !== undefined && mark === undefined && changed.length === 0) return object
    const digest = recorded ? markOf(object) : digestOf(references, object, inSet)
    if (live !== undefined && mark !== digest && changed.length > 0) {
      const names = changed.map(({ kind, name }) => `${kind} ${namespaced(object, name)}`)
      restarts.set(identityOf(object), [...new Set(names)])
    }
    return digest === undefined ? object : withMark(object, digest)
  })
  return { objects: marked, restarts }
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
