import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { isSuccess, lastAnswer, refusal } from './load-balancer.ts'
import type { Health, Related } from './model.ts'
import { condition, isBehind, view, type Other } from './objects.ts'
import { behind, awaited } from './waiting.ts'

/**
 * A TargetGroupBinding of the AWS Load Balancer Controller. It writes `observedGeneration` once it has looked; newer
 * versions write a condition `Ready` too, of the generation that it names. Older ones answer in events only.
 */
export function assessTargetGroupBinding(object: KubeObject, related: Related, now: Instant): Health {
  const no = refusal(object, related, now)
  if (no !== undefined) return no
  const binding = view<Other>(object)
  const ready = condition(binding.status.conditions, 'Ready')
  const ofThis = (ready?.observedGeneration ?? 0) >= (object.metadata.generation ?? 0)
  if (ready !== undefined && (ofThis || ready.observedGeneration === undefined) && !isBehind(binding))
    return ready.status === 'True'
      ? { status: 'healthy' }
      : awaited(object, 'target-group-pending', ready.message ?? 'its targets are not registered', now, {
          text: ready.message,
        })
  if (ready !== undefined || isBehind(binding)) return behind(object, now)
  if (binding.status.observedGeneration !== undefined || isSuccess(lastAnswer(object, related)))
    return { status: 'healthy' }
  return awaited(object, 'target-group-pending', 'its controller has not looked at it yet', now)
}
