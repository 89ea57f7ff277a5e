import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import type { Evidence, Health, Related } from './model.ts'
import { condition, counted, instant, nameOf, type Pod } from './objects.ts'
import { eventsOf, isDiscounted, podsOf, revisionPods, isCutOff } from './ownership.ts'
import { ownEvictions } from './own-eviction.ts'
import { assessPod } from './pod.ts'

/** The pods of a workload's current revision, judged together. */
export interface PodSet {
  /** Ready pods of the current revision that count. */
  readonly ready: number
  /** Pods that count: neither leaving nor finished. */
  readonly active: number
  readonly evidence: readonly Evidence[]
  /** How the most troubled pod stands, in a few words; undefined when all are ready. */
  readonly trouble?: string
  readonly failing: boolean
}

export const isFinished = (pod: Pod): boolean => pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded'

/** Ready for at least `minReadyMs` (`spec.minReadySeconds`). */
export function isAvailable(pod: Pod, minReadyMs: number, now: Instant): boolean {
  const ready = condition(pod.status.conditions, 'Ready')
  return (
    ready?.status === 'True' && (minReadyMs === 0 || (instant(ready.lastTransitionTime) ?? now) + minReadyMs <= now)
  )
}

/** The kubelet and the API server have their own moment to finish a pod. */
const endingSlackMs = 10_000

/**
 * Pods that should be gone (`deletionTimestamp` is the end of their grace period) while others wait for their place:
 * a hook before stop that hangs, a finalizer, a node that does not answer.
 */
export function notEnding(object: KubeObject, related: Related, now: Instant): readonly Evidence[] {
  return podsOf(object, related).flatMap(pod => {
    const due = instant(pod.metadata.deletionTimestamp)
    if (due === undefined || now < due + endingSlackMs) return []
    const hook = eventsOf(pod.metadata.uid, related.events).findLast(({ reason }) => reason === 'FailedPreStopHook')
    const facts = { pod: nameOf(pod) }
    // A pod of a dead node goes when its node is removed, or its toleration of 300 s is over.
    const patience = isCutOff(pod, related) ? { patienceMs: 420_000 } : {}
    const seen = { on: pod, subject: nameOf(object), at: due, text: hook?.message, facts, node: pod.spec.nodeName }
    return [evidence('pod-not-ending', { ...seen, ...patience })]
  })
}

/** `target`: how many pods the workload wants of this revision. */
export function assessPodSet(object: KubeObject, target: number, related: Related, now: Instant): PodSet {
  const subject = nameOf(object)
  const counting = revisionPods(object, related).filter(pod => !isDiscounted(pod, related))
  const active = counting.filter(pod => !isFinished(pod))
  // Pods that a node refused stay behind as objects; they matter only while their replacements are missing.
  const judged = active.length < target ? counting : active
  const healths = judged.map(pod => assessPod(pod, subject, related, now))
  const troubled =
    healths.find(({ status }) => status === 'failing') ?? healths.find(({ status }) => status !== 'healthy')
  return {
    ready: healths.filter(({ status }) => status === 'healthy').length,
    active: active.length,
    evidence: [...healths.flatMap(evidenceOf), ...ownEvictions(object, related)],
    failing: healths.some(({ status }) => status === 'failing'),
    ...(troubled === undefined || troubled.status === 'healthy' ? {} : { trouble: troubled.says }),
  }
}

export function evidenceOf(health: Health): readonly Evidence[] {
  return health.status === 'unknown' ? [] : (health.evidence ?? [])
}

/** Health of a workload that is still short of something; `short` says of what. */
export function unfinished(pods: PodSet, short: string, more: readonly Evidence[] = []): Health {
  const says = pods.trouble === undefined ? short : `${short}: ${pods.trouble}`
  const evidence = [...more, ...pods.evidence]
  const failing =
    pods.failing || more.some(({ class: evidenceClass }) => evidenceClass === 'A0' || evidenceClass === 'A1')
  return { status: failing ? 'failing' : 'progressing', says, evidence }
}

/** `1 of 2 pods ready`. */
export function readyOf(ready: number, target: number): string {
  return `${ready} of ${counted(target, 'pod')} ready`
}
