import { because, box, image, minute, second, waiting } from './wording.ts'
import type { CauseEntry } from './wording.ts'

/** What a release waits for; it stalls when that takes longer than it may. */
export const waitingCauses = {
  'stateful-set-stuck': waiting(
    'platform',
    // Longer than a node can be gone before its pods are told to be: 50 s (node-monitor-grace-period of 1.32 and later).
    75 * second,
    facts => `${facts['pod'] ?? 'a pod'} of an older revision is not ready, and the update waits for it for ever`,
    'Delete that pod: a StatefulSet does not replace one that is not ready (kubernetes#67250).',
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
  'ip-exhaustion': waiting(
    'capacity',
    2 * minute,
    facts => `the node has no free address for the pod${because(facts)}`,
    'Free addresses or add subnets for pods; prefix delegation of the VPC CNI gives a node more of them.',
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
  'volume-zone-conflict': waiting(
    'capacity',
    minute,
    facts => `the volume of the pod is in a zone where no node can take it${because(facts)}`,
    'Add nodes in the zone of the volume: a pod follows its volume, never the reverse.',
  ),
  // Before the room for other pods: what fails where it runs says more than what has yet to be placed.
  'bad-node': waiting(
    'platform',
    2 * minute,
    facts => `it fails on node ${facts['node'] ?? ''} only; on other nodes it runs`,
    'Drain that node and deploy again.',
  ),
  'scale-up-refused': waiting(
    'capacity',
    25 * second,
    facts => `no node has room for the pod, and the autoscaler adds none${because(facts)}`,
    "The text is the autoscaler's reason: correct requests, selectors or taints, or raise the limits of its node groups.",
  ),
  'scheduling-gated': waiting(
    'config',
    5 * minute,
    facts => `a scheduling gate holds the pod back${because(facts)}`,
    'Look at spec.schedulingGates of the pod, and at the controller that has to remove them.',
  ),
  unschedulable: waiting(
    'capacity',
    2 * minute,
    facts => `no node has room for the pod${because(facts)}`,
    "Lower the requests, add nodes, or check node selectors, taints and the autoscaler's limits.",
  ),
  'storage-class-missing': waiting(
    'config',
    minute,
    facts => `its storage class does not exist${because(facts)}`,
    'Correct storageClassName, or create the class.',
  ),
  'provisioning-failed': waiting(
    'platform',
    3 * minute,
    facts => `its volume cannot be made${because(facts)}`,
    "The text is the provisioner's reason: often a missing IAM permission of the CSI driver, or a quota.",
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
  'target-group-pending': waiting(
    'network',
    5 * minute,
    facts => `its target group is not bound${because(facts)}`,
    'Look at its events, and that the load balancer controller runs and has its IAM permissions.',
  ),
  'load-balancer-pending': waiting(
    'network',
    5 * minute,
    () => 'it has no load balancer address',
    'Look at its events; check that the load balancer controller runs and has its IAM permissions.',
  ),
  'external-secret-failing': waiting(
    'config',
    2 * minute,
    facts => `the secret cannot be synced${because(facts)}`,
    'Check the name and the keys of the remote secret, and the IAM permissions of its SecretStore.',
  ),
  'hpa-inactive': waiting(
    'config',
    3 * minute,
    facts => `the autoscaler cannot compute a number of replicas${because(facts)}`,
    'Check that the metrics API answers, and that every container requests the resource that is measured.',
  ),
  'rollout-degraded': waiting(
    'platform',
    2 * minute,
    facts => `the Rollout is degraded${because(facts)}`,
    'Look at its conditions, its analysis runs and its newest pods.',
  ),
  paused: waiting(
    'config',
    0,
    () => 'it is paused, so nothing is rolled out',
    'Remove spec.paused from the manifest, or resume the rollout.',
  ),
  'pod-not-ending': waiting(
    'platform',
    2 * minute,
    facts => `${facts['pod'] ?? 'an old pod'} does not end, and the new one waits for it${because(facts)}`,
    'Look at its preStop hook, its finalizers and its node.',
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
} as const satisfies Readonly<Record<string, CauseEntry>>
