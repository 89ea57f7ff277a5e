import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import type { Evidence, Health, Related } from './model.ts'
import { nameOf, view, type Other } from './objects.ts'
import { newEventsOf } from './ownership.ts'

/** Events of the AWS Load Balancer Controller: its only trace of an error (the status keeps the old address). */
const refusals = new Set(['FailedBuildModel', 'FailedDeployModel'])

/** A Service of type LoadBalancer needs an address; others are done when stored. */
export function assessService(object: KubeObject, related: Related, now: Instant): Health {
  if (view<Other>(object).spec['type'] !== 'LoadBalancer') return selectsNothing(object, related)
  return assessRoute(object, related, now, { needsAddress: true })
}

/** An Ingress: many controllers never write an address, so only their refusals count; a missing address is a note. */
export function assessIngress(object: KubeObject, related: Related, now: Instant): Health {
  return assessRoute(object, related, now, { needsAddress: false })
}

function selectsNothing(object: KubeObject, related: Related): Health {
  const selector = view<Other>(object).spec['selector'] as Readonly<Record<string, string>> | undefined
  const wanted = Object.entries(selector ?? {})
  const matches = related.pods.some(
    ({ metadata }) =>
      metadata.namespace === object.metadata.namespace &&
      wanted.every(([key, value]) => metadata.labels?.[key] === value),
  )
  return wanted.length === 0 || matches
    ? { status: 'healthy' }
    : { status: 'healthy', note: 'its selector matches no pod' }
}

function assessRoute(
  object: KubeObject,
  related: Related,
  now: Instant,
  { needsAddress }: { readonly needsAddress: boolean },
): Health {
  const refused = refusal(object, related, now)
  if (refused !== undefined) return { status: 'failing', says: refused.text, evidence: [refused] }
  if ((view<Other>(object).status.loadBalancer?.ingress?.length ?? 0) > 0) return { status: 'healthy' }
  if (!needsAddress) return { status: 'healthy', note: 'no controller has given it an address yet' }
  const found = evidence('load-balancer-pending', { on: object, subject: nameOf(object), at: now })
  return { status: 'progressing', says: 'waiting for a load balancer address', evidence: [found] }
}

/** Repetitions prove nothing: the controller tries again within milliseconds, long before a Service that comes next. */
function refusal(object: KubeObject, related: Related, now: Instant): Evidence | undefined {
  const events = newEventsOf(object.metadata.uid, related)
  const last = events.findLast(({ reason }) => refusals.has(reason) || reason === 'SuccessfullyReconciled')
  if (last === undefined || !refusals.has(last.reason)) return undefined
  return evidence('route-refused', {
    on: object,
    subject: nameOf(object),
    at: last.at || now,
    text: last.message,
  })
}
