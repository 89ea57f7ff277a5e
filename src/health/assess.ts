import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { assessRollout } from './argo-rollout.ts'
import { assessAutoscaler } from './autoscaling.ts'
import { assessCronJob } from './cron-job.ts'
import { assessByRule, ruleFor } from './custom-rule.ts'
import { assessDaemonSet } from './daemon-set.ts'
import { assessApiService, assessDefinition, assessNamespace } from './definitions.ts'
import { assessDeployment } from './deployment.ts'
import { assessBudget } from './disruption-budget.ts'
import { assessExternalSecret } from './external-secret.ts'
import { assessIngress } from './ingress.ts'
import { assessJob } from './job.ts'
import { assessKnative } from './knative.ts'
import type { Health, Related } from './model.ts'
import { assessOther } from './other.ts'
import { assessBarePod } from './pod.ts'
import { judgeReadinessGates } from './readiness-gates.ts'
import { assessReplicaSet } from './replica-set.ts'
import { assessService } from './service.ts'
import { assessStatefulSet } from './stateful-set.ts'
import { assessClaim } from './storage.ts'
import { assessTargetGroupBinding } from './target-group-binding.ts'

type Rule = (object: KubeObject, related: Related, now: Instant) => Health

export const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['apps/Deployment', assessDeployment],
  ['apps/ReplicaSet', assessReplicaSet],
  ['apps/StatefulSet', assessStatefulSet],
  ['apps/DaemonSet', assessDaemonSet],
  ['batch/Job', assessJob],
  ['batch/CronJob', assessCronJob],
  ['/Pod', assessBarePod],
  ['/Service', assessService],
  ['networking.k8s.io/Ingress', assessIngress],
  ['elbv2.k8s.aws/TargetGroupBinding', assessTargetGroupBinding],
  ['/PersistentVolumeClaim', assessClaim],
  ['autoscaling/HorizontalPodAutoscaler', assessAutoscaler],
  ['policy/PodDisruptionBudget', assessBudget],
  ['external-secrets.io/ExternalSecret', assessExternalSecret],
  ['argoproj.io/Rollout', assessRollout],
  ['serving.knative.dev/Service', assessKnative],
  ['serving.knative.dev/Revision', assessKnative],
  ['/Namespace', assessNamespace],
  ['apiextensions.k8s.io/CustomResourceDefinition', assessDefinition],
  ['apiregistration.k8s.io/APIService', assessApiService],
])

/** Kinds that are done as soon as the API server has stored them: nothing acts on them that could fail the release. */
export const settled: ReadonlySet<string> = new Set([
  '/ConfigMap',
  '/Secret',
  '/ServiceAccount',
  '/LimitRange',
  '/ResourceQuota',
  '/Endpoints',
  '/PersistentVolume',
  'rbac.authorization.k8s.io/Role',
  'rbac.authorization.k8s.io/RoleBinding',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'networking.k8s.io/NetworkPolicy',
  'networking.k8s.io/IngressClass',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/StorageClass',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'coordination.k8s.io/Lease',
  'discovery.k8s.io/EndpointSlice',
  'node.k8s.io/RuntimeClass',
])

/** Group and kind, the group of the core API being empty: `apps/Deployment`, `/Pod`. */
export function ruleKey({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return `${group}/${kind}`
}

/** True when there is nothing to wait for after the object is stored. */
export function isSettledWhenStored(object: KubeObject): boolean {
  return settled.has(ruleKey(object))
}

/**
 * What one object says of itself now. Pure: `related` holds the other objects as last seen, `now` is an argument.
 * A Deployment, StatefulSet, DaemonSet or ReplicaSet is judged by the pods of its current revision.
 */
export function assess(object: KubeObject, related: Related, now: Instant): Health {
  if (isSettledWhenStored(object)) return { status: 'healthy' }
  const declared = ruleFor(object, related.customRules)
  if (declared !== undefined) return assessByRule(declared, object, now)
  const health = (rules.get(ruleKey(object)) ?? assessOther)(object, related, now)
  return judgeReadinessGates(health, object, related)
}
