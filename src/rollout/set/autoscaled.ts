import { KubeError } from '../../kubernetes/errors.ts'
import type { Cluster, Kind, KubeObject } from '../../kubernetes/model.ts'
import { groupOf, identityOf } from '../../kubernetes/names.ts'
import { isRecord } from '../../kubernetes/objects.ts'

/** What sets the number of pods of a workload. KEDA makes an autoscaler of its own, unless it is paused. */
const autoscalers: readonly Kind[] = [
  { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject' },
]

/**
 * Owner of `spec.replicas` between the release that set it for the last time and the autoscaler's first change. Giving
 * the field up while nobody else owns it would set it to its default, 1 (kubernetes/kubernetes#25238).
 */
export const handoverManager = 'slipway-handover'

/**
 * Identities of the running workloads of `set` that say how many pods they want although an autoscaler decides that:
 * one of the set, or a live one. `gone` are objects that this release takes away. Without the right to read autoscalers
 * only those of the set count.
 */
export async function scaledByOthers(
  set: readonly KubeObject[],
  live: ReadonlyMap<string, KubeObject>,
  cluster: Pick<Cluster, 'list' | 'namespaced'>,
  signal: AbortSignal,
  gone: readonly KubeObject[] = [],
): Promise<ReadonlySet<string>> {
  const workloads = set.filter(object => replicasOf(object) !== undefined && live.has(identityOf(object)))
  if (workloads.length === 0) return new Set()
  const namespaces = new Set(workloads.map(({ metadata }) => metadata.namespace))
  const found = await Promise.all(
    [...namespaces].flatMap(namespace => autoscalers.map(kind => listed(kind, namespace, cluster, signal))),
  )
  const away = new Set(gone.map(identityOf))
  const scaling = [...set.filter(isAutoscaler), ...found.flat().filter(object => !away.has(identityOf(object)))]
  const targets = new Set(scaling.map(targetOf))
  return new Set(workloads.map(identityOf).filter(identity => targets.has(identity)))
}

/** The objects without `spec.replicas` where somebody else decides. Pure. */
export function leaveReplicas(objects: readonly KubeObject[], scaled: ReadonlySet<string>): readonly KubeObject[] {
  return objects.map(object => {
    if (!scaled.has(identityOf(object))) return object
    const { replicas: _, ...spec } = object['spec'] as Readonly<Record<string, unknown>>
    return { ...object, spec }
  })
}

/** How many pods a workload wants; undefined when it does not say. */
export function replicasOf(object: KubeObject): number | undefined {
  const spec = object['spec']
  const replicas = isRecord(spec) ? spec['replicas'] : undefined
  return typeof replicas === 'number' ? replicas : undefined
}

/**
 * Writes the live number of pods under a manager of its own, so that the apply that follows can leave the field out
 * and nothing changes. When the autoscaler is faster, the field is its own and there is nothing to do.
 */
export async function handOverReplicas(
  live: KubeObject,
  cluster: Pick<Cluster, 'apply'>,
  signal: AbortSignal,
): Promise<void> {
  const { apiVersion, kind, metadata } = live
  const { name, namespace } = metadata
  const key = { name, ...(namespace === undefined ? {} : { namespace }) }
  try {
    const part = { apiVersion, kind, metadata: key, spec: { replicas: replicasOf(live) } }
    await cluster.apply(part, { manager: handoverManager }, signal)
  } catch (thrown) {
    if (!(thrown instanceof KubeError) || thrown.conflicts.length === 0) throw thrown
  }
}

async function listed(
  kind: Kind,
  namespace: string | undefined,
  cluster: Pick<Cluster, 'list' | 'namespaced'>,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  try {
    if ((await cluster.namespaced(kind, signal)) === undefined) return []
    return await cluster.list(kind, namespace, undefined, signal)
  } catch (thrown) {
    if (thrown instanceof KubeError && thrown.status === 403) return []
    throw thrown
  }
}

function isAutoscaler(object: KubeObject): boolean {
  return autoscalers.some(
    ({ apiVersion, kind }) => kind === object.kind && groupOf({ apiVersion, kind }) === groupOf(object),
  )
}

/** Identity of what an autoscaler scales. A ScaledObject may leave out the kind: it means a Deployment. */
function targetOf(scaler: KubeObject): string {
  const spec = isRecord(scaler['spec']) ? scaler['spec'] : {}
  const target = isRecord(spec['scaleTargetRef']) ? spec['scaleTargetRef'] : {}
  const {
    apiVersion = 'apps/v1',
    kind = 'Deployment',
    name = '',
  } = target as Partial<Kind> & { readonly name?: string }
  const { namespace } = scaler.metadata
  return identityOf({ apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) } })
}
