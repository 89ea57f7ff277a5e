import type { Instant } from '../runtime/clock.ts'
import type { CauseCode } from './causes.ts'
import { evidence } from './evidence.ts'
import { pullReasons, readPull, readStart } from './messages.ts'
import type { Evidence } from './model.ts'
import { instant, type Container, type ContainerStatus, type Pod, type Probe, type Termination } from './objects.ts'
import type { KubeEvent } from './ownership.ts'
import type { ScaleSignal } from './scale-up.ts'

/**
 * - `main`: must keep running (unless the pod is meant to finish)
 * - `init`: must exit with 0, once
 * - `sidecar`: an init container that keeps running
 */
export type Role = 'main' | 'init' | 'sidecar'

export interface Slot {
  readonly role: Role
  readonly spec: Container
  readonly status: ContainerStatus | undefined
}

/** What a container is judged with. */
export interface Setting {
  readonly pod: Pod
  readonly subject: string
  /** Since the release began. */
  readonly events: readonly KubeEvent[]
  /** What autoscalers ever said about it: a promise holds however old it is. */
  readonly signals: readonly ScaleSignal[]
  readonly now: Instant
  /** The role may not read events. */
  readonly eventsHidden: boolean
  /** True for pods of Jobs: an exit is theirs to handle. */
  readonly mayExit: boolean
  /** What may explain an exit, beside the container itself. */
  readonly hint: string | undefined
}

/** Containers in the order in which the kubelet starts them. */
export function slotsOf(pod: Pod): readonly Slot[] {
  const statusOf = (list: readonly ContainerStatus[] | undefined, name: string): ContainerStatus | undefined =>
    list?.find(status => status.name === name)
  const init = (pod.spec.initContainers ?? []).map((spec): Slot => ({
    role: spec.restartPolicy === 'Always' ? 'sidecar' : 'init',
    spec,
    status: statusOf(pod.status.initContainerStatuses, spec.name),
  }))
  const main = pod.spec.containers.map((spec): Slot => ({
    role: 'main',
    spec,
    status: statusOf(pod.status.containerStatuses, spec.name),
  }))
  return [...init, ...main]
}

/** What a container shows against its release: at most one finding that stops it, and one for its exits so far. */
export function assessContainer(slot: Slot, setting: Setting): readonly Evidence[] {
  return [
    waitingEvidence(slot, setting),
    exitEvidence(slot, setting),
    unreadyEvidence(slot, setting),
    livenessEvidence(slot, setting),
  ].filter(found => found !== undefined)
}

function waitingEvidence(slot: Slot, setting: Setting): Evidence | undefined {
  const waiting = slot.status?.state?.waiting
  if (waiting?.reason === undefined) return undefined
  const image = slot.spec.image ?? ''
  const message = waiting.message ?? ''
  const isPull = pullReasons.has(waiting.reason)
  const reading = isPull
    ? readPull(waiting.reason, `${message} ${lastPullError(slot, setting.events)}`, image)
    : readStart(waiting.reason, message)
  if (reading === undefined) return undefined
  const { code, ...rest } = reading
  const patienceMs = isPull && isPulling(slot, setting.events) ? pullPatienceMs : rest.patienceMs
  return evidence(code, {
    ...common(slot, setting),
    ...(rest.class === undefined ? {} : { class: rest.class }),
    ...(patienceMs === undefined ? {} : { patienceMs }),
    at: setting.now,
    text: message === '' ? waiting.reason : message,
    count: isPull ? countOfPullErrors(slot, setting.events) : 1,
    facts: { image, reason: waiting.reason, ...rest.facts },
  })
}

const common = (slot: Slot, { pod, subject }: Setting) => ({
  on: pod,
  subject,
  container: slot.spec.name,
  node: pod.spec.nodeName,
})

/** A large image over a slow path takes minutes. A next failure counts from the first one on. */
const pullPatienceMs = 300_000

/** The state still shows the last failure, but the kubelet is at it again. */
function isPulling(slot: Slot, events: readonly KubeEvent[]): boolean {
  const last = events.findLast(event => isPullError(slot, event) || isPullStart(slot, event))
  return last !== undefined && isPullStart(slot, last)
}

function isPullStart(slot: Slot, { reason, fieldPath }: KubeEvent): boolean {
  return reason === 'Pulling' && fieldPath.includes(`{${slot.spec.name}}`)
}

/** Kubelets before 1.32 say only "Back-off pulling image" while they wait; the first error is in the events. */
function lastPullError(slot: Slot, events: readonly KubeEvent[]): string {
  return events.findLast(event => isPullError(slot, event))?.message ?? ''
}

function countOfPullErrors(slot: Slot, events: readonly KubeEvent[]): number {
  return Math.max(1, ...events.filter(event => isPullError(slot, event)).map(({ count }) => count))
}

function isPullError(slot: Slot, { reason, message, fieldPath }: KubeEvent): boolean {
  return reason === 'Failed' && fieldPath.includes(`{${slot.spec.name}}`) && message.startsWith('Failed to pull image')
}

/**
 * How often a container has ended so far, whatever the exit code.
 * A kubelet 1.36 shows `terminated` for many seconds where one expects CrashLoopBackOff, so the word is not waited for:
 * the restarts, plus the instance that is not running any more.
 */
export function exitsOf(status: ContainerStatus): number {
  const last = lastExit(status)
  if (last === undefined) return 0
  return status.state?.running === undefined ? status.restartCount + 1 : Math.max(status.restartCount, 1)
}

/** The most recent end of the container, with its time. */
export function lastExit({ state, lastState }: ContainerStatus): Termination | undefined {
  return state?.terminated ?? lastState?.terminated
}

function exitEvidence(slot: Slot, setting: Setting): Evidence | undefined {
  const { status, role } = slot
  const last = status && lastExit(status)
  if (status === undefined || last === undefined || isExpected(slot, setting, last)) return undefined
  const code = exitCode(slot, last, setting)
  const settlesAt = settlingInstant(slot, code)
  if (settlesAt !== undefined && settlesAt <= setting.now) return undefined
  if (setting.mayExit && code !== 'start-error') return undefined
  return evidence(code, {
    ...common(slot, setting),
    // Whatever ended it, it may run now: only a repetition proves something.
    class: 'B',
    at: instant(last.finishedAt) ?? setting.now,
    text: last.message ?? probeText(slot, code, setting.events) ?? last.reason,
    count: exitsOf(status),
    settlesAt,
    facts: {
      exitCode: String(last.exitCode),
      reason: last.reason ?? '',
      role,
      image: slot.spec.image ?? '',
      ...(setting.hint === undefined ? {} : { hint: setting.hint }),
    },
  })
}

/** A finished init container, or a finished container of a pod that is meant to finish. */
function isExpected({ role, status }: Slot, { mayExit, pod }: Setting, last: Termination): boolean {
  if (role === 'init') return status?.state?.terminated?.exitCode === 0
  const finishes = mayExit || pod.spec.restartPolicy === 'Never' || pod.spec.restartPolicy === 'OnFailure'
  return role === 'main' && finishes && last.exitCode === 0
}

function exitCode(slot: Slot, last: Termination, setting: Setting): CauseCode {
  if (last.reason === 'OOMKilled') return 'oom-killed'
  if (/exec format error/i.test(last.message ?? '')) return 'image-wrong-platform'
  if (last.reason === 'StartError' || last.reason === 'ContainerCannotRun') return 'start-error'
  const killer = killerOf(slot, last, setting)
  if (killer !== undefined) return killer
  // 126: found but not executable; 127: not found. A shell says so for the command it was given.
  return last.exitCode === 126 || last.exitCode === 127 ? 'start-error' : 'crash-loop'
}

/** Exit codes of a process that somebody else ended: SIGKILL, SIGTERM. */
const signals = new Set([137, 143])

/**
 * The probe that ended it, if one did. The kubelet tells at most 25 events about a pod in a row, so after many failed
 * probes the kill itself may go untold: then a signal, and a probe that had failed, speak for it.
 */
function killerOf(slot: Slot, last: Termination, { events }: Setting): CauseCode | undefined {
  const kill = killOf(slot, events, bornAt(slot, last))?.message
  if (kill !== undefined) return /startup probe/i.test(kill) ? 'startup-exhausted' : 'liveness-kill'
  if (!signals.has(last.exitCode)) return undefined
  const { startupProbe, livenessProbe } = slot.spec
  if (couldKill(startupProbe, last) && probeFailure(slot, 'Startup', events) !== undefined) return 'startup-exhausted'
  const failure = couldKill(livenessProbe, last) ? probeFailure(slot, 'Liveness', events) : undefined
  const mayBeUntold = told(events) >= eventBurst
  return failure !== undefined && (mayBeUntold || failure.at >= (instant(last.startedAt) ?? 0))
    ? 'liveness-kill'
    : undefined
}

/**
 * From when on a kill is one of this life. Times have whole seconds, and a first restart comes at once: a kill in the
 * second in which the life before ended was that one's, whose end came after the word of it.
 */
function bornAt({ status }: Slot, last: Termination): Instant {
  const before = status?.state?.terminated === undefined ? undefined : status.lastState?.terminated
  return Math.max(instant(last.startedAt) ?? 0, (instant(before?.finishedAt) ?? -1) + 1)
}

/** A probe has to fail as often as its threshold says: a container that lived for less was ended by something else. */
function couldKill(probe: Probe | undefined, { startedAt, finishedAt }: Termination): boolean {
  if (probe === undefined) return false
  const lived = (instant(finishedAt) ?? 0) - (instant(startedAt) ?? 0)
  // Both times are rounded down to whole seconds.
  return lived + 1_000 >= budgetMs(probe) - 1_000 * (probe.periodSeconds ?? 10)
}

/** So many events about one object a kubelet tells in a row (client-go's event correlator). */
const eventBurst = 25
const told = (events: readonly KubeEvent[]): number =>
  events.reduce((sum, { reporter, count }) => sum + (reporter === 'kubelet' ? count : 0), 0)

function probeFailure({ spec }: Slot, probe: string, events: readonly KubeEvent[]): KubeEvent | undefined {
  return events.findLast(
    ({ reason, message, fieldPath }) =>
      reason === 'Unhealthy' && fieldPath.includes(`{${spec.name}}`) && message.startsWith(probe),
  )
}

/** `Container api failed liveness probe, will be restarted`: the kubelet ended it, so its exit code says nothing. */
function killOf(slot: Slot, events: readonly KubeEvent[], since = 0): KubeEvent | undefined {
  return events.findLast(
    ({ reason, message, fieldPath, at }) =>
      reason === 'Killing' &&
      at >= since &&
      fieldPath.includes(`{${slot.spec.name}}`) &&
      /failed (liveness|startup) probe/i.test(message),
  )
}

/** What the probe that killed it saw: `Liveness probe failed: HTTP probe failed with statuscode: 500`. */
function probeText(slot: Slot, code: CauseCode, events: readonly KubeEvent[]): string | undefined {
  if (code !== 'liveness-kill' && code !== 'startup-exhausted') return undefined
  const probe = code === 'liveness-kill' ? 'Liveness' : 'Startup'
  return probeFailure(slot, probe, events)?.message ?? killOf(slot, events)?.message
}

const leastUptimeMs = 30_000

/**
 * When a running container's earlier exits are forgiven: after 30 s or two readiness periods, or, when a probe killed it,
 * after that probe had its chance again. Init containers are forgiven only by exiting with 0.
 */
function settlingInstant({ role, spec, status }: Slot, code: CauseCode): Instant | undefined {
  const startedAt = instant(status?.state?.running?.startedAt)
  if (startedAt === undefined || role === 'init') return undefined
  const killWindow = killWindowMs(spec, status?.started === true, code)
  return startedAt + Math.max(leastUptimeMs, 2_000 * (spec.readinessProbe?.periodSeconds ?? 10), killWindow)
}

/** How long the probe that killed a container may need to kill it again. A startup probe that has passed never does. */
function killWindowMs({ startupProbe, livenessProbe }: Container, hasStarted: boolean, code: CauseCode): number {
  const slackMs = 10_000
  if (code === 'liveness-kill') return budgetMs(livenessProbe) + budgetMs(startupProbe) + slackMs
  return code === 'startup-exhausted' && !hasStarted ? budgetMs(startupProbe) + slackMs : 0
}

/** How long a probe may fail before the kubelet gives up on it; API defaults: period 10 s, threshold 3. */
function budgetMs(probe: Probe | undefined): number {
  if (probe === undefined) return 0
  return 1_000 * ((probe.initialDelaySeconds ?? 0) + (probe.periodSeconds ?? 10) * (probe.failureThreshold ?? 3))
}

/**
 * A running container that is not ready waits; it never fails by itself.
 * Bound: readiness budget + 60 s, at most 5 min, but never less than its startup probe allows.
 */
function unreadyEvidence(slot: Slot, setting: Setting): Evidence | undefined {
  const { status, spec, role } = slot
  const startedAt = instant(status?.state?.running?.startedAt)
  if (startedAt === undefined || status?.ready === true || role === 'init' || setting.mayExit) return undefined
  const patienceMs = Math.max(
    Math.min(budgetMs(spec.readinessProbe) + 60_000, 300_000),
    budgetMs(spec.startupProbe) + 60_000,
  )
  const probe = setting.events.findLast(
    ({ reason, message, fieldPath }) =>
      reason === 'Unhealthy' && fieldPath.includes(`{${spec.name}}`) && !message.startsWith('Liveness'),
  )
  return evidence('not-ready', { ...common(slot, setting), at: startedAt, text: probe?.message, patienceMs })
}

/**
 * A probe that fails now will have the container killed, long after a soak that saw it ready: with the API's defaults
 * after 30 s. So such a container is not well yet, until two periods have passed without another failure. One that is
 * being killed is over, however long the kubelet of a busy node takes to say so (13 s and more were seen).
 */
function livenessEvidence(slot: Slot, setting: Setting): Evidence | undefined {
  const { spec, status } = slot
  const startedAt = instant(status?.state?.running?.startedAt)
  if (startedAt === undefined || spec.livenessProbe === undefined) return undefined
  const kill = killOf(slot, setting.events)
  if (kill !== undefined && kill.at > startedAt)
    return evidence('liveness-failing', { ...common(slot, setting), at: kill.at, text: kill.message })
  const failure = probeFailure(slot, 'Liveness', setting.events)
  if (failure === undefined || failure.at < startedAt) return undefined
  const settlesAt = failure.at + 2_000 * (spec.livenessProbe.periodSeconds ?? 10) + 2_000
  if (settlesAt <= setting.now) return undefined
  return evidence('liveness-failing', {
    ...common(slot, setting),
    at: failure.at,
    text: failure.message,
    count: failure.count,
    settlesAt,
  })
}
