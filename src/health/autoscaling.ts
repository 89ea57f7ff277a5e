import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { condition, instant, isBehind, view, type Condition, type Other } from './objects.ts'
import { awaited, behind, refused } from './waiting.ts'

/** New pods have no metrics for a while, and an HPA without any says so at once (argo-cd#6287). */
const metricsPatienceMs = 180_000

/** Reasons that no new pod heals: the HPA itself is wrong. `AmbiguousSelector`: two of them own the same pods. */
const wrong = new Set(['InvalidSelector', 'InvalidMetricSourceType', 'AmbiguousSelector'])

/**
 * A HorizontalPodAutoscaler, by its conditions. That it scales up is no fault; that it is at its limit is a note.
 * One that cannot compute waits: `FailedGet*` holds while the new pods have no metrics yet.
 */
export function assessAutoscaler(object: KubeObject, _related: Related, now: Instant): Health {
  const hpa = view<Other>(object)
  if (isBehind(hpa)) return behind(object, now)
  const able = condition(hpa.status.conditions, 'AbleToScale')
  const active = condition(hpa.status.conditions, 'ScalingActive')
  if (able?.status === 'False') return unable(object, able, now)
  if (active === undefined) return awaited(object, 'hpa-inactive', 'its controller has not looked at it yet', now)
  if (active.status === 'True') return { status: 'healthy', ...limitNote(hpa) }
  // The workload was scaled to 0 by hand: the HPA rests until somebody scales it up.
  if (active.reason === 'ScalingDisabled')
    return { status: 'healthy', note: 'scaling is disabled: its target has 0 replicas' }
  const finding = { at: instant(active.lastTransitionTime), text: active.message }
  const says = active.reason ?? 'it cannot compute a number of replicas'
  if (wrong.has(active.reason ?? '')) return refused(object, 'hpa-inactive', says, now, { ...finding, class: 'A1' })
  return awaited(object, 'hpa-inactive', says, now, { ...finding, patienceMs: metricsPatienceMs })
}

/** `FailedGetScale`: there is no such target, or it cannot be scaled. It may come later in the same release. */
function unable(object: KubeObject, { reason, message, lastTransitionTime }: Condition, now: Instant): Health {
  const finding = { at: instant(lastTransitionTime), text: message }
  if (reason === 'FailedGetScale')
    return refused(object, 'hpa-target-missing', 'its target cannot be read', now, finding)
  return awaited(object, 'hpa-inactive', reason ?? 'it cannot scale', now, finding)
}

function limitNote({ status }: Other): { note?: string } {
  const limited = condition(status.conditions, 'ScalingLimited')
  return limited?.status === 'True' && limited.reason === 'TooManyReplicas'
    ? { note: 'it wants more replicas than its maximum' }
    : {}
}
