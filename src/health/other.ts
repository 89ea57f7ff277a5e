import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { condition, instant, isBehind, view, type Other } from './objects.ts'
import { awaited, behind, refused } from './waiting.ts'

/**
 * Kinds without a rule, by the kstatus conventions: observedGeneration, Stalled, Reconciling, Ready (or Available).
 * A kind that says nothing about itself is noted, visibly, and does not hold the release.
 */
export function assessOther(object: KubeObject, _related: Related, now: Instant): Health {
  const other = view<Other>(object)
  const { status } = other
  if (isBehind(other)) return behind(object, now)
  const stalled = condition(status.conditions, 'Stalled')
  if (stalled?.status === 'True') {
    const finding = { at: instant(stalled.lastTransitionTime), text: stalled.message }
    return refused(object, 'resource-stalled', 'its controller reports it stalled', now, finding)
  }
  if (condition(status.conditions, 'Reconciling')?.status === 'True')
    return waits(object, now, 'its controller is still working on it')
  const ready = condition(status.conditions, 'Ready') ?? condition(status.conditions, 'Available')
  if (ready === undefined)
    return {
      status: 'healthy',
      note: `no rule for the health of ${object.apiVersion} ${object.kind}: stored is all that is known`,
    }
  return ready.status === 'True' ? { status: 'healthy' } : waits(object, now, ready.message ?? 'not ready yet')
}

const waits = (object: KubeObject, now: Instant, says: string): Health =>
  awaited(object, 'not-current', says, now, { text: says })
