import type { KubeObject } from '../kubernetes/model.ts'
import type { Pod } from './objects.ts'
import { eventsAbout, type KubeEvent } from './ownership.ts'

/** The autoscaler's word on a pod that has no node. */
export interface ScaleSignal {
  readonly word: 'coming' | 'refused'
  readonly text: string
  readonly at: number
}

/**
 * What autoscalers say about a pod, oldest first.
 * - Cluster Autoscaler: `TriggeredScaleUp`, `NotTriggerScaleUp`.
 * - Karpenter: `Nominated`; a refusal has the scheduler's own reason, `FailedScheduling`, so only who reports it tells.
 *   A NodeClaim that the cloud cannot fill is deleted within seconds; that is told of the claim, which the nomination names.
 */
export function scaleSignals(
  pod: Pod,
  about: readonly KubeEvent[],
  events: readonly KubeObject[],
): readonly ScaleSignal[] {
  if (pod.spec.nodeName !== undefined) return []
  const own = about.flatMap(event => signalOf(event) ?? [])
  const claims = about.flatMap(({ reason, message }) => (reason === 'Nominated' ? claimIn(message) : []))
  const lost = claims
    .flatMap(claim => eventsAbout('NodeClaim', claim, events))
    .filter(({ reason }) => reason === 'InsufficientCapacityError')
    .map(({ message, at }): ScaleSignal => ({ word: 'refused', text: message, at }))
  // Of the same second the claim's end is the later word: it cannot end before it was nominated.
  return [...own, ...lost].toSorted((a, b) => a.at - b.at)
}

const claimIn = (message: string): readonly string[] => /nodeclaim\/([\w.-]+)/.exec(message)?.[1]?.split(' ') ?? []

function signalOf({ reason, message, reporter, at }: KubeEvent): ScaleSignal | undefined {
  const refused = reason === 'NotTriggerScaleUp' || (reason === 'FailedScheduling' && reporter === 'karpenter')
  if (refused) return { word: 'refused', text: message, at }
  return reason === 'TriggeredScaleUp' || reason === 'Nominated' ? { word: 'coming', text: message, at } : undefined
}
