import type { KubeObject } from '../kubernetes/model.ts'
import { isRecord } from '../kubernetes/objects.ts'

/** A ConfigMap or Secret that a pod reads. */
export interface ConfigReference {
  readonly kind: 'ConfigMap' | 'Secret'
  readonly name: string
  /** The keys that are read; all of them when absent. */
  readonly keys?: readonly string[]
}

interface Named {
  readonly name?: string
}
interface KeyRef extends Named {
  readonly key?: string
}
interface Source extends Named {
  readonly secretName?: string
  readonly items?: readonly { readonly key?: string }[]
}
interface Container {
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

function variablesOf({ env = [], envFrom = [] }: Container): readonly ConfigReference[] {
  return [
    ...env.flatMap(({ valueFrom }) => [
      ...reference('ConfigMap', valueFrom?.configMapKeyRef?.name, keysOf(valueFrom?.configMapKeyRef)),
      ...reference('Secret', valueFrom?.secretKeyRef?.name, keysOf(valueFrom?.secretKeyRef)),
    ]),
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      ...reference('ConfigMap', configMapRef?.name),
      ...reference('Secret', secretRef?.name),
    ]),
  ]
}

function filesOf({ configMap, secret }: Sources): readonly ConfigReference[] {
  return [
    ...reference('ConfigMap', configMap?.name, itemsOf(configMap)),
    // A volume says `secretName`, a projected source `name`.
    ...reference('Secret', secret?.secretName ?? secret?.name, itemsOf(secret)),
  ]
}

function reference(
  kind: ConfigReference['kind'],
  name: string | undefined,
  keys?: readonly string[],
): readonly ConfigReference[] {
  if (name === undefined) return []
  return [{ kind, name, ...(keys === undefined ? {} : { keys }) }]
}

function keysOf(ref: KeyRef | undefined): readonly string[] | undefined {
  return ref?.key === undefined ? undefined : [ref.key]
}

function itemsOf(source: Source | undefined): readonly string[] | undefined {
  return source?.items?.flatMap(({ key }) => (key === undefined ? [] : [key])).toSorted()
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
