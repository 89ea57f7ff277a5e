import type { HealthOptions } from '../../health/options.ts'
import type { Purpose } from '../../kubernetes/access/doctor.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import { UserError } from '../../runtime/errors.ts'
import { closeApplySet, writeApplySet } from '../set/applyset.ts'
import { besides, objectsOf, originOf, wasJudged, wentWell } from '../record/leftovers.ts'
import { afterLockLoss, withLock } from '../record/lock.ts'
import type { PlannedChange, ReleaseOutcome, ReleaseRecord } from '../model.ts'
import type { ReleasePorts } from '../ports.ts'
import { prune } from '../preview/preview.ts'
import { recordedApplications, releaseStore } from '../record/record.ts'
import type { ReleaseStore } from '../record/record.ts'
import { releaseNeeds, withAccess } from '../rights.ts'
import { isSuccess, requireRoomToSoak } from '../stages.ts'
import { withUnreadConfig } from '../set/unread-config.ts'
import { goneImage, planReturn, reapply, type Return } from './way-back.ts'

export interface RollbackRequest extends HealthOptions {
  readonly namespace: string
  readonly application: string
  /** Revision to go back to; the healthy release before the live one when absent. */
  readonly to?: number
  readonly actor?: string
  /** Address of the run, unique per attempt: holder of the application's lock. */
  readonly holder: string
  readonly timeoutMs: number
  readonly soakMs: number
  /** Only say what would come back; write nothing. */
  readonly dryRun: boolean
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
  const known: { objects: readonly KubeObject[] } = { objects: [] }
  const purpose = (): Purpose => releaseNeeds({ ...request, ...known })
  return withAccess(purpose, ports, () => rollBack(request, ports, purpose, known))
}

async function rollBack(
  request: RollbackRequest,
  ports: ReleasePorts,
  purpose: () => Purpose,
  known: { objects: readonly KubeObject[] },
): Promise<ReleaseOutcome> {
  const store = releaseStore(request.namespace, request.application, ports)
  const demand = await prepare(request, store, ports)
  known.objects = demand.shaped.set
  if (request.dryRun) {
    await ports.access?.require(purpose())
    return planned(request, demand)
  }
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
  await ports.alarms?.read(signal)
  const history = recorded.filter(({ source }) => source === target.source)
  return { recorded, newest, ...(await planReturn(target, history, request.namespace, ports)) }
}

async function goBack(
  request: RollbackRequest,
  demand: Demand,
  store: ReleaseStore,
  ports: ReleasePorts,
): Promise<ReleaseOutcome> {
  const { newest, target, shaped, notes } = demand
  const record: ReleaseRecord = {
    ...withoutOutcome(target),
    revision: newest.revision + 1,
    startedAt: ports.clock.now(),
    rollbackTo: originOf(target),
    changes: changesOf(demand),
    ...(request.actor === undefined ? {} : { actor: request.actor }),
  }
  for (const note of notes) ports.log.info(note)
  await store.open(record, demand.recorded, ports.signal)
  const beforeWrites = (): Promise<void> => writeApplySet(request, objectsOf(demand.recorded), ports)
  const judged = afterLockLoss(await reapply(demand, { ...request, beforeWrites }, ports), ports.signal)
  const result = withUnreadConfig(judged, shaped.preview.changes, shaped.unread)
  const { verdict, cause: why } = result
  if (isSuccess(result))
    await closeApplySet(request, [...shaped.set, ...besides(demand.recorded, target.source)], ports)
  await store.close({ ...record, verdict, endedAt: ports.clock.now(), ...(why ? { cause: why.code } : {}) })
  return {
    ...planned(request, demand),
    revision: record.revision,
    result,
    ...(isSuccess(result)
      ? {}
      : { noRollback: 'A rollback that fails is left as it is: go forward with a new commit.' }),
  }
}

function planned({ application, namespace, dryRun }: RollbackRequest, demand: Demand): ReleaseOutcome {
  const { target, notes } = demand
  return {
    application,
    namespace,
    rollbackTo: originOf(target),
    ...(target.commit === undefined ? {} : { commit: target.commit }),
    images: target.images,
    changes: changesOf(demand),
    notes: [...notes, ...demand.shaped.notes],
    dryRun,
  }
}

function changesOf({ shaped, surplus }: Return): readonly PlannedChange[] {
  return [...shaped.preview.changes, ...surplus.map(prune)]
}

/**
 * The release to bring back: the revision that is asked for, else what ran before the live release was deployed. What
 * somebody has rolled back once does not come back by itself. A rollback whose run died or was cancelled is taken up
 * again. `history` is newest first. Throws UserError that lists
 * what there is. Pure.
 */
export function targetOf(
  newest: ReleaseRecord,
  history: readonly ReleaseRecord[],
  to: number | undefined,
): ReleaseRecord {
  const live = newest.rolledBackTo ?? originOf(newest)
  const wanted = to ?? (wasJudged(newest) ? undefined : newest.rollbackTo)
  const target = history.find(record =>
    wanted === undefined
      ? record.revision < live && record.source === newest.source && wentWell(record)
      : record.revision === wanted,
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

async function requireImagesOf(target: ReleaseRecord, ports: ReleasePorts): Promise<void> {
  const image = await goneImage(target, ports)
  if (image === undefined) return
  throw new UserError(
    'rollback-image-gone',
    `Release r${target.revision} cannot come back: its image ${image} is gone from the registry.`,
    {
      why: 'A lifecycle rule expired it, or it was deleted.',
      todo: 'Choose another revision, or deploy the commit again. Nothing was changed.',
    },
  )
}

function withoutOutcome({
  verdict: _v,
  cause: _c,
  endedAt: _e,
  rolledBackTo: _r,
  before: _b,
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
