import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { counted, isStale, view, type Workload } from './objects.ts'
import { assessPodSet, readyOf, unfinished } from './pod-set.ts'
import { createRefusalTold } from './replica-set.ts'

/** A DaemonSet: one pod of the current template on each node that the controller wants it on. */
export function assessDaemonSet(object: KubeObject, related: Related, now: Instant): Health {
  const set = view<Workload>(object)
  const { status } = set
  const target = status.desiredNumberScheduled ?? 0
  const pods = assessPodSet(object, target, related, now)
  if (isStale(set)) return unfinished(pods, 'its status is not of this generation yet')
  const refused = createRefusalTold(object, related)
  const available = status.numberAvailable ?? 0
  if (set.spec.updateStrategy?.type === 'OnDelete') {
    if (available < target) return unfinished(pods, readyOf(available, target), refused)
    return {
      status: 'healthy',
      partial: 'OnDelete: its pods keep the old revision until they are deleted',
      evidence: pods.evidence,
    }
  }
  const updated = status.updatedNumberScheduled ?? 0
  if (updated < target) return unfinished(pods, `${updated} of ${counted(target, 'pod')} updated`, refused)
  if (available < target || pods.ready < target)
    return unfinished(pods, readyOf(Math.min(available, pods.ready), target), refused)
  if (target === 0) return { status: 'healthy', partial: 'no node wants its pods, so nothing was started' }
  return { status: 'healthy', evidence: pods.evidence }
}
