import type { CauseCode } from './causes.ts'
import type { Setting, Slot } from './containers.ts'
import { evidence } from './evidence.ts'
import { isZoneConflict, readMount, readSandbox } from './messages.ts'
import type { Evidence } from './model.ts'
import { condition, instant, type Condition } from './objects.ts'
import type { KubeEvent } from './ownership.ts'

/** What keeps a pod from running that is no container's fault: scheduling, volumes, sandbox, readiness gates. */
export function placeEvidence(setting: Setting, slots: readonly Slot[]): readonly Evidence[] {
  const started = slots.some(
    ({ status }) => status?.state?.running !== undefined || status?.state?.terminated !== undefined,
  )
  const prepared = started || isPrepared(setting)
  const found = [
    ...scheduling(setting),
    gatePending(setting),
    ...(prepared ? [] : [sandbox(setting), mounting(setting)]),
  ]
  return found.filter(item => item !== undefined)
}

/**
 * Volumes are mounted and the sandbox is there: earlier events about them are over, though a long pull may follow.
 * Kubernetes ≥1.29 says so in a condition; before that only the next step, about the image, tells it.
 */
function isPrepared({ pod, events }: Setting): boolean {
  const ready = condition(pod.status.conditions, 'PodReadyToStartContainers')
  if (ready !== undefined) return ready.status === 'True'
  const last = events.findLast(({ reason }) => preparing.has(reason) || pulling.has(reason))
  return last !== undefined && pulling.has(last.reason)
}

const preparing = new Set(['FailedMount', 'FailedAttachVolume', 'FailedMapVolume', 'FailedCreatePodSandBox'])
const pulling = new Set(['Pulling', 'Pulled', 'Created', 'Started'])

/** Without any word of an autoscaler; with its promise of a node, or where its words cannot be read. */
const unscheduledMs = 120_000
const promisedMs = 600_000

/**
 * Why a pod has no node. The scheduler's own refusal only waits: it tries again for ever, and an autoscaler may add a
 * node (helm#31896). Its refusal is a finding of its own, so that its time runs from when it was told.
 */
function scheduling({ pod, subject, signals, eventsHidden, now }: Setting): readonly Evidence[] {
  const scheduled = condition(pod.status.conditions, 'PodScheduled')
  if (scheduled?.status !== 'False') return []
  const at = instant(scheduled.lastTransitionTime) ?? now
  const say = (code: CauseCode, text: string | undefined, patienceMs?: number, facts = {}): Evidence =>
    evidence(code, { on: pod, subject, at, text, facts, ...(patienceMs === undefined ? {} : { patienceMs }) })
  if (scheduled.reason === 'SchedulingGated') return [say('scheduling-gated', scheduled.message)]
  if (scheduled.reason !== 'Unschedulable') return []
  const signal = signals.at(-1)
  const mayCome = signal === undefined ? eventsHidden : signal.word === 'coming'
  const why = say(...whyUnschedulable(scheduled, mayCome), signal === undefined ? {} : { autoscaler: signal.text })
  return signal?.word === 'refused' ? [why, say('scale-up-refused', signal.text)] : [why]
}

/** A volume ties the pod to a zone. A promised node may be the one, or never fit (karpenter#5406): a shorter wait. */
function whyUnschedulable({ message }: Condition, mayCome: boolean): [CauseCode, string | undefined, number] {
  const text = message ?? ''
  if (isZoneConflict(text)) return ['volume-zone-conflict', message, mayCome ? promisedMs / 2 : promisedMs / 10]
  if (/unbound immediate PersistentVolumeClaims|persistentvolumeclaim "[^"]*" not found/i.test(text))
    return ['volume-pending', message, unscheduledMs]
  return ['unschedulable', message, mayCome ? promisedMs : unscheduledMs]
}

function gatePending({ pod, subject, now }: Setting): Evidence | undefined {
  const ready = condition(pod.status.conditions, 'Ready')
  if (ready?.status !== 'False' || ready.reason !== 'ReadinessGatesNotReady') return undefined
  const at = instant(ready.lastTransitionTime) ?? now
  return evidence('readiness-gate-pending', { on: pod, subject, at, text: ready.message })
}

function latest(events: readonly KubeEvent[], ...reasons: readonly string[]): KubeEvent | undefined {
  return events.findLast(({ reason }) => reasons.includes(reason))
}

function sandbox({ pod, subject, events }: Setting): Evidence | undefined {
  const event = latest(events, 'FailedCreatePodSandBox')
  if (event === undefined) return undefined
  return evidence(readSandbox(event.message), {
    on: pod,
    subject,
    at: event.at,
    text: event.message,
    count: event.count,
    node: pod.spec.nodeName,
  })
}

function mounting({ pod, subject, events }: Setting): Evidence | undefined {
  const event = latest(events, 'FailedMount', 'FailedAttachVolume', 'FailedMapVolume', 'FailedCreatePodSandBox')
  // The sandbox comes after the volumes.
  if (event === undefined || event.reason === 'FailedCreatePodSandBox') return undefined
  const { code, patienceMs, facts } = readMount(event.message)
  return evidence(code, {
    on: pod,
    subject,
    at: event.at,
    text: event.message,
    node: pod.spec.nodeName,
    ...(facts === undefined ? {} : { facts }),
    ...(patienceMs === undefined ? {} : { patienceMs }),
  })
}
