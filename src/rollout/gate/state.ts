import { assess } from '../../health/assess.ts'
import { evidenceOf } from '../../health/pod-set.ts'
import type { Evidence } from '../../health/model.ts'
import { condition, view, type Job, type Workload } from '../../health/objects.ts'
import { isDiscounted, revisionPods } from '../../health/ownership.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import type { Instant } from '../../runtime/clock.ts'
import type { AppliedObject, GateRequest } from '../model.ts'
import { raisedAlarms } from './second-sources/alarms.ts'
import { foldAnswers, noAnswers, type Answers, type SourceEvent } from './second-sources/answers.ts'
import { emptyLedger, record, type Ledger } from './ledger.ts'
import { withSecondSource } from './second-sources/second-source.ts'
import { ownLines, skewBound, skewOf, startLine } from './server-time.ts'
import { type ChannelEvent, channelKey, emptyStore, fold, requiredChannels, type Store } from './store.ts'
import { assessSubjects, channelsFor, gatedObjects, sceneOf, type Subject } from './subjects.ts'
import { withTargets } from './second-sources/targets.ts'

/** High-water mark of a subject's progress. Any count that passes it is progress and restarts the stall clocks. */
export interface Progress {
  readonly best: readonly number[]
  /** Pods of the revision that say nothing any more: evicted, leaving, on a lost node. */
  readonly disrupted: number
  readonly at: Instant
}

/** All that the gate knows. Plain data; `advance` makes the next one, `judge` reads it. */
export interface GateState {
  readonly request: GateRequest
  readonly gated: readonly AppliedObject[]
  /** When the gate began to look. */
  readonly begunAt: Instant
  /** On the cluster's clock. */
  readonly startLine: Instant
  /** By subject, when somebody else applied them. */
  readonly ownLines: ReadonlyMap<string, Instant>
  /** How far the runner's clock can be ahead of the cluster's (see `skewBound`). */
  readonly skewBound: number
  readonly store: Store
  readonly ledger: Ledger
  readonly subjects: readonly Subject[]
  readonly progress: ReadonlyMap<string, Progress>
  /** What second sources have said. */
  readonly answers: Answers
  /** Since when every subject is ready without a break. */
  readonly readyAt?: Instant
}

export type GateEvent = ChannelEvent | SourceEvent

export function initialState(request: GateRequest, now: Instant): GateState {
  const gated = gatedObjects(request)
  const line = startLine(request)
  const objects = request.applied.map(({ object }) => object)
  return {
    request,
    gated,
    begunAt: now,
    startLine: line,
    ownLines: ownLines(request),
    skewBound: skewBound(Infinity, objects, now),
    store: emptyStore(channelsFor(gated, request), line, sceneOf(request)),
    ledger: emptyLedger,
    subjects: [],
    progress: new Map(),
    answers: noAnswers,
  }
}

/** Pure: what is known after `events`, looked at `now`. Called without events when only time has passed. */
export function advance(state: GateState, events: readonly GateEvent[], now: Instant): GateState {
  const { request } = state
  const answers = foldAnswers(
    state.answers,
    events.filter((event): event is SourceEvent => !('channel' in event)),
  )
  const changes = events.filter(event => 'channel' in event)
  const store = fold(state.store, changes, now)
  const bound = skewBound(state.skewBound, changes.flatMap(objectsIn), now)
  const { related } = store
  const subjects = assessSubjects(state.gated, store, now - skewOf(bound)).map(subject =>
    withTargets(subject, related, answers, now),
  )
  const found: readonly Evidence[] = subjects
    .flatMap(({ health }) => evidenceOf(health))
    .map(evidence => withSecondSource(evidence, answers, related, request))
    .concat(raisedAlarms(request, answers, now))
  const ledger = record(state.ledger, found, {
    startLine: state.startLine,
    ownLines: state.ownLines,
    pods: related.pods,
    now,
  })
  const ready = subjects.every(({ health, foreign }) => health.status === 'healthy' && foreign === undefined)
  const { readyAt: before, ...rest } = state
  const known = before === undefined || hasDipped(changes, subjects, store, now) ? now : before
  const since = endsDark(state.store, store) ? readyAfterDark(known, request.soakMs, now) : known
  const readyAt = ready ? since : undefined
  const progress = new Map(subjects.map(subject => [subject.name, progressOf(subject, store, state, now)]))
  return {
    ...rest,
    answers,
    store,
    skewBound: bound,
    subjects,
    ledger,
    progress,
    ...(readyAt === undefined ? {} : { readyAt }),
  }
}

/**
 * A busy machine hands over many events at once: a subject may have been short of something in between, and be whole
 * again in the end. That is a break of the soak all the same, as it would be for whoever looked in between.
 */
function hasDipped(
  changes: readonly ChannelEvent[],
  subjects: readonly Subject[],
  { related }: Store,
  now: Instant,
): boolean {
  if (changes.length < 2) return false
  const last = new Map(subjects.map(({ live }) => [live?.metadata.uid, live?.metadata.resourceVersion]))
  return changes.some(({ event }) => {
    if (event.type !== 'added' && event.type !== 'modified') return false
    const { uid, resourceVersion } = event.object.metadata
    const isPassed = uid !== undefined && last.has(uid) && last.get(uid) !== resourceVersion
    return isPassed && assess(event.object, related, now).status !== 'healthy'
  })
}

/** A kubelet that could not reach the API server repeats its report within 10 s; some more for the way. */
const reportsWithinMs = 15_000

/**
 * Since when a release that was ready counts as ready, when the control plane could not be heard until `now`: so that of
 * the soak enough is left for what happened meanwhile to be told.
 */
export function readyAfterDark(readyAt: Instant, soakMs: number, now: Instant): Instant {
  return Math.max(readyAt, now - soakMs + Math.min(soakMs, reportsWithinMs))
}

/** True when a watch is back after a gap. */
function endsDark(before: Store, after: Store): boolean {
  return requiredChannels(before).some(
    ({ channel, gap }) => gap !== undefined && after.channels.get(channelKey(channel))?.gap === undefined,
  )
}

function objectsIn({ event }: ChannelEvent): readonly KubeObject[] {
  if (event.type === 'listed') return event.objects
  return event.type === 'gap' || event.type === 'lost' ? [] : [event.object]
}

function progressOf(subject: Subject, store: Store, state: GateState, now: Instant): Progress {
  const before = state.progress.get(subject.name)
  const counts = countsOf(subject, store)
  const disrupted = disruptedPods(subject, store)
  if (before === undefined) return { best: counts, disrupted, at: now }
  // What a replacement has still to do has been done before: the mark comes down with the pod that is lost.
  if (disrupted > before.disrupted) return { best: counts, disrupted, at: before.at }
  const best = counts.map((count, index) => Math.max(count, before.best[index] ?? 0))
  const advanced = best.some((count, index) => count > (before.best[index] ?? 0))
  return advanced ? { best, disrupted, at: now } : { ...before, disrupted }
}

function disruptedPods({ live }: Subject, { related }: Store): number {
  return live === undefined ? 0 : revisionPods(live, related).filter(pod => isDiscounted(pod, related)).length
}

/** Pods created, scheduled, started, ready, and healthy for a load balancer; what the controller calls updated and available; pods of a Job that ended. */
function countsOf({ live, health, healthyTargets = 0 }: Subject, store: Store): readonly number[] {
  if (live === undefined) return [0]
  const pods = revisionPods(live, store.related).filter(pod => !isDiscounted(pod, store.related))
  const { status } = view<Workload>(live)
  const job = view<Job>(live).status
  return [
    pods.length,
    pods.filter(({ spec }) => spec.nodeName !== undefined).length,
    pods.filter(({ status: pod }) => pod.phase === 'Running').length,
    pods.filter(({ status: pod }) => condition(pod.conditions, 'Ready')?.status === 'True').length,
    healthyTargets,
    status.updatedReplicas ?? status.updatedNumberScheduled ?? 0,
    status.availableReplicas ?? status.numberAvailable ?? 0,
    (job.succeeded ?? 0) + (job.failed ?? 0),
    health.status === 'healthy' ? 1 : 0,
  ]
}
