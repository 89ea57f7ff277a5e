import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { assessDaemonSet } from './daemon-set.ts'
import { assessApiService, assessDefinition, assessNamespace } from './definitions.ts'
import { assessDeployment } from './deployment.ts'
import { assessJob } from './job.ts'
import type { Health, Related } from './model.ts'
import { assessOther } from './other.ts'
import { assessBarePod } from './pod.ts'
import { assessReplicaSet } from './replica-set.ts'
import { assessIngress, assessService } from './routes.ts'
import { assessStatefulSet } from './stateful-set.ts'
import { assessClaim } from './storage.ts'

type Rule = (object: KubeObject, related: Related, now: Instant) => Health

const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['apps/Deployment', assessDeployment],
  ['apps/ReplicaSet', assessReplicaSet],
  ['apps/StatefulSet', assessStatefulSet],
  ['apps/DaemonSet', assessDaemonSet],
  ['batch/Job', assessJob],
  ['/Pod', assessBarePod],
  ['/Service', assessService],
  ['networking.k8s.io/Ingress', assessIngress],
  ['/PersistentVolumeClaim', assessClaim],
  ['/Namespace', assessNamespace],
  ['apiextensions.k8s.io/CustomResourceDefinition', assessDefinition],
  ['apiregistration.k8s.io/APIService', assessApiService],
])

/** Kinds that are done as soon as the API server has stored them: nothing acts on them that could fail the release. */
const settled: ReadonlySet<string> = new Set([
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
  'policy/PodDisruptionBudget',
  'autoscaling/HorizontalPodAutoscaler',
  'batch/CronJob',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/StorageClass',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
  'coordination.k8s.io/Lease',
  'discovery.k8s.io/EndpointSlice',
  'node.k8s.io/RuntimeClass',
])

function ruleKey({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): string {
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
  return (rules.get(ruleKey(object)) ?? assessOther)(object, related, now)
}
