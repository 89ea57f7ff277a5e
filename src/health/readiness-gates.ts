import type { KubeObject } from '../kubernetes/model.ts'
import type { Related } from './model.ts'
import { instant, view, type Other, type Pod } from './objects.ts'
import { isDiscounted, revisionPods } from './ownership.ts'
import { selects } from './service.ts'

/** Label by which a namespace asks the AWS Load Balancer Controller for readiness gates. */
export const gateLabel = 'elbv2.k8s.aws/pod-readiness-gate-inject'

/** Prefix of their condition type; the name of the TargetGroupBinding follows. */
const gatePrefix = 'target-health.elbv2.k8s.aws'

/**
 * Pods that a target group serves and that have no readiness gate although their namespace asks for it: the controller's
 * webhook fails open (`failurePolicy: Ignore` after v2.11), and then a pod is ready before its target is. It looks only at
 * bindings to IP targets that stood before the pod did.
 */
export function ungatedPods(object: KubeObject, related: Related): string | undefined {
  const { around = [], targetGroupBindings = [] } = related
  if (targetGroupBindings.length === 0) return undefined
  const { namespace } = object.metadata
  const home = around.find(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace)
  if (home?.metadata.labels?.[gateLabel] !== 'enabled') return undefined
  const ungated = revisionPods(object, related).find(
    pod =>
      !isDiscounted(pod, related) && !hasGate(pod) && targetGroupBindings.some(binds => serves(binds, pod, around)),
  )
  return ungated === undefined
    ? undefined
    : 'its pods have no readiness gate of the load balancer, although the namespace asks for it: traffic may reach them too early'
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
