import type { STSClientConfig } from '@aws-sdk/client-sts'
import { awsTransport } from '../runtime/aws-transport.ts'
import { defined } from '../runtime/defined.ts'
import type { Credentials } from './model.ts'

/** One call that assumes a role: with `token` AssumeRoleWithWebIdentity, else AssumeRole. */
export interface AssumeRequest {
  readonly roleArn: string
  readonly region: string
  readonly sessionName: string
  /** A web identity token, such as GitHub's. */
  readonly token?: string
  /** Those of the hop before; without a token and without these, what the AWS SDK finds in the environment. */
  readonly credentials?: Credentials
  /** Session policy, minified JSON. */
  readonly policy?: string
  /** ARNs of managed session policies. */
  readonly managedPolicies?: readonly string[]
  readonly durationSeconds: number
  readonly externalId?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly transitiveTags?: readonly string[]
  readonly sourceIdentity?: string
  /** `https://…`; the region's own unless given. */
  readonly endpoint?: string
}

export interface AssumedRole {
  readonly credentials: Credentials
  /** `arn:aws:sts::111122223333:assumed-role/deploy/slipway-1`; absent when STS did not say. */
  readonly arn?: string
  /** Percent of the longest session token that STS gives out; undefined when STS does not say. */
  readonly tokenUtilization?: number
}

/** Assumes a role (port). Throws whatever the SDK throws; session-errors.ts knows what it means. */
export type AssumeRole = (request: AssumeRequest, signal: AbortSignal) => Promise<AssumedRole>

/**
 * The adapter: one call to the regional STS, without the SDK's retries (session.ts decides on those).
 * Regional, because tokens of the global endpoint are refused in regions that are off by default.
 */
export function stsAssumeRole(config: Pick<STSClientConfig, 'endpoint'> = {}): AssumeRole {
  return async (request, signal) => {
    const { STSClient, AssumeRoleWithWebIdentityCommand, AssumeRoleCommand } = await import('@aws-sdk/client-sts')
    const { region, endpoint, credentials, token } = request
    const client = new STSClient({
      ...config,
      ...defined({ endpoint, credentials }),
      region,
      maxAttempts: 1,
      requestHandler: awsTransport(10_000),
    })
    try {
      const common = {
        RoleArn: request.roleArn,
        RoleSessionName: request.sessionName,
        DurationSeconds: request.durationSeconds,
        ...defined({ Policy: request.policy, PolicyArns: request.managedPolicies?.map(arn => ({ arn })) }),
      }
      const options = { abortSignal: signal }
      const answer = await (token === undefined
        ? client.send(new AssumeRoleCommand({ ...common, ...onlyWithCredentials(request) }), options)
        : client.send(new AssumeRoleWithWebIdentityCommand({ ...common, WebIdentityToken: token }), options))
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {}
      if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
        throw new Error('STS answered without credentials')
      const tokenUtilization = answer.SessionTokenUtilization
      const issued = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
      return {
        credentials: { ...issued, expiration: Expiration, ...defined({ tokenUtilization }) },
        ...defined({ tokenUtilization, arn: answer.AssumedRoleUser?.Arn }),
      }
    } finally {
      client.destroy()
    }
  }
}

function onlyWithCredentials({ externalId, tags, transitiveTags, sourceIdentity }: AssumeRequest): object {
  return defined({
    ExternalId: externalId,
    Tags: tags && Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    TransitiveTagKeys: transitiveTags,
    SourceIdentity: sourceIdentity,
  })
}
