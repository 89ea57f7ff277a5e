import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import type { Evidence, Health, Related } from './model.ts'
import { condition, counted, instant, isStale, nameOf, view, type Pod, type Workload } from './objects.ts'
import { isDiscounted, podsOf, revisionOf } from './ownership.ts'
import { assessPodSet, isFinished, notEnding, readyOf, unfinished, type PodSet } from './pod-set.ts'
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
  const short = shortage(set, pods, replicas, { onDelete, target })
  if (short !== undefined) {
    const stuck = onDelete ? [] : stuckPods(object, partition, related, now)
    const refused = createRefusalTold(object, related)
    return unfinished(pods, short, [...refused, ...stuck, ...notEnding(object, related, now)])
  }
  if (onDelete && pods.active < replicas) {
    return {
      status: 'healthy',
      partial: 'OnDelete: its pods keep the old revision until they are deleted',
      evidence: pods.evidence,
    }
  }
  if (partition > 0) {
    return {
      status: 'healthy',
      partial: `partition ${partition}: pods below that ordinal keep the old revision`,
      evidence: pods.evidence,
    }
  }
  return nothingWanted(replicas) ?? { status: 'healthy', evidence: pods.evidence }
}

/** What is still missing, or undefined. Of a set with `OnDelete` the pods need only be well, of whatever revision. */
function shortage(
  { status, spec }: Workload,
  pods: PodSet,
  replicas: number,
  { onDelete, target }: { readonly onDelete: boolean; readonly target: number },
): string | undefined {
  if ((status.readyReplicas ?? 0) < replicas || (status.availableReplicas ?? 0) < replicas)
    return readyOf(status.readyReplicas ?? 0, replicas)
  const tooMany = (status.replicas ?? 0) - replicas
  if (tooMany > 0) return `${counted(tooMany, 'pod')} too many`
  if (onDelete && pods.active < replicas) return undefined
  const updated = status.updatedReplicas ?? 0
  if (updated < target) return `${updated} of ${counted(target, 'pod')} updated`
  if (pods.ready < target) return readyOf(pods.ready, target)
  const whole = (spec.updateStrategy?.rollingUpdate?.partition ?? 0) === 0
  const behind = status.updateRevision !== undefined && status.currentRevision !== status.updateRevision
  return whole && behind ? 'the new revision is not current yet' : undefined
}

/**
 * Pods of another revision that are not ready: the controller waits for them before it updates anything, so the way out
 * never begins (kubernetes#67250). From 1.35 on that holds for `podManagementPolicy: Parallel` too, because pods that are
 * not ready use up `maxUnavailable` (prometheus-operator#8205); before, the controller replaces them at once, and the
 * finding is gone before its patience ends.
 */
function stuckPods(object: KubeObject, partition: number, related: Related, now: Instant): readonly Evidence[] {
  const set = view<Workload>(object)
  const { updateRevision } = set.status
  if (updateRevision === undefined) return []
  const all = podsOf(object, related)
  const pods = all.filter(pod => !isDiscounted(pod, related) && !isFinished(pod))
  // The update is under way: what it waits for is its own pod, or one that is leaving for it.
  if (pods.some(pod => revisionOf(pod) === updateRevision && !isReady(pod))) return []
  if (all.some(({ metadata }) => metadata.deletionTimestamp !== undefined)) return []
  return pods
    .filter(pod => revisionOf(pod) !== updateRevision && ordinalOf(pod) >= partition)
    .flatMap(pod => {
      if (isReady(pod)) return []
      const at = instant(condition(pod.status.conditions, 'Ready')?.lastTransitionTime) ?? now
      const facts = { pod: nameOf(pod), revision: revisionOf(pod) ?? '' }
      const stuck = { on: pod, subject: nameOf(object), at, facts, node: pod.spec.nodeName, ...patienceWith(pod, now) }
      return [evidence('stateful-set-stuck', stuck)]
    })
}

const isReady = (pod: Pod): boolean => condition(pod.status.conditions, 'Ready')?.status === 'True'

const startMs = 120_000
const nodeMs = 600_000

/** It may still come: the release before may have been a moment ago, a node for it may be on its way, or only just there. */
function patienceWith(pod: Pod, now: Instant): { readonly patienceMs?: number } {
  if (pod.status.containerStatuses?.some(({ restartCount }) => restartCount >= 2) === true) return {}
  const scheduled = condition(pod.status.conditions, 'PodScheduled')
  const isPlaced = pod.spec.nodeName !== undefined && now >= (instant(scheduled?.lastTransitionTime) ?? 0) + startMs
  return { patienceMs: isPlaced ? startMs : nodeMs }
}

/** Kubernetes 1.28 and later write it as a label; it always is the end of the name. */
const ordinalOf = ({ metadata }: Pod): number => Number(metadata.name.slice(metadata.name.lastIndexOf('-') + 1))
