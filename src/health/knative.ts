import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import type { Evidence, Health, Related } from './model.ts'
import { condition, instant, isBehind, nameOf, view, type Condition, type Other } from './objects.ts'
import { assessPodSet, unfinished } from './pod-set.ts'

interface KnativeService extends Other {
  readonly status: Other['status'] & {
    readonly latestCreatedRevisionName?: string
    readonly latestReadyRevisionName?: string
  }
}

/**
 * A Knative Service or Revision: `Ready` of this generation, and of a Service the revision that was made last is the one
 * that is ready. It may have scaled to zero: pods explain, they are not demanded. `Unknown` is on its way; `False` is
 * terminal by nature, but a revision heals when its pods do.
 */
export function assessKnative(object: KubeObject, related: Related, now: Instant): Health {
  const knative = view<KnativeService>(object)
  const pods = assessPodSet(object, 0, related, now)
  const { latestCreatedRevisionName: created, latestReadyRevisionName: ready } = knative.status
  if (knative.status.observedGeneration === undefined || isBehind(knative))
    return unfinished(pods, 'its status is not of this generation yet')
  const state = condition(knative.status.conditions, 'Ready')
  if (state?.status === 'False') return unfinished(pods, says(state), [failed(object, state, now)])
  if (state?.status !== 'True') return unfinished(pods, says(state))
  return created === ready
    ? { status: 'healthy', evidence: pods.evidence }
    : unfinished(pods, `revision ${created ?? ''} is not ready yet`)
}

const says = (state: Condition | undefined): string => state?.message ?? state?.reason ?? 'not ready yet'

function failed(on: KubeObject, state: Condition, now: Instant): Evidence {
  const at = instant(state.lastTransitionTime) ?? now
  return evidence('revision-failed', { on, subject: nameOf(on), at, text: says(state) })
}
