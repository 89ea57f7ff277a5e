import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { counted, isStale, view, type Workload } from './objects.ts'
import { isDiscounted, revisionPods } from './ownership.ts'
import { isSettled, wantsDaemon, type Placement } from './nodes.ts'
import { assessPodSet, isAvailable, notEnding, readyOf, unfinished, type PodSet } from './pod-set.ts'
import { createRefusalTold } from './replica-set.ts'

/**
 * A DaemonSet: one pod of the current template on each node that the controller wants it on. On a fleet that grows and
 * shrinks the counts never agree (helm#5219, krane#565), so nodes that came, were cordoned or are not ready are left out.
 */
export function assessDaemonSet(object: KubeObject, related: Related, now: Instant): Health {
  const set = view<Workload>(object)
  const { status } = set
  const target = status.desiredNumberScheduled ?? 0
  const pods = assessPodSet(object, target, related, now)
  if (isStale(set)) return unfinished(pods, 'its status is not of this generation yet')
  const more = [...createRefusalTold(object, related), ...notEnding(object, related, now)]
  const available = status.numberAvailable ?? 0
  if (set.spec.updateStrategy?.type === 'OnDelete') {
    if (available < target) return unfinished(pods, readyOf(available, target), more)
    return {
      status: 'healthy',
      partial: 'OnDelete: its pods keep the old revision until they are deleted',
      evidence: pods.evidence,
    }
  }
  if (target === 0) return { status: 'healthy', partial: 'no node wants its pods, so nothing was started' }
  const updated = status.updatedNumberScheduled ?? 0
  const short =
    updated < target
      ? `${updated} of ${counted(target, 'pod')} updated`
      : available < target || pods.ready < target
        ? readyOf(Math.min(available, pods.ready), target)
        : undefined
  if (short === undefined) return { status: 'healthy', evidence: pods.evidence }
  return onSettledNodes(set, pods, related, now) ?? unfinished(pods, short, more)
}

/** Healthy when only nodes that are in motion are short of a pod; undefined when that does not explain it. */
function onSettledNodes(set: Workload, pods: PodSet, related: Related, now: Instant): Health | undefined {
  if (related.nodesAtStart === undefined) return undefined
  const atStart = new Set(related.nodesAtStart)
  const placement = set.spec.template?.spec ?? ({} satisfies Placement)
  const wanted = related.nodes.filter(node => wantsDaemon(placement, node))
  const settled = wanted.filter(node => isSettled(node, atStart))
  const moving = wanted.length - settled.length
  if (settled.length === 0 || moving === 0) return undefined
  const minReadyMs = 1_000 * (set.spec.minReadySeconds ?? 0)
  const served = new Set(
    revisionPods(set, related)
      .filter(pod => !isDiscounted(pod, related) && isAvailable(pod, minReadyMs, now))
      .map(({ spec }) => spec.nodeName),
  )
  if (settled.some(({ metadata }) => !served.has(metadata.name))) return undefined
  const note = `${counted(moving, 'node')} left out: new since the start, cordoned or not ready`
  return { status: 'healthy', note, evidence: pods.evidence }
}
