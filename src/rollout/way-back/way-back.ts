import type { HealthOptions } from '../../health/options.ts'
import { cause } from '../../health/evidence.ts'
import type { Verdict } from '../../health/model.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import { identityOf } from '../../kubernetes/names.ts'
import { messageOf } from '../../runtime/errors.ts'
import { withoutAlarms } from '../alarms.ts'
import { applySetId } from '../set/applyset.ts'
import { reversible } from './irreversible.ts'
import { objectsOf, originOf, sinceLastSuccess, stillOurs, wentWell } from '../record/leftovers.ts'
import { applicationLabel } from '../set/marks.ts'
import type { GateResult, ReleaseRecord, RollbackOutcome } from '../model.ts'
import { memberLabels, orphansOf } from '../set/plan.ts'
import type { ReleasePorts } from '../ports.ts'
import { readLive } from '../preview/preview.ts'
import { removeAll } from '../remove.ts'
import { shapeSet, type ShapedSet } from '../set/shape.ts'
import { stoodBefore } from '../record/snapshot.ts'
import { isSuccess, rollOut, type RolloutRequest } from '../stages.ts'

export interface BringBackRequest extends HealthOptions {
  readonly application: string
  /** Of the releases' records. */
  readonly namespace: string
  /** The release that failed. */
  readonly failed: ReleaseRecord
  /** The releases before it, newest first. */
  readonly history: readonly ReleaseRecord[]
  readonly verdict: Verdict
  readonly enabled: boolean
  readonly timeoutMs: number
  readonly soakMs: number
}

/**
 * After a failed release: applies the newest healthy one before it again, restores what it took over, deletes what was
 * new since, and judges the result by the same gate. Before the first healthy release there is only what it took over.
 * Says why where there is no way back. Never throws for the release's sake: a way that is barred is a rollback that
 * failed.
 */
export async function bringBack(
  request: BringBackRequest,
  ports: ReleasePorts,
): Promise<{ rollback?: RollbackOutcome; noRollback?: string }> {
  const { failed, history } = request
  const target = history.find(wentWell) ?? beforeTheFirst(failed, history)
  const reason = reasonAgainst(request, target) ?? (await reasonOfImages(target, ports))
  if (reason !== undefined || !target) return { noRollback: reason ?? '' }
  const toRevision = originOf(target)
  ports.log.info(toRevision === 0 ? 'restoring what stood before the first release' : `rolling back to r${toRevision}`)
  const startedAt = ports.clock.now()
  const way = { toRevision, ...(target.commit === undefined ? {} : { toCommit: target.commit }) }
  try {
    const plan = await planReturn(target, [failed, ...history], request.namespace, ports)
    for (const note of plan.notes) ports.log.info(note)
    const result = await reapply(plan, request, withoutAlarms(ports))
    return { rollback: { ...way, ...judged(result), notes: plan.notes } }
  } catch (thrown) {
    return { rollback: { ...way, ...judged(barred(thrown, startedAt, ports)) } }
  }
}

function judged(result: GateResult): Pick<RollbackOutcome, 'result' | 'verdict'> {
  return { result, verdict: isSuccess(result) ? 'rolled-back-healthy' : 'rollback-failed' }
}

/** What others had made, as a release without a set; undefined when nothing was taken over. */
function beforeTheFirst(failed: ReleaseRecord, history: readonly ReleaseRecord[]): ReleaseRecord | undefined {
  if (stoodBefore([failed, ...history]).size === 0) return undefined
  const { application, source, startedAt } = failed
  return { revision: 0, application, startedAt, images: [], objects: [], ...(source === undefined ? {} : { source }) }
}

function barred(thrown: unknown, startedAt: number, { clock, signal }: ReleasePorts): GateResult {
  const at = clock.now()
  const [verdict, code] = signal.aborted
    ? (['cancelled', 'cancelled'] as const)
    : (['failed', 'rollback-failed'] as const)
  const why = cause(code, { subject: 'release', at, facts: { message: messageOf(thrown) } })
  const timeline = [{ at, subject: why.subject, says: why.says, kind: 'verdict' as const }]
  return { verdict, cause: why, timeline, evidence: [], logs: [], startedAt, endedAt: at }
}

function reasonAgainst({ verdict, enabled }: BringBackRequest, target: ReleaseRecord | undefined): string | undefined {
  if (!enabled) return 'Rollback is switched off (`rollback: false`).'
  if (verdict !== 'failed' && verdict !== 'stalled') {
    return `A release that ended as ${verdict} is left as it is: it is not known to be bad.`
  }
  if (!target) return 'There is nothing to go back to: no earlier release of this application was healthy.'
  return undefined
}

async function reasonOfImages(target: ReleaseRecord | undefined, ports: ReleasePorts): Promise<string | undefined> {
  const gone = target && (await goneImage(target, ports))
  if (gone === undefined) return undefined
  return `There is no way back to r${target?.revision ?? 0}: its image ${gone} is gone from the registry.`
}

/** The first image of a recorded release that the registry does not have any more. */
export async function goneImage(
  target: ReleaseRecord,
  { images, signal }: Pick<ReleasePorts, 'images' | 'signal'>,
): Promise<string | undefined> {
  for (const image of target.images) {
    if ((await images?.check(image, signal)) === 'absent') return image
  }
  return undefined
}

/** A release on its way back, with everything found that could be wrong. */
export interface Return {
  readonly target: ReleaseRecord
  readonly shaped: ShapedSet
  /** What stands in the cluster and the target did not have. */
  readonly surplus: readonly KubeObject[]
  /** What cannot go back, a sentence each. */
  readonly notes: readonly string[]
}

/** `records` are all of the target's source, newest first; those that are newer than the target are undone. */
export async function planReturn(
  target: ReleaseRecord,
  records: readonly ReleaseRecord[],
  namespace: string,
  ports: ReleasePorts,
): Promise<Return> {
  const { cluster, signal } = ports
  const { application } = target
  const since = sinceLastSuccess(records)
  const former = stoodBefore(records.filter(({ revision }) => revision > target.revision))
  const others = new Set(records.flatMap(({ adopted = [] }) => adopted))
  const added = orphansOf(objectsOf(since), target.objects)
  const surplus = await stillOurs(
    added.filter(object => !others.has(identityOf(object))),
    application,
    cluster,
    signal,
  )
  // What somebody else has taken back meanwhile is theirs again.
  const taken = added.filter(object => former.has(identityOf(object)))
  const live = await readLive([...taken, ...target.objects.filter(mayBeIrreversible)], cluster, signal)
  const restored = taken
    .filter(object => live.get(identityOf(object))?.metadata.labels?.[applicationLabel] === application)
    .flatMap(object => former.get(identityOf(object)) ?? [])
  const { objects, notes } = reversible(target.objects, live)
  const previous = records[0]?.objects ?? []
  const labels = memberLabels({ application, applySet: applySetId({ application, namespace }) })
  const members = objects.map(object => withLabels(object, labels))
  const request = { application, objects: members, previous, restored, gone: surplus, force: true, asRecorded: true }
  return { target, shaped: await shapeSet(request, ports), surplus, notes }
}

/** A record may be older than a label of ours. */
function withLabels(object: KubeObject, labels: Readonly<Record<string, string>>): KubeObject {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } }
}

function mayBeIrreversible({ kind }: KubeObject): boolean {
  return kind === 'PersistentVolumeClaim' || kind === 'CustomResourceDefinition'
}

export function reapply(
  { target, shaped: { waves, how }, surplus }: Return,
  request: Pick<RolloutRequest, 'timeoutMs' | 'soakMs' | 'beforeWrites' | keyof HealthOptions>,
  ports: ReleasePorts,
): Promise<GateResult> {
  const afterWrites = (): Promise<void> => removeAll(surplus, target.application, ports)
  return rollOut({ ...request, waves, how, afterBad: true, afterWrites }, ports)
}
