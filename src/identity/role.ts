import { partitionOf } from '../runtime/aws-regions.ts'
import { UserError } from '../runtime/errors.ts'

/** The parts of a role's ARN. */
export interface Role {
  readonly arn: string
  readonly partition: string
  readonly accountId: string
  /** Last part of the path: `deploy` of `role/ci/deploy`. */
  readonly name: string
}

const roleArnForm =
  /^arn:(?<partition>aws[a-z-]*):iam::(?<accountId>\d{12}):role\/(?:[\w+=,.@-]+\/)*(?<name>[\w+=,.@-]{1,64})$/

/** Throws UserError when `arn` names no role. */
export function parseRole(arn: string): Role {
  const { partition, accountId, name } = roleArnForm.exec(arn)?.groups ?? {}
  if (partition === undefined || accountId === undefined || name === undefined) {
    throw new UserError('input-role', `role "${arn}" is not the ARN of an IAM role.`, {
      todo: 'Give the full ARN, for example arn:aws:iam::111122223333:role/deploy.',
    })
  }
  return { arn, partition, accountId, name }
}

/** Credentials do not cross partitions: throws UserError when role and region are in different ones. */
export function requireSamePartition(role: Role, region: string): void {
  const partition = partitionOf(region)
  // A region newer than our list: STS will tell.
  if (partition === undefined || partition === role.partition) return
  throw new UserError('input-region', `region "${region}" is not in the partition of the role.`, {
    why: `The role is in partition ${role.partition}, the region in ${partition}; credentials do not cross partitions.`,
    todo: `Use a region of ${role.partition}, or a role of ${partition}.`,
  })
}

/** Audience that the OIDC provider in IAM has by convention. */
export function defaultAudience(partition: string): string {
  return partition === 'aws-cn' ? 'sts.amazonaws.com.cn' : 'sts.amazonaws.com'
}
