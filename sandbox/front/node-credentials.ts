import { account, partition } from '../world.ts'

/**
 * Static credentials of the real node, for kubelet's ecr-credential-provider. On EKS they come from the instance
 * metadata service; here they are the example key of the AWS documentation, known to nothing but the front.
 */
export const nodeCredentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
} as const

/** The role that these credentials act as. */
export const nodeRole = {
  name: 'eks-node',
  arn: `arn:${partition}:iam::${account}:role/eks-node`,
  session: 'i-0c0ffee1234567890',
} as const
