import { cause } from '../health/evidence.ts'
import type { Verdict } from '../health/model.ts'
import type { KubeObject } from '../kubernetes/model.ts'
import { identityOf } from '../kubernetes/names.ts'
import { messageOf, UserError } from '../runtime/errors.ts'
import { objectsOf, originOf, sinceLastSuccess, stillOurs, wentWell } from './leftovers.ts'
import { afterLockLoss, withLock } from './lock.ts'
import type { GateResult, ReleaseOutcome, ReleaseRecord, RollbackOutcome } from './model.ts'
import { orphansOf, wavesOf } from './plan.ts'
import type { Wave } from './plan.ts'
import type { ReleasePorts } from './ports.ts'
import { previewSet, prune } from './preview.ts'
import type { Preview } from './preview.ts'
import { recordedApplications, releaseStore } from './record.ts'
import type { ReleaseStore } from './record.ts'
import { removeAll } from './remove.ts'
import { isSuccess, requireRoomToSoak, rollOut } from './stages.ts'

export interface BringBackRequest {
  readonly application: string
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
 * After a failed release: applies the newest healthy one before it again, deletes what was new since, and judges the
 * result by the same gate. Says why where it does not. Never throws for the release's sake: a way back that is barred
 * is a rollback that failed.
 */
export async function bringBack(
  request: BringBackRequest,
  ports: ReleasePorts,
): Promise<{ rollback?: RollbackOutcome; noRollback?: string }> {
  const { failed, history } = request
  const previous = history.find(wentWell)
  const reason = reasonAgainst(request, previous)
  if (reason !== undefined || !previous) return { noRollback: reason ?? '' }
  const toRevision = originOf(previous)
  ports.log.info(`rolling back to r${toRevision}`)
  const startedAt = ports.clock.now()
  const way = { toRevision, ...(previous.commit === undefined ? {} : { toCommit: previous.commit }) }
  try {
    const plan = await planReturn(previous, [failed, ...sinceLastSuccess(history)], ports)
    return { rollback: { ...way, result: await reapply(plan, request, ports) } }
  } catch (thrown) {
    return { rollback: { ...way, result: barred(thrown, startedAt, ports) } }
  }
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

function reasonAgainst(
  { verdict, enabled }: BringBackRequest,
  previous: ReleaseRecord | undefined,
): string | undefined {
  if (!enabled) return 'Rollback is switched off (`rollback: false`).'
  if (verdict !== 'failed' && verdict !== 'stalled') {
    return `A release that ended as ${verdict} is left as it is: it is not known to be bad.`
  }
  if (!previous) return 'There is nothing to go back to: no earlier release of this application was healthy.'
  return undefined
}

export interface RollbackRequest {
  readonly namespace: string
  readonly application: string
  /** Revision to go back to; the healthy release before the live one when absent. */
  readonly to?: number
  readonly actor?: string
  /** Address of the run, unique per attempt: holder of the application's lock. */
  readonly holder: string
  readonly timeoutMs: number
  readonly soakMs: number
}

/** A release on its way back, with everything found that could be wrong. */
interface Return {
  readonly target: ReleaseRecord
  readonly waves: readonly Wave[]
  readonly preview: Preview
  /** What stands in the cluster and the target did not have. */
  readonly surplus: readonly KubeObject[]
}

interface Demand extends Return {
  /** All releases of the application, newest first. */
  readonly recorded: readonly ReleaseRecord[]
  readonly newest: ReleaseRecord
}

/**
 * Brings a recorded release back on demand and judges it by the same gate. As with a deploy, what can be found wrong
 * is found before the first write.
 */
export async function rollback(request: RollbackRequest, ports: ReleasePorts): Promise<ReleaseOutcome> {
  requireRoomToSoak(request)
  const store = releaseStore(request.namespace, request.application, ports)
  await prepare(request, store, ports)
  // Again behind the lock: the release that was waited for may have changed what is live.
  return withLock(request, ports, async locked => goBack(request, await prepare(request, store, locked), store, locked))
}

async function prepare(request: RollbackRequest, store: ReleaseStore, ports: ReleasePorts): Promise<Demand> {
  const { cluster, signal } = ports
  const recorded = await store.list(signal)
  const newest = recorded[0]
  if (!newest) throw nothingRecorded(request, await recordedApplications(cluster, request.namespace, signal))
  const target = targetOf(newest, recorded, request.to)
  await requireImagesOf(target, ports)
  const history = recorded.filter(({ source }) => source === target.source)
  return { recorded, newest, ...(await planReturn(target, sinceLastSuccess(history), ports)) }
}

async function goBack(
  request: RollbackRequest,
  demand: Demand,
  store: ReleaseStore,
  ports: ReleasePorts,
): Promise<ReleaseOutcome> {
  const { newest, target, preview, surplus } = demand
  const record: ReleaseRecord = {
    ...withoutOutcome(target),
    revision: newest.revision + 1,
    startedAt: ports.clock.now(),
    rollbackTo: originOf(target),
    ...(request.actor === undefined ? {} : { actor: request.actor }),
  }
  await store.open(record, demand.recorded, ports.signal)
  const result = afterLockLoss(await reapply(demand, request, ports), ports.signal)
  const { verdict, cause: why } = result
  await store.close({ ...record, verdict, endedAt: ports.clock.now(), ...(why ? { cause: why.code } : {}) })
  return {
    application: request.application,
    namespace: request.namespace,
    revision: record.revision,
    rollbackTo: originOf(target),
    ...(target.commit === undefined ? {} : { commit: target.commit }),
    images: target.images,
    changes: [...preview.changes, ...surplus.map(prune)],
    result,
    ...(isSuccess(result)
      ? {}
      : { noRollback: 'A rollback that fails is left as it is: go forward with a new commit.' }),
    dryRun: false,
  }
}

/** Jobs have done their work once; running an old migration again is not part of going back. */
async function planReturn(
  target: ReleaseRecord,
  since: readonly ReleaseRecord[],
  { cluster, signal }: ReleasePorts,
): Promise<Return> {
  const objects = target.objects.filter(({ kind }) => kind !== 'Job')
  const preview = await previewSet(objects, cluster, true, signal)
  const others = new Set(since.flatMap(({ adopted = [] }) => adopted))
  const added = orphansOf(objectsOf(since), target.objects).filter(object => !others.has(identityOf(object)))
  const surplus = await stillOurs(added, target.application, cluster, signal)
  return { target, waves: wavesOf(objects), preview, surplus }
}

function reapply(
  { target, waves, preview, surplus }: Return,
  { timeoutMs, soakMs }: { readonly timeoutMs: number; readonly soakMs: number },
  ports: ReleasePorts,
): Promise<GateResult> {
  const afterWrites = (): Promise<void> => removeAll(surplus, target.application, ports)
  return rollOut({ timeoutMs, soakMs, waves, live: preview.live, force: true, afterWrites }, ports)
}

/**
 * The release to bring back: the revision that is asked for, else what ran before the live release was deployed. What
 * somebody has rolled back once does not come back by itself. `history` is newest first. Throws UserError that lists
 * what there is. Pure.
 */
export function targetOf(
  newest: ReleaseRecord,
  history: readonly ReleaseRecord[],
  to: number | undefined,
): ReleaseRecord {
  const live = newest.rolledBackTo ?? originOf(newest)
  const target = history.find(record =>
    to === undefined
      ? record.revision < live && record.source === newest.source && wentWell(record)
      : record.revision === to,
  )
  if (target) return target
  const there = history.map(({ revision, verdict }) => `r${revision} (${verdict ?? 'not finished'})`).join(', ')
  throw to === undefined ? nothingBefore(newest, there) : unknownRevision(newest, to, there)
}

function nothingBefore({ application }: ReleaseRecord, there: string): UserError {
  return new UserError('rollback-no-target', `No release of ${application} before the live one was healthy.`, {
    why: `Recorded are ${there}.`,
    todo: 'Deploy a good commit, or name one of these revisions with the input "to".',
  })
}

function unknownRevision({ application }: ReleaseRecord, to: number, there: string): UserError {
  return new UserError('rollback-no-target', `input "to": there is no release r${to} of ${application}.`, {
    why: `Recorded are ${there}.`,
    todo: 'Name one of these revisions.',
  })
}

async function requireImagesOf(target: ReleaseRecord, { images, signal }: ReleasePorts): Promise<void> {
  for (const image of target.images) {
    if ((await images?.check(image, signal)) !== 'absent') continue
    throw new UserError(
      'rollback-image-gone',
      `Release r${target.revision} cannot come back: its image ${image} is gone from the registry.`,
      {
        why: 'A lifecycle rule expired it, or it was deleted.',
        todo: 'Choose another revision, or deploy the commit again. Nothing was changed.',
      },
    )
  }
}

function withoutOutcome({
  verdict: _v,
  cause: _c,
  endedAt: _e,
  rolledBackTo: _r,
  ...rest
}: ReleaseRecord): ReleaseRecord {
  return rest
}

function nothingRecorded({ application, namespace }: RollbackRequest, others: readonly string[]): UserError {
  return new UserError(
    'rollback-nothing',
    `There is no recorded release of application "${application}" in namespace "${namespace}".`,
    {
      why:
        others.length > 0
          ? `Recorded are releases of ${others.join(', ')}.`
          : 'The deploy action has not deployed anything there.',
      todo: 'Correct the input "application" or "namespace".',
    },
  )
}
