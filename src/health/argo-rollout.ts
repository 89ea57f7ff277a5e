import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import type { Evidence, Health, Related } from './model.ts'
import { condition, instant, isBehind, nameOf, view, type Condition, type Other } from './objects.ts'
import { assessPodSet, readyOf, unfinished, type PodSet } from './pod-set.ts'
import { nothingWanted } from './replica-set.ts'

interface Rollout extends Other {
  readonly spec: {
    readonly replicas?: number
    readonly paused?: boolean
    readonly strategy?: { readonly canary?: { readonly steps?: readonly { readonly pause?: object }[] } }
  }
  readonly status: Other['status'] & {
    readonly message?: string
    readonly abort?: boolean
    readonly currentPodHash?: string
    readonly stableRS?: string
    readonly currentStepIndex?: number
    readonly pauseConditions?: readonly { readonly reason: string }[]
  }
}

/**
 * An Argo Rollout: its own phase, and the pods of its newest ReplicaSet. `observedGeneration` is a string there (helm#32615).
 * One that stands at a step until somebody promotes it has proven the new pods that it has, and no more: partial.
 */
export function assessRollout(object: KubeObject, related: Related, now: Instant): Health {
  const rollout = view<Rollout>(object)
  const { spec, status } = rollout
  const target = spec.replicas ?? 1
  const pods = assessPodSet(object, target, related, now)
  if (status.observedGeneration === undefined || isBehind(rollout))
    return unfinished(pods, 'its status is not of this generation yet')
  if (spec.paused === true && status.currentPodHash !== status.stableRS)
    return unfinished(pods, 'it is paused', [finding('paused', object, now)])
  if (status.abort === true)
    return unfinished(pods, 'it was aborted', [finding('rollout-aborted', object, now, aborted(rollout))])
  if (status.phase === 'Paused') return paused(rollout, pods)
  if (status.phase === 'Degraded')
    return unfinished(pods, 'it is degraded', [finding('rollout-degraded', object, now, degraded(rollout))])
  if (status.phase !== 'Healthy') return unfinished(pods, status.message ?? 'it is on its way')
  if (pods.ready < target) return unfinished(pods, readyOf(pods.ready, target))
  return nothingWanted(target) ?? { status: 'healthy', evidence: pods.evidence }
}

function finding(
  code: 'paused' | 'rollout-aborted' | 'rollout-degraded',
  on: KubeObject,
  now: Instant,
  why?: Condition | { readonly message?: string },
): Evidence {
  const at = why !== undefined && 'lastUpdateTime' in why ? instant(why.lastUpdateTime) : undefined
  return evidence(code, { on, subject: nameOf(on), at: at ?? now, text: why?.message })
}

/** `RolloutAborted`, written on the condition `Progressing`. */
function aborted({ status }: Rollout): Condition | { readonly message?: string } {
  return (
    condition(status.conditions, 'Progressing') ?? (status.message === undefined ? {} : { message: status.message })
  )
}

const degraded = ({ status }: Rollout): { readonly message?: string } =>
  status.message === undefined ? {} : { message: status.message }

/** A pause that has a duration ends by itself; one that has none is somebody's to end. */
function paused({ spec, status }: Rollout, pods: PodSet): Health {
  const step = spec.strategy?.canary?.steps?.[status.currentStepIndex ?? 0]
  if (step?.pause !== undefined && 'duration' in step.pause) return unfinished(pods, 'it pauses at a step')
  if (pods.trouble !== undefined) return unfinished(pods, 'it is paused')
  const reason = status.pauseConditions?.[0]?.reason ?? 'paused'
  return { status: 'healthy', partial: `${reason}: it goes on when somebody promotes it`, evidence: pods.evidence }
}
