import type { CauseEntry } from './wording.ts'
import {
  because,
  box,
  confirmed,
  contradiction,
  exited,
  image,
  minute,
  repeated,
  second,
  terminal,
  times,
  waiting,
} from './wording.ts'

/**
 * Every cause that a release can end with. Codes are stable: users match on them, and docs/troubleshooting.md has one section each.
 * The order is the rank: an entry explains the ones below it (a crash loop explains "not ready", never the reverse).
 */
export const causes = {
  'image-not-found': confirmed(
    'image',
    facts => `${image(facts)} is not in the registry`,
    'Check that the build pushed this tag or digest to this registry, and that no lifecycle rule expired it.',
  ),
  'image-wrong-platform': confirmed(
    'image',
    facts => `${image(facts)} has no variant for the platform of the node${because(facts)}`,
    'Build the image for the architecture of the nodes, or choose nodes that fit with a node selector.',
  ),
  'invalid-image-name': confirmed(
    'config',
    facts => `"${image(facts)}" is not an image name`,
    'Correct the image in the manifest: registry/repository:tag or registry/repository@sha256:digest.',
  ),
  'image-never-pull': confirmed(
    'config',
    facts => `${image(facts)} is not on the node and its pull policy is Never`,
    'Set imagePullPolicy to IfNotPresent.',
  ),
  'config-missing': confirmed(
    'config',
    facts => `${box(facts)} cannot start: its configuration is missing${because(facts)}`,
    'Create the Secret, ConfigMap or key that the text names, or add it to the manifests of this release.',
  ),
  'volume-missing': confirmed(
    'config',
    facts => `a volume cannot be mounted: something it needs does not exist${because(facts)}`,
    'Create what the text names, or remove the volume from the manifest.',
    30 * second,
  ),
  'start-error': confirmed(
    'code',
    facts => `${box(facts)} cannot be started${because(facts)}`,
    'Check command, arguments, working directory and file permissions of the image.',
  ),
  'oom-killed': repeated(
    'config',
    facts => `${box(facts)} was killed for using more memory than its limit, ${times(Number(facts['count'] ?? '1'))}`,
    'Raise the memory limit of the container, or find out what it allocates at start.',
  ),
  'startup-exhausted': repeated(
    'code',
    facts => `${box(facts)} did not pass its startup probe in time and was restarted${because(facts)}`,
    'Look at the log for what the start waits for; raise failureThreshold of the startup probe if it only is slow.',
  ),
  'liveness-kill': repeated(
    'code',
    facts => `${box(facts)} was restarted because its liveness probe failed${because(facts)}`,
    'Check port and path of the liveness probe, and that it does not depend on other systems.',
  ),
  'crash-loop': repeated('code', exited, 'Read the last log lines of the container: the process ends by itself.'),
  'job-failed': terminal(
    'code',
    facts =>
      `the Job failed${facts['reason'] === undefined ? '' : ` (${facts['reason']})`}${facts['exitCode'] === undefined ? because(facts) : `: ${exited(facts)}`}`,
    'Read the log of the Job; nothing that comes after it in the release was applied.',
  ),
  'pod-failed': terminal(
    'code',
    facts => `the pod failed${because(facts)}`,
    'Read the last log lines of its containers.',
  ),
  'quota-exceeded': confirmed(
    'capacity',
    facts => `no pod can be created: a quota is used up${because(facts)}`,
    'Raise the ResourceQuota of the namespace, or lower requests or replicas.',
  ),
  'pod-security': confirmed(
    'policy',
    facts => `no pod can be created: it violates the Pod Security level of the namespace${because(facts)}`,
    'Set the fields that the text names in the securityContext.',
  ),
  'service-account-missing': confirmed(
    'config',
    facts => `no pod can be created: its service account does not exist${because(facts)}`,
    'Add the ServiceAccount to the manifests, or correct its name.',
  ),
  'admission-denied': confirmed(
    'policy',
    facts => `no pod can be created: an admission policy refuses it${because(facts)}`,
    'The text names the policy; change the pod template so that it passes.',
  ),
  'create-refused': confirmed(
    'config',
    facts => `no pod can be created${because(facts)}`,
    "The text is the API server's reason; correct the pod template.",
  ),
  'names-not-accepted': terminal(
    'config',
    facts => `the custom resource definition conflicts with another${because(facts)}`,
    'Choose other names, or remove the other definition.',
  ),
  'volume-lost': terminal(
    'platform',
    () => 'the volume behind the claim is gone',
    'Restore the volume from a backup, or delete the claim to get an empty one.',
  ),
  'namespace-terminating': terminal(
    'config',
    () => 'the namespace is being deleted',
    'Wait until it is gone, then deploy again.',
  ),
  'route-refused': confirmed(
    'config',
    facts => `the load balancer controller refuses it${because(facts)}`,
    "The text is the controller's reason; correct the annotations or its IAM permissions.",
  ),
  'resource-stalled': confirmed(
    'config',
    facts => `its controller says that it cannot go on${because(facts)}`,
    "The text is the controller's reason.",
  ),
  'alarm-raised': terminal(
    'code',
    facts => `a CloudWatch alarm that was quiet before the release went off${because(facts)}`,
    'Look at the metric of the alarm that the text names, and at the log of the new pods.',
  ),
  'image-pull-denied': waiting(
    'image',
    2 * minute,
    facts => `the node may not pull ${image(facts)}${because(facts)}`,
    "Check the node role's ECR permissions, the repository policy, and imagePullSecrets.",
  ),
  'image-pull-failing': waiting(
    'network',
    2 * minute,
    facts => `the node cannot pull ${image(facts)}${because(facts)}`,
    "Check the network path from the node to the registry, and the registry's own health.",
  ),
  'sandbox-failing': waiting(
    'platform',
    2 * minute,
    facts => `the node cannot set up the pod${because(facts)}`,
    'Usually the pod network: check free addresses of the subnets and the CNI plugin on the node.',
  ),
  'volume-failing': waiting(
    'platform',
    2 * minute,
    facts => `a volume cannot be attached or mounted${because(facts)}`,
    'Check the CSI driver, and that the volume is in the zone of the node.',
  ),
  'pod-rejected': waiting(
    'platform',
    2 * minute,
    facts => `the node refuses the pod${because(facts)}`,
    'Check the resources and labels of the node that the text names.',
  ),
  'webhook-failing': waiting(
    'policy',
    2 * minute,
    facts => `no pod can be created: an admission webhook does not answer${because(facts)}`,
    'Look at the pods behind the webhook that the text names.',
  ),
  unschedulable: waiting(
    'capacity',
    2 * minute,
    facts => `no node has room for the pod${because(facts)}`,
    "Lower the requests, add nodes, or check node selectors, taints and the autoscaler's limits.",
  ),
  'bad-node': waiting(
    'platform',
    2 * minute,
    facts => `it fails on node ${facts['node'] ?? ''} only; on other nodes it runs`,
    'Drain that node and deploy again.',
  ),
  'volume-pending': waiting(
    'platform',
    5 * minute,
    facts => `the volume claim is not bound${because(facts)}`,
    'Check its storage class and the provisioner.',
  ),
  'liveness-failing': waiting(
    'code',
    5 * minute,
    facts => `${box(facts)} runs, but its liveness probe fails${because(facts)}`,
    'Check port and path of the liveness probe: the kubelet will restart the container.',
  ),
  'not-ready': waiting(
    'code',
    5 * minute,
    facts => `${box(facts)} runs but does not become ready${because(facts)}`,
    'Check what the readiness probe asks for, and the log of the container.',
  ),
  'target-unhealthy': waiting(
    'network',
    2 * minute,
    facts => `the load balancer finds its pods unhealthy although they are ready${because(facts)}`,
    'Check path, port and success codes of the target group, and that the security group lets the load balancer reach the pods.',
  ),
  'readiness-gate-pending': waiting(
    'network',
    5 * minute,
    facts => `a readiness gate is not met${because(facts)}`,
    'Check the target health of the load balancer, and its controller.',
  ),
  'load-balancer-pending': waiting(
    'network',
    5 * minute,
    () => 'it has no load balancer address',
    'Look at its events; check that the load balancer controller runs and has its IAM permissions.',
  ),
  paused: waiting(
    'config',
    0,
    () => 'the Deployment is paused, so nothing is rolled out',
    'Remove spec.paused from the manifest, or resume the rollout.',
  ),
  'not-current': waiting(
    'platform',
    5 * minute,
    facts => `its controller does not report it ready${because(facts)}`,
    'Look at its conditions and events, and at the controller.',
  ),
  'progress-deadline': waiting(
    'platform',
    0,
    facts => `the controller reports no progress within the progress deadline${because(facts)}`,
    'Look at the newest pods of the workload and their events.',
  ),
  'no-progress': waiting(
    'platform',
    10 * minute,
    facts => `nothing changed for ${facts['minutes'] ?? '10'} minutes${because(facts)}`,
    'Look at the controllers of the cluster: the objects do not move.',
  ),
  'timed-out': waiting(
    'gate',
    0,
    facts => `it did not become healthy within ${facts['seconds'] ?? ''} s${because(facts)}`,
    'If it only is slow, raise `timeout`; else the text says what it was waiting for.',
  ),
  'apply-refused': terminal(
    'policy',
    facts => `the API server refused a write half-way${because(facts)}`,
    'Its dry run had accepted the set, so something changed meanwhile (quota, admission, another writer): deploy again.',
  ),
  'permission-lost': contradiction(
    'policy',
    facts => `the gate may not read what it needs${because(facts)}`,
    'Grant the deploying role list and watch on the resource that the text names.',
  ),
  'api-unreachable': contradiction(
    'network',
    facts => `the API server did not answer for ${facts['seconds'] ?? '30'} s${because(facts)}`,
    "Check the cluster's control plane; then run verify, or deploy again.",
  ),
  'alarms-unreadable': contradiction(
    'network',
    facts => `the alarms could not be read for ${facts['seconds'] ?? '60'} s${because(facts)}`,
    'Check the role and the network path to CloudWatch; then deploy again.',
  ),
  superseded: contradiction(
    'gate',
    () => 'a newer release took over',
    'Nothing to do here: the newer release has its own verdict.',
  ),
  'foreign-change': contradiction(
    'gate',
    facts => `somebody else changed it during the release${because(facts)}`,
    'Find out who; then deploy again.',
  ),
  'object-deleted': contradiction(
    'gate',
    () => 'it was deleted during the release',
    'Find out who; then deploy again.',
  ),
  'object-recreated': contradiction(
    'gate',
    () => 'it was deleted and created again during the release',
    'Find out who; then deploy again.',
  ),
  cancelled: contradiction(
    'gate',
    () => 'the run was cancelled',
    'Deploy again: what was applied so far is still in the cluster.',
  ),
  'rollback-failed': contradiction(
    'gate',
    facts => `the previous release did not become healthy either${because(facts)}`,
    'The application may be down: look at its pods now.',
  ),
} as const satisfies Readonly<Record<string, CauseEntry>>

export type CauseCode = keyof typeof causes

const ranks: ReadonlyMap<string, number> = new Map(Object.keys(causes).map((code, rank) => [code, rank]))

/** Smaller explains more. */
export function rankOf(code: string): number {
  return ranks.get(code) ?? ranks.size
}

export function causeEntry(code: string): CauseEntry {
  const known: Readonly<Record<string, CauseEntry>> = causes
  return known[code] ?? causes['not-current']
}
