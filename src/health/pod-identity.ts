import type { Related } from './model.ts'
import type { Pod } from './objects.ts'

/** Volumes that the webhooks of IRSA and of EKS Pod Identity add to a pod whose service account they serve. */
const tokenVolumes = new Set(['aws-iam-token', 'eks-pod-identity-token'])

/**
 * A pod whose service account asks for an IAM role, and that got no token for it: the webhook was down, or its policy
 * `Ignore` let the pod through. AWS will refuse its calls, which explains a crash.
 */
export function identityHint(pod: Pod, { around = [] }: Related): string | undefined {
  const name = pod.spec.serviceAccountName ?? 'default'
  const account = around.find(
    ({ kind, metadata }) =>
      kind === 'ServiceAccount' && metadata.name === name && metadata.namespace === pod.metadata.namespace,
  )
  const role = account?.metadata.annotations?.['eks.amazonaws.com/role-arn']
  if (role === undefined || pod.spec.volumes?.some(volume => tokenVolumes.has(volume.name)) === true) return undefined
  return `its service account "${name}" asks for the role ${role}, but the pod got no AWS credentials`
}
