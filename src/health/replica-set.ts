import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import { readCreate } from './messages.ts'
import type { Evidence, Health, Related } from './model.ts'
import { condition, instant, isStale, nameOf, view, type Workload } from './objects.ts'
import { isDiscounted, newEventsOf, revisionPods } from './ownership.ts'
import { assessPodSet, isFinished, readyOf, unfinished } from './pod-set.ts'

/** A ReplicaSet on its own, without a Deployment. */
export function assessReplicaSet(object: KubeObject, related: Related, now: Instant): Health {
  const replicaSet = view<Workload>(object)
  const target = replicaSet.spec.replicas ?? 1
  const pods = assessPodSet(object, target, related, now)
  if (isStale(replicaSet)) return unfinished(pods, 'its status is not of this generation yet')
  const refused = createRefusal(object, nameOf(object), now)
  if (refused.length > 0 || pods.ready < target || (replicaSet.status.availableReplicas ?? 0) < target) {
    return unfinished(pods, readyOf(pods.ready, target), refused)
  }
  return nothingWanted(target) ?? { status: 'healthy', evidence: pods.evidence }
}

/** A workload that wants no pods proves nothing about its release: said plainly, never a full success. */
export function nothingWanted(target: number): Health | undefined {
  return target === 0 ? { status: 'healthy', partial: 'it wants 0 pods, so nothing was started' } : undefined
}

/**
 * Why a ReplicaSet gets no pods: condition `ReplicaFailure` with reason `FailedCreate`.
 * Terminal by nature while it has no pod at all; with some pods it waits (old pods may hold the quota).
 */
export function createRefusal(object: KubeObject, subject: string, now: Instant): readonly Evidence[] {
  const { status } = view<Workload>(object)
  const failure = condition(status.conditions, 'ReplicaFailure')
  if (failure?.status !== 'True' || failure.reason !== 'FailedCreate') return []
  const some = (status.replicas ?? 0) > 0
  const { code } = readCreate(failure.message ?? '')
  return [
    evidence(code, {
      on: object,
      subject,
      at: instant(failure.lastTransitionTime) ?? now,
      text: failure.message,
      ...(some ? { class: 'C' as const, patienceMs: 300_000 } : {}),
    }),
  ]
}

/**
 * The same of a StatefulSet, a DaemonSet or a Job: their controllers tell it in events only (`FailedCreate`).
 * It holds until a pod of this revision was created after it. Its repetitions prove nothing: a controller tries again
 * within milliseconds (seen on 1.36), long before a service account of the same release exists.
 */
export function createRefusalTold(object: KubeObject, related: Related): readonly Evidence[] {
  const events = newEventsOf(object.metadata.uid, related)
  const last = events.findLast(({ reason }) => reason === 'FailedCreate' || reason === 'SuccessfulCreate')
  if (last?.reason !== 'FailedCreate') return []
  const pods = revisionPods(object, related)
  if (pods.some(({ metadata }) => (instant(metadata.creationTimestamp) ?? 0) > last.at)) return []
  const some = pods.some(pod => !isFinished(pod) && !isDiscounted(pod, related))
  // A Job goes on with the pods that it has; a set wants all of them.
  if (some && object.kind === 'Job') return []
  const { code } = readCreate(last.message)
  return [
    evidence(code, {
      on: object,
      subject: nameOf(object),
      at: last.at,
      text: last.message,
      ...(some ? { class: 'C' as const, patienceMs: 300_000 } : {}),
    }),
  ]
}
