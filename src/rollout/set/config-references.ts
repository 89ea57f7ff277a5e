import type { KubeObject } from '../../kubernetes/model.ts'
import { isRecord } from '../../kubernetes/objects.ts'

/** A ConfigMap or Secret that a pod reads. */
export interface ConfigReference {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  /** The keys that are read; all of them when absent. */
  readonly keys?: readonly string[]
  /** The container whose environment it is for; absent for a volume. */
  readonly container?: string
  /** True when the pod starts without it as well. */
  readonly optional: boolean
}

interface Named {
  readonly name?: string
  readonly optional?: boolean
}
interface KeyRef extends Named {
  readonly key?: string
}
interface Source extends Named {
  readonly secretName?: string
  readonly items?: readonly { readonly key?: string }[]
}
interface Container {
  readonly name?: string
  readonly env?: readonly {
    readonly valueFrom?: { readonly configMapKeyRef?: KeyRef; readonly secretKeyRef?: KeyRef }
  }[]
  readonly envFrom?: readonly { readonly configMapRef?: Named; readonly secretRef?: Named }[]
}
interface Sources {
  readonly configMap?: Source
  readonly secret?: Source
}

/** The parts of a pod spec that lead to configuration. */
export interface PodSpec {
  readonly containers?: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly (Sources & { readonly projected?: { readonly sources?: readonly Sources[] } })[]
}

/** Everything in a pod spec that reads a ConfigMap or Secret: variables, volumes and projected volumes. Pure. */
export function configReferences({
  containers = [],
  initContainers = [],
  volumes = [],
}: PodSpec): readonly ConfigReference[] {
  const variables = [...initContainers, ...containers].flatMap(variablesOf)
  const mounts = volumes.flatMap(volume => [volume, ...(volume.projected?.sources ?? [])].flatMap(filesOf))
  return [...variables, ...mounts]
}

function variablesOf({ name: container, env = [], envFrom = [] }: Container): readonly ConfigReference[] {
  return [
    ...env.flatMap(({ valueFrom }) => [
      ...reference('ConfigMap', valueFrom?.configMapKeyRef, { container, keys: keysOf(valueFrom?.configMapKeyRef) }),
      ...reference('Secret', valueFrom?.secretKeyRef, { container, keys: keysOf(valueFrom?.secretKeyRef) }),
    ]),
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      ...reference('ConfigMap', configMapRef, { container }),
      ...reference('Secret', secretRef, { container }),
    ]),
  ]
}

function filesOf({ configMap, secret }: Sources): readonly ConfigReference[] {
  return [
    ...reference('ConfigMap', configMap, { keys: itemsOf(configMap) }),
    ...reference('Secret', secret, { keys: itemsOf(secret) }),
  ]
}

interface Details {
  readonly container?: string | undefined
  readonly keys?: readonly string[] | undefined
}

function reference(
  kind: ConfigReference['kind'],
  source: Source | undefined,
  { container, keys }: Details,
): readonly ConfigReference[] {
  // A volume of a Secret says `secretName`, everything else `name`.
  const name = source?.secretName ?? source?.name
  if (source === undefined || name === undefined || name === '') return []
  const details = { ...(keys === undefined ? {} : { keys }), ...(container === undefined ? {} : { container }) }
  return [{ kind, name, ...details, optional: source.optional === true }]
}

function keysOf(ref: KeyRef | undefined): readonly string[] | undefined {
  return ref?.key === undefined ? undefined : [ref.key]
}

function itemsOf(source: Source | undefined): readonly string[] | undefined {
  const keys = source?.items?.flatMap(({ key }) => (key === undefined ? [] : [key])) ?? []
  return keys.length === 0 ? undefined : keys.toSorted()
}

/**
 * What a ConfigMap or Secret holds, as pairs of key and base64, in order of keys: `data` and `stringData` of a Secret,
 * `data` and `binaryData` of a ConfigMap come to the same. Pure.
 */
export function configContent(object: KubeObject, keys?: readonly string[]): readonly (readonly [string, string])[] {
  const isSecret = object.kind === 'Secret'
  const text = new Map(textsOf(object[isSecret ? 'stringData' : 'data']))
  const encoded = new Map(textsOf(object[isSecret ? 'data' : 'binaryData']))
  const content = new Map([
    ...[...encoded].map(([key, value]): [string, string] => [key, Buffer.from(value, 'base64').toString('base64')]),
    ...[...text].map(([key, value]): [string, string] => [key, Buffer.from(value, 'utf8').toString('base64')]),
  ])
  return [...content]
    .filter(([key]) => keys === undefined || keys.includes(key))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function textsOf(map: unknown): readonly (readonly [string, string])[] {
  if (!isRecord(map)) return []
  return Object.entries(map).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
}
