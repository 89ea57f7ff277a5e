import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import type { Health, Related } from './model.ts'
import { condition, instant, nameOf, view, type Other } from './objects.ts'

/**
 * Kinds without a rule, by the kstatus conventions: observedGeneration, Stalled, Reconciling, Ready (or Available).
 * A kind that says nothing about itself is noted, visibly, and does not hold the release.
 */
export function assessOther(object: KubeObject, _related: Related, now: Instant): Health {
  const { metadata, status } = view<Other>(object)
  const subject = nameOf(object)
  const observed = status.observedGeneration
  if (observed !== undefined && Number(observed) < (metadata.generation ?? 0))
    return behind(object, now, 'its status is not of this generation yet')
  const stalled = condition(status.conditions, 'Stalled')
  if (stalled?.status === 'True') {
    const found = evidence('resource-stalled', {
      on: object,
      subject,
      at: instant(stalled.lastTransitionTime) ?? now,
      text: stalled.message,
    })
    return { status: 'failing', says: 'its controller reports it stalled', evidence: [found] }
  }
  if (condition(status.conditions, 'Reconciling')?.status === 'True')
    return behind(object, now, 'its controller is still working on it')
  const ready = condition(status.conditions, 'Ready') ?? condition(status.conditions, 'Available')
  if (ready === undefined)
    return {
      status: 'healthy',
      note: `no rule for the health of ${object.apiVersion} ${object.kind}: stored is all that is known`,
    }
  return ready.status === 'True' ? { status: 'healthy' } : behind(object, now, ready.message ?? 'not ready yet')
}

function behind(object: KubeObject, now: Instant, says: string): Health {
  return {
    status: 'progressing',
    says,
    evidence: [evidence('not-current', { on: object, subject: nameOf(object), at: now, text: says })],
  }
}
