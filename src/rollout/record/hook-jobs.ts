import type { Cluster, KubeObject } from '../../kubernetes/model.ts'
import { identityOf, keyOf } from '../../kubernetes/names.ts'
import { isJob, nameOfJob } from '../set/jobs.ts'
import { objectsOf, sinceLastSuccess, wasJudged } from './leftovers.ts'
import { applicationLabel } from '../set/marks.ts'
import type { ReleaseRecord } from '../model.ts'

/** How many releases' Jobs stay, the running one's among them: to look into after a failure. */
const keptReleases = 3

/**
 * A release whose run died or was cancelled may have left a Job that runs or is done. The next release goes on with
 * it instead of running the same work a second time, or beside the first, when the Job is unchanged and has not failed.
 * After a release that was judged, each Job runs anew. `set` has its final names; `history` is newest first.
 */
export async function goOnWithJobs(
  set: readonly KubeObject[],
  revision: number,
  history: readonly ReleaseRecord[],
  cluster: Pick<Cluster, 'get'>,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const unjudged = sinceLastSuccess(history).filter(record => !wasJudged(record))
  const left = unjudged.flatMap(({ objects }) => objects.filter(isJob))
  const renamed: KubeObject[] = []
  for (const object of set) {
    const earlier = isJob(object) ? left.find(job => isSameWork(object, job, revision)) : undefined
    const live = earlier && (await cluster.get(keyOf(earlier), signal))
    renamed.push(
      live && canGoOn(live) ? { ...object, metadata: { ...object.metadata, name: live.metadata.name } } : object,
    )
  }
  return renamed
}

function isSameWork(job: KubeObject, earlier: KubeObject, revision: number): boolean {
  const base = job.metadata.name.slice(0, -nameOfJob('', revision).length)
  return (
    earlier.metadata.namespace === job.metadata.namespace &&
    earlier.metadata.name.replace(/-r\d+$/, '') === base &&
    JSON.stringify(earlier['spec']) === JSON.stringify(job['spec'])
  )
}

interface JobStatus {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

function canGoOn(live: KubeObject): boolean {
  const failed = (live as JobStatus).status?.conditions?.some(
    ({ type, status }) => (type === 'Failed' || type === 'FailureTarget') && status === 'True',
  )
  return failed !== true && live.metadata.deletionTimestamp === undefined
}

/** Jobs of earlier releases that are old enough to go; those of the last few stay. `history` is newest first. */
export async function oldJobs(
  application: string,
  set: readonly KubeObject[],
  revision: number,
  history: readonly ReleaseRecord[],
  cluster: Pick<Cluster, 'list'>,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const current = new Set(set.map(identityOf))
  const old = objectsOf(history).filter(
    job => isJob(job) && !current.has(identityOf(job)) && revisionOf(job) <= revision - keptReleases,
  )
  const kept = await Promise.all(
    [...new Set(old.map(({ metadata }) => metadata.namespace))].map(namespace =>
      cluster.list({ apiVersion: 'batch/v1', kind: 'Job' }, namespace, `${applicationLabel}=${application}`, signal),
    ),
  )
  const there = new Set(kept.flat().map(identityOf))
  return old.filter(job => there.has(identityOf(job)))
}

function revisionOf({ metadata }: KubeObject): number {
  return Number(/-r(\d+)$/.exec(metadata.name)?.[1] ?? 0)
}
