import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import type { Health, Related } from './model.ts'
import { condition, instant, nameOf, view, type Other } from './objects.ts'

/** A CustomResourceDefinition serves its kind when it is Established with accepted names. */
export function assessDefinition(object: KubeObject, _related: Related, now: Instant): Health {
  const { conditions } = view<Other>(object).status
  const names = condition(conditions, 'NamesAccepted')
  if (names?.status === 'False') {
    const found = evidence('names-not-accepted', {
      on: object,
      subject: nameOf(object),
      at: instant(names.lastTransitionTime) ?? now,
      text: names.message,
    })
    return { status: 'failing', says: 'its names are not accepted', evidence: [found] }
  }
  if (names?.status === 'True' && condition(conditions, 'Established')?.status === 'True') return { status: 'healthy' }
  return { status: 'progressing', says: 'not established yet', evidence: [] }
}

/** An APIService is useless until it is Available; kstatus calls it current at once. */
export function assessApiService(object: KubeObject, _related: Related, now: Instant): Health {
  const available = condition(view<Other>(object).status.conditions, 'Available')
  if (available?.status === 'True') return { status: 'healthy' }
  const found = evidence('not-current', { on: object, subject: nameOf(object), at: now, text: available?.message })
  return { status: 'progressing', says: 'not available yet', evidence: [found] }
}

export function assessNamespace(object: KubeObject, _related: Related, now: Instant): Health {
  const leaving = object.metadata.deletionTimestamp !== undefined || view<Other>(object).status.phase === 'Terminating'
  if (!leaving) return { status: 'healthy' }
  return {
    status: 'failing',
    says: 'it is being deleted',
    evidence: [evidence('namespace-terminating', { on: object, subject: nameOf(object), at: now })],
  }
}
