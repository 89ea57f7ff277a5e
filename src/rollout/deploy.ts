import type { HealthOptions } from '../health/options.ts'
import type { KubeObject } from '../kubernetes/model.ts'
import { UserError } from '../runtime/errors.ts'
import { applySetId, closeApplySet, writeApplySet } from './set/applyset.ts'
import { goOnWithJobs, oldJobs } from './record/hook-jobs.ts'
import { isJob } from './set/jobs.ts'
import { adoptedBy, besides, objectsOf, sinceLastSuccess, stillOurs, wentWell } from './record/leftovers.ts'
import { afterLockLoss, withLock } from './record/lock.ts'
import type { GateResult, ImageCheck, ReleaseOutcome, ReleaseRecord, RollbackOutcome } from './model.ts'
import { imagesOf, pinImages, unpinned } from './set/pin.ts'
import { orphansOf, ownSet } from './set/plan.ts'
import type { ReleasePorts } from './ports.ts'
import { prune } from './preview/preview.ts'
import { releaseStore } from './record/record.ts'
import type { ReleaseStore } from './record/record.ts'
import { removeAll } from './remove.ts'
import { newSight, releaseNeeds, withAccess } from './rights.ts'
import { namespaceExists, requireNamespace, scopesOf } from './set/scopes.ts'
import { shapeSet, type ShapedSet } from './set/shape.ts'
import { snapshotOf } from './record/snapshot.ts'
import { isSuccess, requireRoomToSoak, rollOut } from './stages.ts'
import { withUnreadConfig } from './set/unread-config.ts'
import { bringBack } from './way-back/way-back.ts'

export interface DeployRequest extends HealthOptions {
  readonly application: string
  readonly namespace: string
  /** The objects as read from the manifests. */
  readonly objects: readonly KubeObject[]
  /** Images by digest that take the place of their repository's name in the manifests. */
  readonly images: readonly string[]
  /** Where the objects came from: the input `manifests`. */
  readonly source: string
  readonly commit?: string
  readonly actor?: string
  /** Address of the run, unique per attempt: holder of the application's lock. */
  readonly holder: string
  /** Bound on waiting for the lock, apply and gate together; a rollback gets the same again. */
  readonly timeoutMs: number
  readonly soakMs: number
  readonly rollback: boolean
  readonly dryRun: boolean
  readonly force: boolean
  /** Release objects that Argo CD, Flux or Helm owns all the same. */
  readonly takeOwnership: boolean
}

interface Release {
  readonly request: DeployRequest
  /** All releases of the application, newest first, without this one. */
  readonly recorded: readonly ReleaseRecord[]
  /** Those of the same manifests: what this one replaces, prunes and goes back to. */
  readonly history: readonly ReleaseRecord[]
  readonly revision: number
  readonly shaped: ShapedSet
  readonly orphans: readonly KubeObject[]
}

/**
 * Takes a set of objects to healthy pods, or back.
 * Everything that can be found wrong is found before the first write: then this throws a UserError and nothing
 * has changed, not even the lock. From the first write on the outcome is a verdict.
 */
export async function deploy(request: DeployRequest, ports: ReleasePorts): Promise<ReleaseOutcome> {
  requireRoomToSoak(request)
  return withAccess(
    () => releaseNeeds(request),
    ports,
    () => release(request, ports),
  )
}

async function release(request: DeployRequest, ports: ReleasePorts): Promise<ReleaseOutcome> {
  const endsAt = ports.clock.now() + request.timeoutMs
  const store = releaseStore(request.namespace, request.application, ports)
  const checked = await prepare(request, store, ports)
  if (request.dryRun) {
    await ports.access?.require(releaseNeeds(request))
    return planned(checked)
  }
  await requireSight(checked, ports)
  await makeNamespace(request, ports)
  return withLock(request, ports, async locked => {
    const current = await stillCurrent(checked, store, locked)
    return carryOut(current, Math.max(0, endsAt - ports.clock.now()), store, locked)
  })
}

/** Nothing is applied that could not be judged. Asked once for each kind: the first release, as a rule. */
async function requireSight({ request, recorded }: Release, { access }: ReleasePorts): Promise<void> {
  if (access === undefined) return
  const unproven = newSight(request, recorded.find(wentWell)?.objects ?? [])
  if (unproven.length > 0) await access.require(releaseNeeds(request), unproven)
}

/** A set may bring its own namespace. Lock and record live in it, so it comes first. */
async function makeNamespace(request: DeployRequest, { cluster, signal, log }: ReleasePorts): Promise<void> {
  const own = request.objects.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === request.namespace)
  if (!own || (await namespaceExists(request.namespace, cluster, signal))) return
  await cluster.apply(own, {}, signal)
  log.info(`created   Namespace ${request.namespace}`)
}

/** What was prepared before the lock was ours holds unless another release ended meanwhile. */
async function stillCurrent(checked: Release, store: ReleaseStore, ports: ReleasePorts): Promise<Release> {
  const [newest] = await store.list(ports.signal)
  const [before] = checked.recorded
  const same = newest?.revision === before?.revision && newest?.verdict === before?.verdict
  return same ? checked : prepare(checked.request, store, ports)
}

function planned({ request, shaped: { set, preview, notes }, orphans }: Release): ReleaseOutcome {
  return {
    application: request.application,
    namespace: request.namespace,
    ...(request.commit === undefined ? {} : { commit: request.commit }),
    images: imagesOf(set),
    changes: [...preview.changes, ...orphans.map(prune)],
    notes,
    dryRun: request.dryRun,
  }
}

async function carryOut(
  release: Release,
  timeoutMs: number,
  store: ReleaseStore,
  ports: ReleasePorts,
): Promise<ReleaseOutcome> {
  const { request, recorded, history, revision, shaped } = release
  const { waves, how, preview, set, unread } = shaped
  const record = recordOf(release, ports.clock.now())
  await store.open(record, recorded, ports.signal)
  announce(shaped, ports)
  const afterBad = history[0] !== undefined && !wentWell(history[0]) && history[0].rolledBackTo === undefined
  const beforeWrites = (): Promise<void> => writeApplySet(request, [...set, ...objectsOf(recorded)], ports)
  const judged = await rollOut({ ...request, timeoutMs, waves, how, afterBad, beforeWrites }, ports)
  const result = withUnreadConfig(afterLockLoss(judged, ports.signal), preview.changes, unread)
  if (isSuccess(result)) await pruneAfter(release, ports)
  const back = isSuccess(result) ? {} : await wayBack(record, result, release, ports)
  await store.close(closed(record, result, ports.clock.now(), back.rollback))
  const { changes, ...rest } = planned(release)
  const made = isSuccess(result) ? changes : changes.filter(({ change }) => change !== 'prune')
  return { ...rest, changes: made, revision, result, ...back }
}

/** What a release does on its own account is said before it is done. */
function announce({ notes, preview }: ShapedSet, { log }: ReleasePorts): void {
  for (const note of notes) log.info(note)
  for (const { object, restartedBy } of preview.changes)
    if (restartedBy) log.info(`restarts  ${object}: it reads ${restartedBy.join(', ')}`)
}

/** Last of all: what only the releases before had. Members of the ApplySet are then what this release has. */
async function pruneAfter({ request, recorded, shaped, orphans }: Release, ports: ReleasePorts): Promise<void> {
  await removeAll(orphans, request.application, ports)
  await closeApplySet(request, [...shaped.set, ...besides(recorded, request.source)], ports)
}

function wayBack(
  failed: ReleaseRecord,
  { verdict }: GateResult,
  { request, history }: Release,
  ports: ReleasePorts,
): ReturnType<typeof bringBack> {
  const { rollback: enabled } = request
  return bringBack({ ...request, failed, history, verdict, enabled }, ports)
}

async function prepare(request: DeployRequest, store: ReleaseStore, ports: ReleasePorts): Promise<Release> {
  const { cluster, signal } = ports
  const { application, namespace } = request
  const { objects } = pinImages(request.objects, request.images)
  await cluster.version(signal)
  const namespaced = await scopesOf(objects, cluster, signal)
  await requireNamespace(namespace, objects, cluster, signal)
  await requireImages(imagesOf(objects), ports.images, signal)
  await ports.alarms?.read(signal)
  const recorded = await store.list(signal)
  const history = recorded.filter(({ source }) => source === request.source)
  const revision = (recorded[0]?.revision ?? 0) + 1
  const applySet = applySetId(request)
  const named = ownSet(objects, { application, revision, namespace, applySet, namespaced })
  const shaped = await shapeSet(
    {
      application,
      objects: await goOnWithJobs(named, revision, history, cluster, signal),
      previous: history.find(wentWell)?.objects ?? [],
      force: request.force,
      takeOwnership: request.takeOwnership,
      asRecorded: false,
    },
    ports,
  )
  const { set } = shaped
  const orphans = await orphansAfter(set, revision, history, request, ports)
  warn({ request, recorded, history, set }, ports)
  return { request, recorded, history, revision, shaped, orphans }
}

/** What earlier releases of the same manifests had and this one has not, and their Jobs when they are old enough. */
async function orphansAfter(
  set: readonly KubeObject[],
  revision: number,
  history: readonly ReleaseRecord[],
  { application }: DeployRequest,
  { cluster, signal }: ReleasePorts,
): Promise<readonly KubeObject[]> {
  const former = orphansOf(objectsOf(sinceLastSuccess(history)), set).filter(object => !isJob(object))
  const jobs = await oldJobs(application, set, revision, history, cluster, signal)
  return stillOurs([...jobs, ...former], application, cluster, signal)
}

/** What is allowed and yet may surprise. */
function warn(
  { request, recorded, history, set }: Pick<Release, 'request' | 'recorded' | 'history'> & Pick<ShapedSet, 'set'>,
  { log }: ReleasePorts,
): void {
  const [newest] = recorded
  if (newest && history.length === 0) {
    log.warn(
      `Release r${newest.revision} of ${request.application} came from "${newest.source ?? ''}", this one from "${request.source}": ` +
        `they do not replace each other, so nothing is pruned and there is nothing to go back to. ` +
        `Two sets of manifests need two names: set the input "application".`,
    )
  }
  for (const image of unpinned(set))
    log.warn(`${image} is not pinned by digest: a rollback cannot bring back what its tag meant.`)
}

/** Throws UserError before anything is applied when the registry says that an image is not there. */
async function requireImages(
  images: readonly string[],
  check: ImageCheck | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (const image of images) {
    const answer = (await check?.check(image, signal)) ?? 'unknown'
    if (answer === 'absent') {
      throw new UserError('image-absent', `Image ${image} is not in the registry.`, {
        why: 'The build did not push it to this registry, or a lifecycle rule expired it.',
        todo: 'Push it, or deploy an image that exists. Nothing was applied.',
      })
    }
  }
}

function recordOf({ request, revision, shaped, history, orphans }: Release, startedAt: number): ReleaseRecord {
  const { set, preview } = shaped
  return {
    revision,
    application: request.application,
    ...(request.commit === undefined ? {} : { commit: request.commit }),
    ...(request.actor === undefined ? {} : { actor: request.actor }),
    source: request.source,
    images: imagesOf(set),
    objects: set,
    adopted: adoptedBy(request.application, preview.live, history),
    before: snapshotOf(request.application, preview.live.values()),
    changes: [...preview.changes, ...orphans.map(prune)],
    startedAt,
  }
}

function closed(
  record: ReleaseRecord,
  { verdict, cause }: GateResult,
  endedAt: number,
  back: RollbackOutcome | undefined,
): ReleaseRecord {
  return {
    ...record,
    verdict,
    endedAt,
    ...(cause === undefined ? {} : { cause: cause.code }),
    ...(back && isSuccess(back.result) ? { rolledBackTo: back.toRevision } : {}),
  }
}
