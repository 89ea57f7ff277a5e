import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { assessContainer, slotsOf, type Setting, type Slot } from './containers.ts'
import { byRank, evidence } from './evidence.ts'
import type { Evidence, Health, Related } from './model.ts'
import { condition, nameOf, oneLine, view, type Pod } from './objects.ts'
import { eventsOf, newEventsOf } from './ownership.ts'
import { identityHint } from './pod-identity.ts'
import { placeEvidence } from './placement.ts'
import { scaleSignals } from './scale-up.ts'

/** A pod on its own: an object of the release, not of a workload. */
export function assessBarePod(object: KubeObject, related: Related, now: Instant): Health {
  const pod = view<Pod>(object)
  if (pod.status.phase === 'Succeeded') return { status: 'healthy' }
  return assessPod(pod, nameOf(object), related, now, { mayExit: pod.spec.restartPolicy !== 'Always' })
}

/** Judges one pod for `subject`. Pods that are leaving are the caller's to skip (`isDiscounted`). */
export function assessPod(
  pod: Pod,
  subject: string,
  related: Related,
  now: Instant,
  { mayExit = false }: { readonly mayExit?: boolean } = {},
): Health {
  const setting: Setting = {
    pod,
    subject,
    events: newEventsOf(pod.metadata.uid, related),
    signals: scaleSignals(pod, eventsOf(pod.metadata.uid, related.events), related.events),
    eventsHidden: related.eventsHidden === true,
    now,
    mayExit,
    hint: identityHint(pod, related),
  }
  if (pod.status.phase === 'Failed') return failedPod(setting)
  const slots = slotsOf(pod)
  const found = [...slots.flatMap(slot => assessContainer(slot, setting)), ...placeEvidence(setting, slots)].toSorted(
    byRank,
  )
  if (found.some(({ class: evidenceClass }) => evidenceClass === 'A0' || evidenceClass === 'A1')) {
    return { status: 'failing', says: podSays(pod, slots), evidence: found }
  }
  const unwell = found.find(({ code }) => code === 'liveness-failing')
  if (unwell !== undefined)
    return {
      status: 'progressing',
      says: `container "${unwell.container ?? ''}": its liveness probe fails`,
      evidence: found,
    }
  if (condition(pod.status.conditions, 'Ready')?.status === 'True') return { status: 'healthy', evidence: found }
  return { status: found.some(isExit) ? 'failing' : 'progressing', says: podSays(pod, slots), evidence: found }
}

const isExit = ({ class: evidenceClass }: Evidence): boolean => evidenceClass === 'B'

function failedPod(setting: Setting): Health {
  const { pod, subject, now } = setting
  const says = `pod failed${pod.status.reason === undefined ? '' : ` (${pod.status.reason})`}`
  const owned = pod.metadata.ownerReferences?.some(({ controller }) => controller === true) === true
  const text = pod.status.message ?? pod.status.reason
  // A controller replaces it; only a pod of our own set is over for good.
  const found = owned
    ? evidence('pod-rejected', { on: pod, subject, at: now, text, node: pod.spec.nodeName })
    : evidence('pod-failed', { on: pod, subject, at: now, text: text ?? exitText(pod), ...failedContainer(pod) })
  return { status: 'failing', says, evidence: [found] }
}

/** The container that ended with an error, for the sentence and for its log. */
export function failedContainer(pod: Pod): { container?: string; facts?: Record<string, string> } {
  const failed = slotsOf(pod).find(({ status }) => (status?.state?.terminated?.exitCode ?? 0) !== 0)
  const exitCode = failed?.status?.state?.terminated?.exitCode
  if (failed === undefined || exitCode === undefined) return {}
  return { container: failed.spec.name, facts: { exitCode: String(exitCode) } }
}

function exitText(pod: Pod): string {
  const { container, facts } = failedContainer(pod)
  return container === undefined ? '' : `container "${container}" exited with ${facts?.['exitCode'] ?? ''}`
}

/** Where the pod stands, in a few words. */
function podSays(pod: Pod, slots: readonly Slot[]): string {
  if (condition(pod.status.conditions, 'PodScheduled')?.status === 'False') return 'waiting for a node'
  const busy = slots.find(({ role, status }) =>
    role === 'init' ? status?.state?.terminated?.exitCode !== 0 : status?.ready !== true,
  )
  if (busy === undefined) return 'not ready yet'
  const { name } = busy.spec
  const state = busy.status?.state
  if (state?.terminated !== undefined) return `container "${name}" exited with ${state.terminated.exitCode}`
  if (state?.running !== undefined)
    return busy.role === 'init' ? `init container "${name}" runs` : `container "${name}" runs, not ready`
  return `container "${name}": ${oneLine(state?.waiting?.reason ?? 'starting', 60)}`
}
