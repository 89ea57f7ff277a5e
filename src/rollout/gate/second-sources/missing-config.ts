import type { Evidence } from '../../../health/model.ts'
import type { KubeObject } from '../../../kubernetes/model.ts'
import { nameOf } from '../../../kubernetes/names.ts'
import { configReferences, type PodSpec } from '../../set/config-references.ts'
import type { AppliedObject, BroughtConfig } from '../../model.ts'
import type { ConfigAnswer } from './answers.ts'

/** A Secret or ConfigMap that a pod cannot start without, or one key of it. */
export interface NeededConfig {
  readonly kind: 'Secret' | 'ConfigMap'
  readonly namespace: string
  readonly name: string
  readonly key?: string
}

/** `Secret shop/database` */
export const objectOf = ({ kind, namespace, name }: NeededConfig): string => `${kind} ${namespace}/${name}`

/**
 * What the pods of a workload (or a bare Pod) name and must have: for the environment of `container`, or without one
 * for their volumes. Anything of it that does not exist keeps a kubelet from creating the container.
 */
export function neededBy(owner: KubeObject, container: string | undefined): readonly NeededConfig[] {
  const namespace = owner.metadata.namespace ?? ''
  return configReferences(podSpecOf(owner))
    .filter(reference => !reference.optional && reference.container === container)
    .flatMap(({ kind, name, keys }) =>
      keys === undefined ? [{ kind, namespace, name }] : keys.map(key => ({ kind, namespace, name, key })),
    )
}

function podSpecOf(owner: KubeObject): PodSpec {
  const spec = (owner['spec'] ?? {}) as PodSpec & { readonly template?: { readonly spec?: PodSpec } }
  return owner.kind === 'Pod' ? spec : (spec.template?.spec ?? {})
}

/** Texts by which a kubelet misses an object or a key; it gives the same reasons for other faults of a configuration. */
const missing = /(secret|configmap)s? .*not found|couldn't find key|references non-existent (secret|config) key/i

/**
 * What to ask the API server about; empty for evidence that is not about a missing Secret or ConfigMap. Read from the
 * workload as it was applied: the pods' own environments are not kept (`keep.ts`).
 */
export function referencesBehind(evidence: Evidence, applied: readonly AppliedObject[]): readonly NeededConfig[] {
  if (evidence.code !== 'config-missing' || !missing.test(evidence.text)) return []
  const owner = applied.find(({ object }) => nameOf(object) === evidence.subject)?.object
  return owner === undefined ? [] : neededBy(owner, evidence.container)
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
  references: readonly NeededConfig[],
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
  readonly reference: NeededConfig
  readonly says: string
}

function lackOf(reference: NeededConfig, answer: ConfigAnswer | undefined): Lack | undefined {
  if (answer?.found === 'absent') return { reference, says: `${objectOf(reference)} does not exist` }
  const { key } = reference
  if (answer?.found !== 'present' || key === undefined || answer.keys.includes(key)) return undefined
  return { reference, says: `${objectOf(reference)} has no key "${key}"` }
}

function isBrought(reference: NeededConfig, brings: readonly BroughtConfig[]): boolean {
  return brings.some(
    ({ object, keys }) =>
      object === objectOf(reference) &&
      (keys === undefined || reference.key === undefined || keys.includes(reference.key)),
  )
}
