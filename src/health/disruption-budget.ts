import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { condition, isBehind, view, type Other } from './objects.ts'
import { behind } from './waiting.ts'

interface Budget extends Other {
  readonly status: Other['status'] & {
    readonly disruptionsAllowed?: number
    readonly expectedPods?: number
    readonly desiredHealthy?: number
  }
}

/**
 * A PodDisruptionBudget is done when its controller has counted. A budget that can never allow a disruption is a note:
 * the release is well, but no node under it can be drained.
 */
export function assessBudget(object: KubeObject, _related: Related, now: Instant): Health {
  const budget = view<Budget>(object)
  const { status } = budget
  if (status.observedGeneration === undefined || isBehind(budget)) return behind(object, now)
  const synced = condition(status.conditions, 'DisruptionAllowed')
  if (synced?.reason === 'SyncFailed')
    return { status: 'healthy', note: `its controller cannot count: ${synced.message ?? ''}` }
  const { expectedPods = 0, desiredHealthy = 0 } = status
  return expectedPods > 0 && desiredHealthy >= expectedPods
    ? { status: 'healthy', note: 'it never allows a disruption: no node under its pods can be drained' }
    : { status: 'healthy' }
}
