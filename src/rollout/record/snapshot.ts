import type { Cluster, KubeObject, ObjectMeta } from '../../kubernetes/model.ts'
import { KubeError } from '../../kubernetes/errors.ts'
import { identityOf, keyOf } from '../../kubernetes/names.ts'
import { replicasOf } from '../set/autoscaled.ts'
import { applicationLabel } from '../set/marks.ts'
import type { ReleaseRecord } from '../model.ts'

/** Set by the server, or true of the moment only. */
const serverMetadata: ReadonlySet<string> = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
])

/**
 * The live objects that a release takes over from somebody else, as they are before its first write and without what
 * the server fills in. Those that this application has released before are in the records of those releases. Pure.
 */
export function snapshotOf(application: string, live: Iterable<KubeObject>): readonly KubeObject[] {
  return [...live]
    .filter(({ metadata }) => metadata.labels?.[applicationLabel] !== application)
    .map(withoutServerFields)
}

/** What stood before a row of releases (newest first) took it over: of several states of an object the oldest. Pure. */
export function stoodBefore(records: readonly ReleaseRecord[]): ReadonlyMap<string, KubeObject> {
  return new Map(records.flatMap(({ before = [] }) => before.map(object => [identityOf(object), object] as const)))
}

function withoutServerFields({ status: _, ...object }: KubeObject): KubeObject {
  const kept = Object.entries(object.metadata).filter(([field]) => !serverMetadata.has(field))
  return { ...object, metadata: Object.fromEntries(kept) as unknown as ObjectMeta }
}

/**
 * Makes an object what it was: everything of it, also fields that only we have set, which an apply would leave. A
 * workload that an autoscaler scales keeps the number of pods that it has. Made anew when it is gone.
 */
export async function restoreObject(
  object: KubeObject,
  scaled: boolean,
  cluster: Pick<Cluster, 'get' | 'create' | 'replace'>,
  signal: AbortSignal,
): Promise<KubeObject> {
  for (let attempt = 1; ; attempt++) {
    const live = await cluster.get(keyOf(object), signal)
    if (!live) return cluster.create(object, signal)
    const { uid, resourceVersion } = live.metadata
    const version = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    }
    const spec = scaled ? { spec: { ...(object['spec'] as object), replicas: replicasOf(live) } } : {}
    try {
      return await cluster.replace({ ...object, ...spec, metadata: { ...object.metadata, ...version } }, signal)
    } catch (thrown) {
      // A controller wrote its status in between.
      if (!(thrown instanceof KubeError) || thrown.status !== 409 || attempt === 5) throw thrown
    }
  }
}
