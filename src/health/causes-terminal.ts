import { because, box, confirmed, exited, image, repeated, second, terminal, times } from './wording.ts'
import type { CauseEntry } from './wording.ts'

/** What ends a release by itself: at once, when it persists, or when it repeats. */
export const terminalCauses = {
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
    // The kubelet looks again 10 to 15 s after an error: what came meanwhile shows only then.
    20 * second,
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
    'Check command, arguments, working directory and file permissions of the image, and that it is built for the platform of the nodes.',
  ),
  'run-as-root': confirmed(
    'config',
    facts => `${box(facts)} may not run as root, and its image asks for that${because(facts)}`,
    'Set runAsUser in the securityContext, or a numeric USER in the image.',
  ),
  'oom-killed': repeated(
    'config',
    facts => `${box(facts)} was killed for using more memory than its limit, ${times(Number(facts['count'] ?? '1'))}`,
    'Raise the memory limit of the container, or find out what it allocates at start.',
  ),
  'disk-exceeded': repeated(
    'config',
    facts =>
      `a pod was evicted for using more disk than its limit, ${times(Number(facts['count'] ?? '1'))}${because(facts)}`,
    'Raise the ephemeral-storage limit (or the sizeLimit of the emptyDir), or find out what the container writes.',
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
  'custom-rule-failed': confirmed(
    'config',
    facts => `${facts['rule'] ?? 'a failure that its rule names'} holds${because(facts)}`,
    'The condition is one of `failure` in the `health` section of slipway.yaml; look at the status of the object.',
  ),
  'resource-stalled': confirmed(
    'config',
    facts => `its controller says that it cannot go on${because(facts)}`,
    "The text is the controller's reason.",
  ),
  'hpa-target-missing': confirmed(
    'config',
    facts => `the autoscaler cannot read what it should scale${because(facts)}`,
    'Correct scaleTargetRef: apiVersion, kind and name of a workload in the same namespace.',
    45 * second,
  ),
  'schedule-invalid': confirmed(
    'config',
    facts => `it will never run: its schedule or time zone cannot be read${because(facts)}`,
    'Correct spec.schedule and spec.timeZone.',
  ),
  'rollout-aborted': confirmed(
    'code',
    facts => `the Rollout was aborted and went back to its stable version${because(facts)}`,
    'Look at its analysis runs and at the log of the new pods; then deploy a corrected version.',
  ),
  'revision-failed': confirmed(
    'code',
    facts => `its newest revision cannot serve${because(facts)}`,
    'The text is the reason that Knative gives; look at the log of its pods.',
    30 * second,
  ),
  'alarm-raised': terminal(
    'code',
    facts => `a CloudWatch alarm that was quiet before the release went off${because(facts)}`,
    'Look at the metric of the alarm that the text names, and at the log of the new pods.',
  ),
  'readiness-gate-missing': confirmed(
    'platform',
    () => 'its pods have no readiness gate of the load balancer, although the namespace asks for it',
    'See that the AWS Load Balancer Controller runs and its webhook answers, then deploy again; a pod that is there gets no gate any more.',
    // Nothing can change it: only long enough for the pod to be seen twice.
    second,
  ),
} as const satisfies Readonly<Record<string, CauseEntry>>
