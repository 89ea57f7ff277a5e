import type { KubeObject } from '../../kubernetes/model.ts'
import { groupOf, identityOf, nameOf } from '../../kubernetes/names.ts'
import { UserError } from '../../runtime/errors.ts'
import { isJob, nameOfJob } from './jobs.ts'
import { annotations, applicationLabel, partOfLabel } from './marks.ts'

/** Objects that are applied together; the gate must be passed before the next wave begins. */
export interface Wave {
  readonly name: 'foundation' | 'configuration' | 'before' | 'workloads' | 'routes' | 'after'
  /** Order among waves of the same name: the annotation `slipway.dev/wave`. */
  readonly order: number
  readonly objects: readonly KubeObject[]
}

export interface PlanRequest {
  readonly application: string
  readonly revision: number
  /** Namespace of objects that name none. */
  readonly namespace: string
  /** Of the ApplySet that the objects become members of. */
  readonly applySet: string
  /** Which kinds of the set live in a namespace. */
  readonly namespaced: (object: KubeObject) => boolean
}

const waveNames = ['foundation', 'configuration', 'before', 'workloads', 'routes', 'after'] as const

const foundation = new Set([
  'Namespace',
  'CustomResourceDefinition',
  'PriorityClass',
  'StorageClass',
  'RuntimeClass',
  'IngressClass',
])
/** Services stand before the pods, so that a readiness gate of the load balancer is injected into them. */
const configuration = new Set([
  'ServiceAccount',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'LimitRange',
  'ResourceQuota',
  'NetworkPolicy',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'PodDisruptionBudget',
  'Service',
  // Their controllers make the Secrets that pods wait for.
  'ExternalSecret',
  'SecretStore',
  'ClusterSecretStore',
  'SealedSecret',
  'SecretProviderClass',
  'Certificate',
])
const workloadGroups = new Set(['apps', 'batch', 'autoscaling', 'argoproj.io', 'serving.knative.dev'])

/**
 * Every object of a set with its namespace and the application's label. Jobs get the revision as a suffix, because a
 * Job's template cannot be changed. Pure.
 */
export function ownSet(objects: readonly KubeObject[], request: PlanRequest): readonly KubeObject[] {
  return objects.map(object => own(object, request))
}

/**
 * Puts a set whose objects have their final names into the order of its waves: foundation (namespaces, CRDs) →
 * configuration → Jobs that run before → workloads → routes → Jobs that run after. Pure.
 */
export function wavesOf(objects: readonly KubeObject[]): readonly Wave[] {
  const waves = new Map<string, { name: Wave['name']; order: number; objects: KubeObject[] }>()
  for (const object of objects) {
    const name = waveOf(object)
    const order = orderOf(object)
    const key = `${name}/${order}`
    const wave = waves.get(key) ?? { name, order, objects: [] }
    wave.objects.push(object)
    waves.set(key, wave)
  }
  return [...waves.values()].toSorted((a, b) => rank(a) - rank(b) || a.order - b.order)
}

/**
 * Objects that the previous release of this application had and this one has not: what is pruned, last made first.
 * Volumes, namespaces and CRDs never are.
 */
export function orphansOf(previous: readonly KubeObject[], current: readonly KubeObject[]): readonly KubeObject[] {
  const kept = new Set(current.map(identityOf))
  return previous.filter(object => !kept.has(identityOf(object)) && isPrunable(object)).toReversed()
}

/** Never deleted by us: their deletion takes data, or everything in them, along. */
export function isPrunable(object: KubeObject): boolean {
  return !['Namespace', 'CustomResourceDefinition', 'PersistentVolumeClaim', 'PersistentVolume'].includes(object.kind)
}

function waveOf(object: KubeObject): Wave['name'] {
  const hook = object.metadata.annotations?.[annotations.hook]
  if (hook === 'before' || hook === 'after') return hook
  if (hook !== undefined) throw badAnnotation(object, annotations.hook, hook, '"before" or "after"')
  if (foundation.has(object.kind)) return 'foundation'
  // By group, and first: Knative has a Service of its own.
  if (workloadGroups.has(groupOf(object)) || object.kind === 'Pod') return 'workloads'
  if (configuration.has(object.kind)) return 'configuration'
  return 'routes'
}

function orderOf(object: KubeObject): number {
  const given = object.metadata.annotations?.[annotations.wave]
  if (given === undefined) return 0
  const order = Number(given)
  if (!Number.isInteger(order)) throw badAnnotation(object, annotations.wave, given, 'an integer')
  return order
}

function rank(wave: { name: Wave['name'] }): number {
  return waveNames.indexOf(wave.name)
}

function own(object: KubeObject, request: PlanRequest): KubeObject {
  const { metadata } = object
  const name = isJob(object) ? nameOfJob(metadata.name, request.revision) : metadata.name
  const namespace = request.namespaced(object) ? (metadata.namespace ?? request.namespace) : undefined
  const { namespace: _, ...rest } = metadata
  return {
    ...object,
    metadata: {
      ...rest,
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...metadata.labels, ...memberLabels(request) },
    },
  }
}

/** What marks an object as one of an application's. */
export function memberLabels({
  application,
  applySet,
}: Pick<PlanRequest, 'application' | 'applySet'>): Readonly<Record<string, string>> {
  return { [applicationLabel]: application, [partOfLabel]: applySet }
}

function badAnnotation(object: KubeObject, annotation: string, value: string, wanted: string): UserError {
  return new UserError(
    'bad-annotation',
    `${object.kind} ${object.metadata.name}: annotation ${annotation} is "${value}".`,
    {
      why: `It takes ${wanted}.`,
      todo: 'Correct the annotation in the manifest.',
      about: { object: nameOf(object), field: 'metadata.annotations' },
    },
  )
}
