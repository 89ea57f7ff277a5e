import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { counted, isStale, view, type Workload } from './objects.ts'
import { assessPodSet, readyOf, unfinished } from './pod-set.ts'
import { createRefusalTold, nothingWanted } from './replica-set.ts'

/**
 * A StatefulSet: pods of `status.updateRevision`, from the highest ordinal down to the partition.
 * `OnDelete` and a partition leave pods of the old revision on purpose: partial, never a plain success.
 */
export function assessStatefulSet(object: KubeObject, related: Related, now: Instant): Health {
  const set = view<Workload>(object)
  const replicas = set.spec.replicas ?? 1
  const onDelete = set.spec.updateStrategy?.type === 'OnDelete'
  const partition = onDelete ? 0 : (set.spec.updateStrategy?.rollingUpdate?.partition ?? 0)
  const target = Math.max(0, replicas - partition)
  const pods = assessPodSet(object, target, related, now)
  if (isStale(set)) return unfinished(pods, 'its status is not of this generation yet')
  const { status } = set
  const refused = createRefusalTold(object, related)
  if ((status.readyReplicas ?? 0) < replicas || (status.availableReplicas ?? 0) < replicas) {
    return unfinished(pods, readyOf(status.readyReplicas ?? 0, replicas), refused)
  }
  if ((status.replicas ?? 0) > replicas)
    return unfinished(pods, `${counted((status.replicas ?? 0) - replicas, 'pod')} too many`)
  if (onDelete && pods.active < replicas) {
    return {
      status: 'healthy',
      partial: 'OnDelete: its pods keep the old revision until they are deleted',
      evidence: pods.evidence,
    }
  }
  if ((status.updatedReplicas ?? 0) < target)
    return unfinished(pods, `${status.updatedReplicas ?? 0} of ${counted(target, 'pod')} updated`, refused)
  if (pods.ready < target) return unfinished(pods, readyOf(pods.ready, target), refused)
  if (partition > 0) {
    return {
      status: 'healthy',
      partial: `partition ${partition}: pods below that ordinal keep the old revision`,
      evidence: pods.evidence,
    }
  }
  if (status.updateRevision !== undefined && status.currentRevision !== status.updateRevision)
    return unfinished(pods, 'the new revision is not current yet')
  return nothingWanted(replicas) ?? { status: 'healthy', evidence: pods.evidence }
}
