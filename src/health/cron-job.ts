import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { view, type Other } from './objects.ts'
import { newEventsOf } from './ownership.ts'
import { createRefusalTold } from './replica-set.ts'
import { refused } from './waiting.ts'

/** `InvalidSchedule` (its name before 1.21: `UnparseableCronJobSchedule`) and `UnknownTimeZone`: it will never run. */
const wrong = new Set(['InvalidSchedule', 'UnparseableCronJobSchedule', 'UnknownTimeZone'])

/**
 * A CronJob is done when stored: it proves itself at its next run, long after the release. How an earlier run ended says
 * nothing about this one (Argo CD's rule blocks a fix by the failure it fixes).
 */
export function assessCronJob(object: KubeObject, related: Related, now: Instant): Health {
  const last = newEventsOf(object.metadata.uid, related).findLast(({ reason }) => wrong.has(reason))
  if (last !== undefined)
    return refused(object, 'schedule-invalid', 'its schedule cannot be read', now, { at: last.at, text: last.message })
  const evidence = createRefusalTold(object, related)
  if (evidence.length > 0) return { status: 'failing', says: 'its Job cannot be created', evidence }
  return view<Other>(object).spec['suspend'] === true
    ? { status: 'healthy', note: 'it is suspended, so it will not run' }
    : { status: 'healthy' }
}
