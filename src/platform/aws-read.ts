import { awsErrorName } from '../registry/ecr-errors.ts'
import { awsTransport, type AwsPatience } from '../runtime/aws-transport.ts'
import { DeniedError, messageOf, RemoteError, SlipwayError } from '../runtime/errors.ts'

/** One read of a service, for the sentence of its error. */
export interface AwsRead {
  /** IAM action: `cloudwatch:DescribeAlarms`. */
  readonly action: string
  readonly region: string
  readonly roleArn: string
}

/** Error codes by which AWS services say "you may not"; they differ by protocol. */
const denials = /^(AccessDenied|AccessDeniedException|AuthorizationError|UnauthorizedOperation)$/

/** Turns what an SDK call threw into an error for people. Aborts and our own errors pass unchanged. */
export function explainRead(thrown: unknown, { action, region, roleArn }: AwsRead): unknown {
  if (thrown instanceof SlipwayError || (thrown instanceof Error && thrown.name === 'AbortError')) return thrown
  if (denials.test(awsErrorName(thrown) ?? '')) {
    return new DeniedError('aws-read-denied', `${roleArn} may not ${action}.`, {
      why: messageOf(thrown),
      todo: `Allow ${action} on "*" in the role's policy: the action knows no narrower resource.`,
      cause: thrown,
    })
  }
  return new RemoteError('aws-read-failed', `${action} in ${region} failed: ${messageOf(thrown)}`, {
    todo: `Run again; when it persists, check that the runner reaches the service in ${region}.`,
    cause: thrown,
  })
}

/** A read that takes longer says nothing in time: the next one comes soon. */
export const patience = (): AwsPatience => awsTransport(8_000, 3_000)
