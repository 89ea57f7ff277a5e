import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { lastWrite, view, type Other } from './objects.ts'
import { newEventsOf, type KubeEvent } from './ownership.ts'
import { awaited, refused } from './waiting.ts'

/**
 * Events by which a controller says no. They are its only trace of an error: the status keeps the old address
 * (aws-load-balancer-controller#2338). `BackendNotFound` is told of a binding whose Service comes a moment later,
 * `SyncLoadBalancerFailed` is the cloud provider's own controller, which tries again.
 */
const refusals: ReadonlyMap<string, 'refused' | 'passing'> = new Map([
  ['FailedBuildModel', 'refused'],
  ['FailedDeployModel', 'refused'],
  ['FailedLoadGroupID', 'refused'],
  ['ConflictingIngressClass', 'refused'],
  ['FailedNetworkReconcile', 'passing'],
  ['BackendNotFound', 'passing'],
  ['SyncLoadBalancerFailed', 'passing'],
])
const successes = new Set(['SuccessfullyReconciled', 'EnsuredLoadBalancer'])

/** AWS was busy or out of reach: the controller tries again by itself. */
const passingTexts = /throttl|rate exceeded|requestlimitexceeded|requesterror|timeout|timed out|50[234]|connection re/i
const passingPatienceMs = 120_000

/** The controller's last word on the object as it stands: what it said before the last write is about something else. */
export function lastAnswer(object: KubeObject, related: Related): KubeEvent | undefined {
  const written = lastWrite(object) ?? 0
  return newEventsOf(object.metadata.uid, related).findLast(
    ({ reason, at }) => at >= written && (refusals.has(reason) || successes.has(reason)),
  )
}

export const isSuccess = (answer: KubeEvent | undefined): boolean =>
  answer !== undefined && successes.has(answer.reason)

/**
 * The controller's refusal, if that is its last word. Repetitions prove nothing: it tries again within milliseconds,
 * long before a Service that comes next.
 */
export function refusal(object: KubeObject, related: Related, now: Instant): Health | undefined {
  const last = lastAnswer(object, related)
  const kind = last === undefined ? undefined : refusals.get(last.reason)
  if (last === undefined || kind === undefined) return undefined
  const passes = kind === 'passing' || passingTexts.test(last.message)
  const finding = { at: last.at || now, text: last.message }
  if (!passes) return refused(object, 'route-refused', last.message, now, finding)
  return awaited(object, 'route-refused', last.message, now, { ...finding, class: 'C', patienceMs: passingPatienceMs })
}

interface Routed extends Other {
  readonly status: Other['status'] & {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] }
  }
}

/** An entry without a name is no address. */
export function hasAddress(object: KubeObject): boolean {
  const entries = view<Routed>(object).status.loadBalancer?.ingress ?? []
  return entries.some(({ ip, hostname }) => (ip ?? hostname ?? '') !== '')
}

/**
 * An object whose load balancer is made by the AWS Load Balancer Controller. An address that stood there before says
 * nothing about a change: only the controller's word after it does, where events can be read.
 */
export function assessBalanced(object: KubeObject, related: Related, now: Instant): Health {
  const answered = isSuccess(lastAnswer(object, related))
  if (!hasAddress(object)) return awaitingAddress(object, now)
  const changed = related.reconfigured?.includes(object.metadata.uid ?? '') === true
  if (answered || !changed) return { status: 'healthy' }
  if (related.eventsHidden === true)
    return { status: 'healthy', partial: 'its controller answers in events, and those cannot be read' }
  return awaited(object, 'load-balancer-pending', 'its controller has not answered to this change yet', now)
}

export function awaitingAddress(object: KubeObject, now: Instant): Health {
  return awaited(object, 'load-balancer-pending', 'waiting for a load balancer address', now)
}
