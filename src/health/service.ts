import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { assessBalanced, awaitingAddress, hasAddress, refusal } from './load-balancer.ts'
import type { Health, Related } from './model.ts'
import { view, type Other } from './objects.ts'

interface Service extends Other {
  readonly spec: {
    readonly type?: string
    readonly selector?: Readonly<Record<string, string>>
    readonly loadBalancerClass?: string
  }
}

/** A Service of type LoadBalancer needs an address (kstatus calls one without current); others are done when stored. */
export function assessService(object: KubeObject, related: Related, now: Instant): Health {
  const service = view<Service>(object)
  if (service.spec.type !== 'LoadBalancer') return withPods(service, related, { status: 'healthy' })
  const no = refusal(object, related, now)
  if (no !== undefined) return no
  if (isNlb(service)) return withPods(service, related, assessBalanced(object, related, now))
  return withPods(service, related, hasAddress(object) ? { status: 'healthy' } : awaitingAddress(object, now))
}

/** Served by the AWS Load Balancer Controller: by its class, or by the annotation from before there were classes. */
function isNlb({ spec, metadata }: Service): boolean {
  const type = metadata.annotations?.['service.beta.kubernetes.io/aws-load-balancer-type']
  return spec.loadBalancerClass === 'service.k8s.aws/nlb' || type === 'external' || type === 'nlb-ip'
}

/** A Service that selects nothing answers nobody: said aloud, for its pods may belong to another release. */
function withPods(service: Service, { pods }: Related, health: Health): Health {
  const selector = service.spec.type === 'ExternalName' ? {} : (service.spec.selector ?? {})
  if (health.status !== 'healthy' || Object.keys(selector).length === 0) return health
  return pods.some(pod => selects(service, pod)) ? health : { ...health, note: 'its selector matches no pod' }
}

/** True when the pod is behind the Service. */
export function selects(service: KubeObject, pod: KubeObject): boolean {
  const { selector = {} } = view<Service>(service).spec
  const wanted = Object.entries(selector)
  return (
    wanted.length > 0 &&
    pod.metadata.namespace === service.metadata.namespace &&
    wanted.every(([key, value]) => pod.metadata.labels?.[key] === value)
  )
}
