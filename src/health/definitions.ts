import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { condition, instant, view, type Other } from './objects.ts'
import { awaited, refused } from './waiting.ts'

/**
 * A CustomResourceDefinition serves its kind when it is Established with accepted names. kstatus asks for no less; Helm 3
 * counts refused names as ready.
 */
export function assessDefinition(object: KubeObject, _related: Related, now: Instant): Health {
  const { conditions } = view<Other>(object).status
  const names = condition(conditions, 'NamesAccepted')
  if (names?.status === 'False') {
    const finding = { at: instant(names.lastTransitionTime), text: names.message }
    return refused(object, 'names-not-accepted', 'its names are not accepted', now, finding)
  }
  if (names?.status === 'True' && condition(conditions, 'Established')?.status === 'True') return { status: 'healthy' }
  return { status: 'progressing', says: 'not established yet', evidence: [] }
}

/** An APIService is useless until it is Available; kstatus calls it current at once. */
export function assessApiService(object: KubeObject, _related: Related, now: Instant): Health {
  const available = condition(view<Other>(object).status.conditions, 'Available')
  if (available?.status === 'True') return { status: 'healthy' }
  return awaited(object, 'not-current', 'not available yet', now, { text: available?.message })
}

/** kstatus does not look at the phase: nothing can be made in a namespace that is being deleted. */
export function assessNamespace(object: KubeObject, _related: Related, now: Instant): Health {
  const leaving = object.metadata.deletionTimestamp !== undefined || view<Other>(object).status.phase === 'Terminating'
  return leaving ? refused(object, 'namespace-terminating', 'it is being deleted', now) : { status: 'healthy' }
}
