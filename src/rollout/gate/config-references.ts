import type { Evidence } from '../../health/model.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import { nameOf } from '../../kubernetes/names.ts'
import type { AppliedObject, BroughtConfig } from '../model.ts'
import type { ConfigAnswer } from './answers.ts'

/** A Secret or ConfigMap that a pod cannot start without, or one key of it. */
export interface ConfigReference {
  readonly kind: 'Secret' | 'ConfigMap'
  readonly namespace: string
  readonly name: string
  readonly key?: string
}

/** `Secret shop/database` */
export const objectOf = ({ kind, namespace, name }: ConfigReference): string => `${kind} ${namespace}/${name}`

interface Named {
  readonly name?: string
  readonly optional?: boolean
}
interface KeyOf extends Named {
  readonly key: string
}
interface Files extends Named {
  readonly secretName?: string
  readonly items?: readonly { readonly key: string }[]
}
interface ContainerConfig {
  readonly name: string
  readonly env?: readonly {
    readonly valueFrom?: { readonly secretKeyRef?: KeyOf; readonly configMapKeyRef?: KeyOf }
  }[]
  readonly envFrom?: readonly { readonly secretRef?: Named; readonly configMapRef?: Named }[]
}
interface PodConfig {
  readonly containers?: readonly ContainerConfig[]
  readonly initContainers?: readonly ContainerConfig[]
  readonly volumes?: readonly {
    readonly secret?: Files
    readonly configMap?: Files
    readonly projected?: { readonly sources?: readonly { readonly secret?: Files; readonly configMap?: Files }[] }
  }[]
}

/**
 * What the pods of a workload (or a bare Pod) name and must have: for the environment of `container`, or without one
 * for their volumes. Anything of it that does not exist keeps a kubelet from creating the container.
 */
export function referencesOf(owner: KubeObject, container: string | undefined): readonly ConfigReference[] {
  const spec = podConfigOf(owner)
  const namespace = owner.metadata.namespace ?? ''
  const found = container === undefined ? ofVolumes(spec) : ofContainer(spec, container)
  return found.flatMap(([kind, { optional, ...from }]) => {
    const name = 'secretName' in from ? from.secretName : from.name
    if (optional === true || name === undefined || name === '') return []
    if ('key' in from) return [{ kind, namespace, name, key: from.key }]
    const items = 'items' in from ? (from.items ?? []) : []
    return items.length === 0 ? [{ kind, namespace, name }] : items.map(({ key }) => ({ kind, namespace, name, key }))
  })
}

function podConfigOf(owner: KubeObject): PodConfig {
  const spec = (owner['spec'] ?? {}) as PodConfig & { readonly template?: { readonly spec?: PodConfig } }
  return owner.kind === 'Pod' ? spec : (spec.template?.spec ?? {})
}

type Found = readonly ['Secret' | 'ConfigMap', Named | KeyOf | Files]

function ofContainer({ containers = [], initContainers = [] }: PodConfig, wanted: string): readonly Found[] {
  const { env = [], envFrom = [] } = [...initContainers, ...containers].find(({ name }) => name === wanted) ?? {}
  return [
    ...env.flatMap(({ valueFrom }) => pair(valueFrom?.secretKeyRef, valueFrom?.configMapKeyRef)),
    ...envFrom.flatMap(({ secretRef, configMapRef }) => pair(secretRef, configMapRef)),
  ]
}

function ofVolumes({ volumes = [] }: PodConfig): readonly Found[] {
  return volumes.flatMap(({ secret, configMap, projected }) => [
    ...pair(secret, configMap),
    ...(projected?.sources ?? []).flatMap(source => pair(source.secret, source.configMap)),
  ])
}

function pair(secret: Named | undefined, configMap: Named | undefined): readonly Found[] {
  return [
    ...(secret === undefined ? [] : [['Secret', secret] as const]),
    ...(configMap === undefined ? [] : [['ConfigMap', configMap] as const]),
  ]
}

/** Texts by which a kubelet misses an object or a key; it gives the same reasons for other faults of a configuration. */
const missing = /(secret|configmap)s? .*not found|couldn't find key|references non-existent (secret|config) key/i

/**
 * What to ask the API server about; empty for evidence that is not about a missing Secret or ConfigMap. Read from the
 * workload as it was applied: the pods' own environments are not kept (`keep.ts`).
 */
export function referencesBehind(evidence: Evidence, applied: readonly AppliedObject[]): readonly ConfigReference[] {
  if (evidence.code !== 'config-missing' || !missing.test(evidence.text)) return []
  const owner = applied.find(({ object }) => nameOf(object) === evidence.subject)?.object
  return owner === undefined ? [] : referencesOf(owner, evidence.container)
}

/** Objects of a set that make a Secret of this name: External Secrets, Sealed Secrets, cert-manager. */
const makers: Readonly<Record<string, (object: KubeObject) => string | undefined>> = {
  ExternalSecret: ({ spec, metadata }) =>
    (spec as { target?: { name?: string } } | undefined)?.target?.name ?? metadata.name,
  SealedSecret: ({ metadata }) => metadata.name,
  Certificate: ({ spec }) => (spec as { secretName?: string } | undefined)?.secretName,
}

/** The Secrets and ConfigMaps that a set brings, by itself or through a controller. Names of keys only, no value. */
export function configOf(set: readonly KubeObject[]): readonly BroughtConfig[] {
  return set.flatMap((object): readonly BroughtConfig[] => {
    if (object.kind === 'Secret' || object.kind === 'ConfigMap')
      return [{ object: nameOf(object), keys: keysOf(object) }]
    const name = makers[object.kind]?.(object)
    return name === undefined ? [] : [{ object: `Secret ${object.metadata.namespace ?? ''}/${name}` }]
  })
}

/** Names of the keys of a Secret or ConfigMap. */
export function keysOf(object: KubeObject): readonly string[] {
  return ['data', 'stringData', 'binaryData'].flatMap(field => Object.keys((object[field] as object | undefined) ?? {}))
}

/** How long it may take until a kubelet, whose cache lags by a minute, has seen what is there or still comes. */
const kubeletLagMs = 120_000

/**
 * What the API server's own answer makes of a kubelet that misses configuration: fact (A0) when something that the pod
 * needs is neither there nor comes with the set, a passing fault (C) when all of it is there or to come.
 */
export function withConfigAnswers(
  evidence: Evidence,
  references: readonly ConfigReference[],
  answers: ReadonlyMap<string, ConfigAnswer>,
  brings: readonly BroughtConfig[],
): Evidence {
  const lacks = references.flatMap(reference => lackOf(reference, answers.get(objectOf(reference))) ?? [])
  const certain = lacks.filter(({ reference }) => !isBrought(reference, brings))
  if (certain.length > 0) {
    const text = [...new Set(certain.map(({ says }) => says))].join(', ')
    return { ...evidence, class: 'A0', text, facts: { ...evidence.facts, message: text } }
  }
  const known = references.every(reference => (answers.get(objectOf(reference))?.found ?? 'unknown') !== 'unknown')
  return references.length > 0 && known ? { ...evidence, class: 'C', patienceMs: kubeletLagMs } : evidence
}

interface Lack {
  readonly reference: ConfigReference
  readonly says: string
}

function lackOf(reference: ConfigReference, answer: ConfigAnswer | undefined): Lack | undefined {
  if (answer?.found === 'absent') return { reference, says: `${objectOf(reference)} does not exist` }
  const { key } = reference
  if (answer?.found !== 'present' || key === undefined || answer.keys.includes(key)) return undefined
  return { reference, says: `${objectOf(reference)} has no key "${key}"` }
}

function isBrought(reference: ConfigReference, brings: readonly BroughtConfig[]): boolean {
  return brings.some(
    ({ object, keys }) =>
      object === objectOf(reference) &&
      (keys === undefined || reference.key === undefined || keys.includes(reference.key)),
  )
}
