import type { KubeObject } from '../kubernetes/model.ts'
import { evidence } from './evidence.ts'
import type { Health, Related } from './model.ts'
import { instant, nameOf, view, type Other, type Pod } from './objects.ts'
import { isDiscounted, revisionPods } from './ownership.ts'
import { selects } from './service.ts'

/** Label by which a namespace asks the AWS Load Balancer Controller for readiness gates. */
export const gateLabel = 'elbv2.k8s.aws/pod-readiness-gate-inject'

/** Prefix of their condition type; the name of the TargetGroupBinding follows. */
const gatePrefix = 'target-health.elbv2.k8s.aws'

const ungatedNote =
  'its pods have no readiness gate of the load balancer, although the namespace asks for it: traffic may reach them too early'

/**
 * A pod that a target group serves and that has no readiness gate although its namespace asks for it is a note, or the
 * end of the release where gates are required: nothing adds a gate to a pod that is there.
 */
export function judgeReadinessGates(health: Health, object: KubeObject, related: Related): Health {
  const required = related.requireReadinessGates === true
  if (health.status === 'unknown' || (health.status !== 'healthy' && !required)) return health
  const pod = ungatedPod(object, related)
  if (pod === undefined) return health
  if (!required) return health.status === 'healthy' ? { note: ungatedNote, ...health } : health
  const at = instant(pod.metadata.creationTimestamp) ?? 0
  const found = evidence('readiness-gate-missing', { on: pod, subject: nameOf(object), at, node: pod.spec.nodeName })
  const says = health.status === 'healthy' ? ungatedNote : health.says
  return { status: 'failing', says, evidence: [...(health.evidence ?? []), found] }
}

/**
 * A pod of the current revision without a gate that it should have: the controller's webhook fails open
 * (`failurePolicy: Ignore` after v2.11), and then a pod is ready before its target is. Bindings to IP targets count, if
 * they stood before the pod did.
 */
function ungatedPod(object: KubeObject, related: Related): Pod | undefined {
  const { around = [], targetGroupBindings = [] } = related
  if (targetGroupBindings.length === 0) return undefined
  const { namespace } = object.metadata
  const home = around.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace)
  if (home?.metadata.labels?.[gateLabel] !== 'enabled') return undefined
  return revisionPods(object, related).find(
    pod =>
      !isDiscounted(pod, related) && !hasGate(pod) && targetGroupBindings.some(binds => serves(binds, pod, around)),
  )
}

const hasGate = ({ spec }: Pod): boolean =>
  spec.readinessGates?.some(({ conditionType }) => conditionType.startsWith(gatePrefix)) === true

function serves(binding: KubeObject, pod: Pod, around: readonly KubeObject[]): boolean {
  const { spec, metadata } = view<Other>(binding)
  const service = (spec['serviceRef'] as { readonly name?: string } | undefined)?.name
  const age = ({ creationTimestamp }: KubeObject['metadata']): number => instant(creationTimestamp) ?? 0
  return (
    spec['targetType'] === 'ip' &&
    age(metadata) < age(pod.metadata) &&
    around.some(object => object.kind === 'Service' && object.metadata.name === service && selects(object, pod))
  )
}
