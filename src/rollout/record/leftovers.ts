import type { Cluster, KubeObject } from '../../kubernetes/model.ts'
import { identityOf, keyOf } from '../../kubernetes/names.ts'
import { inParallel } from '../../runtime/parallel.ts'
import { foreignOwnerOf } from '../set/foreign-owners.ts'
import { isJob } from '../set/jobs.ts'
import { applicationLabel } from '../set/marks.ts'
import type { ReleaseRecord } from '../model.ts'
import { isPrunable } from '../set/plan.ts'

const parallelRequests = 8

/** True for a release that the gate called healthy, in full or in part. */
export function wentWell({ verdict }: ReleaseRecord): boolean {
  return verdict === 'healthy' || verdict === 'healthy-partial'
}

/** False for a release whose run died, was cancelled, or could not know: it may be half done, and is not known to be bad. */
export function wasJudged(record: ReleaseRecord): boolean {
  return wentWell(record) || record.verdict === 'failed' || record.verdict === 'stalled'
}

/** The revision whose set a record holds: a rollback repeats an earlier one. */
export function originOf({ rollbackTo, revision }: ReleaseRecord): number {
  return rollbackTo ?? revision
}

/**
 * The newest release that went well and all that were tried since, of a history that is newest first: a release that
 * failed, was cancelled or died may have left objects behind. All of them when none went well. Pure.
 */
export function sinceLastSuccess(history: readonly ReleaseRecord[]): readonly ReleaseRecord[] {
  const last = history.findIndex(wentWell)
  return last === -1 ? history : history.slice(0, last + 1)
}

/** The objects of several records (newest first), each once, the oldest release's first. Pure. */
export function objectsOf(records: readonly Pick<ReleaseRecord, 'objects'>[]): readonly KubeObject[] {
  const objects = new Map<string, KubeObject>()
  for (const record of records.toReversed()) {
    for (const object of record.objects) objects.set(identityOf(object), object)
  }
  return [...objects.values()]
}

/**
 * What may stand of an application beside the set that `source` has just released: what other manifests released, Jobs
 * that stay for a while, and what is never pruned. `recorded` is newest first. Pure.
 */
export function besides(recorded: readonly ReleaseRecord[], source: string | undefined): readonly KubeObject[] {
  const bySource = Map.groupBy(recorded, record => record.source)
  return [...bySource].flatMap(([from, records]) =>
    from === source
      ? objectsOf(records).filter(object => isJob(object) || !isPrunable(object))
      : objectsOf(sinceLastSuccess(records)),
  )
}

/**
 * Those of `objects` that exist and are `application`'s. What another application has taken over since, or somebody
 * made anew, is not ours to delete.
 */
export async function stillOurs(
  objects: readonly KubeObject[],
  application: string,
  cluster: Pick<Cluster, 'get'>,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const live = await inParallel(objects, parallelRequests, object => cluster.get(keyOf(object), signal))
  return objects.filter((_, index) => isOurs(live[index], application))
}

/**
 * True for what carries the label of the application and which no other tool tracks: who moves an application to
 * Argo CD, say, takes its objects out of our manifests, and means them to stay.
 */
export function isOurs(live: KubeObject | undefined, application: string): boolean {
  return live?.metadata.labels?.[applicationLabel] === application && foreignOwnerOf(live) === undefined
}

/**
 * Identities of the objects that stood in the cluster before this application first released them: somebody else made
 * them, so that no way back deletes them. Carried on from release to release. Pure.
 */
export function adoptedBy(
  application: string,
  live: ReadonlyMap<string, KubeObject>,
  history: readonly ReleaseRecord[],
): readonly string[] {
  const foreign = [...live].filter(([, { metadata }]) => metadata.labels?.[applicationLabel] !== application)
  const before = history.flatMap(({ adopted = [] }) => adopted)
  return [...new Set([...before, ...foreign.map(([identity]) => identity)])].toSorted()
}
