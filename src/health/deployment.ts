import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import type { Evidence, Health, Related } from './model.ts'
import { condition, counted, instant, isStale, nameOf, view, type Workload } from './objects.ts'
import { newestReplicaSet } from './ownership.ts'
import { assessPodSet, notEnding, readyOf, unfinished, type PodSet } from './pod-set.ts'
import { createRefusal, nothingWanted } from './replica-set.ts'

const noPods: PodSet = { ready: 0, active: 0, evidence: [], failing: false }

/**
 * A Deployment is as healthy as the pods of its newest ReplicaSet.
 * Status counts alone lie: they are stale until `observedGeneration` catches up, and a container that dies at once
 * is Ready, so Available, for an instant (seen on a real kubelet 1.36). So counts and pods must agree.
 */
export function assessDeployment(object: KubeObject, related: Related, now: Instant): Health {
  const deployment = view<Workload>(object)
  const subject = nameOf(object)
  if (isStale(deployment)) return unfinished(noPods, 'its status is not of this generation yet')
  const newest = newestReplicaSet(object, related.replicaSets)
  if (deployment.spec.paused === true && !isRolledOut(deployment)) {
    return unfinished(noPods, 'it is paused', [evidence('paused', { on: object, subject, at: now })])
  }
  if (newest === undefined)
    return unfinished(noPods, 'its new ReplicaSet is not there yet', overdue(object, undefined, now))
  const target = deployment.spec.replicas ?? 1
  const pods = assessPodSet(object, target, related, now)
  // Only a Deployment that is recreated waits for its old pods to end before it starts new ones.
  const ending = deployment.spec.strategy?.type === 'Recreate' ? notEnding(object, related, now) : []
  const more = [...createRefusal(newest, subject, now), ...overdue(object, newest, now)]
  const short = shortage(deployment, newest, pods, target)
  if (short !== undefined || more.length > 0)
    return unfinished(pods, short ?? readyOf(pods.ready, target), [...more, ...ending])
  return nothingWanted(target) ?? { status: 'healthy', evidence: pods.evidence }
}

function isRolledOut({ spec, status }: Workload): boolean {
  return status.updatedReplicas === (spec.replicas ?? 1) && status.replicas === status.updatedReplicas
}

/**
 * What is still missing, or undefined when nothing is. The target is the live `spec.replicas`: an autoscaler may move it
 * during the rollout.
 */
function shortage({ status }: Workload, newest: KubeObject, pods: PodSet, target: number): string | undefined {
  if (isStale(view<Workload>(newest))) return 'the status of its new ReplicaSet is not of this generation yet'
  const updated = status.updatedReplicas ?? 0
  if (updated < target) return `${updated} of ${counted(target, 'pod')} created`
  if (pods.ready < target) return readyOf(pods.ready, target)
  const leaving = (status.replicas ?? 0) - updated
  if (leaving > 0) return `${counted(leaving, 'old pod')} still running`
  const available = Math.min(status.availableReplicas ?? 0, status.readyReplicas ?? 0)
  if (available < target) return `${available} of ${counted(target, 'pod')} available`
  return undefined
}

/**
 * The controller's own deadline. It lingers from the last rollout until the new one moves, so it counts only when it names
 * the newest ReplicaSet; the gate also drops it when it is older than the release (kubernetes#49637).
 */
function overdue(object: KubeObject, newest: KubeObject | undefined, now: Instant): readonly Evidence[] {
  const progressing = condition(view<Workload>(object).status.conditions, 'Progressing')
  if (progressing?.status !== 'False' || progressing.reason !== 'ProgressDeadlineExceeded') return []
  if (newest !== undefined && progressing.message?.includes(`"${newest.metadata.name}"`) !== true) return []
  const at = instant(progressing.lastUpdateTime) ?? now
  return [evidence('progress-deadline', { on: object, subject: nameOf(object), at, text: progressing.message })]
}
