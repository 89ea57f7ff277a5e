import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { assessBalanced, hasAddress, refusal } from './load-balancer.ts'
import type { Health, Related } from './model.ts'
import { view, type Other } from './objects.ts'

/** Controllers that make an Application Load Balancer: AWS Load Balancer Controller, and the one of EKS Auto Mode. */
const albControllers = new Set(['ingress.k8s.aws/alb', 'eks.amazonaws.com/alb'])

/**
 * An Ingress. Where the AWS Load Balancer Controller serves it, it must answer to a change. Other controllers may never
 * write an address (argo-cd#14607), so a missing one is only a note there.
 */
export function assessIngress(object: KubeObject, related: Related, now: Instant): Health {
  const no = refusal(object, related, now)
  if (no !== undefined) return no
  if (isAlb(object, related)) return assessBalanced(object, related, now)
  return hasAddress(object)
    ? { status: 'healthy' }
    : { status: 'healthy', note: 'no controller has given it an address yet' }
}

/** By the name that everybody gives the class, by its IngressClass if the release brings it, or by an annotation for it. */
function isAlb(object: KubeObject, { around = [] }: Related): boolean {
  const annotations = object.metadata.annotations ?? {}
  const name = view<Other>(object).spec['ingressClassName'] ?? annotations['kubernetes.io/ingress.class']
  const ingressClass = around.find(({ kind, metadata }) => kind === 'IngressClass' && metadata.name === name)
  if (ingressClass !== undefined) return albControllers.has(String(view<Other>(ingressClass).spec['controller']))
  return name === 'alb' || Object.keys(annotations).some(key => key.startsWith('alb.ingress.kubernetes.io/'))
}
