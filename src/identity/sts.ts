import type { STSClientConfig } from '@aws-sdk/client-sts'
import type { Credentials } from './model.ts'

/** One AssumeRoleWithWebIdentity call. */
export interface AssumeRequest {
  readonly roleArn: string
  readonly region: string
  readonly sessionName: string
  /** The GitHub OIDC token. */
  readonly token: string
  /** Session policy, minified JSON. */
  readonly policy?: string
  readonly durationSeconds: number
}

export interface AssumedRole {
  readonly credentials: Credentials
  /** Percent of the longest session token that STS gives out; undefined when STS does not say. */
  readonly tokenUtilization?: number
}

/** Assumes a role (port). Throws whatever the SDK throws; session-errors.ts knows what it means. */
export type AssumeRole = (request: AssumeRequest, signal: AbortSignal) => Promise<AssumedRole>

/**
 * The adapter: one unsigned call to the regional STS, without the SDK's retries (session.ts decides on those).
 * Regional, because tokens of the global endpoint are refused in regions that are off by default.
 */
export function stsAssumeRole(config: Pick<STSClientConfig, 'endpoint'> = {}): AssumeRole {
  return async ({ region, token, ...request }, signal) => {
    const { STSClient, AssumeRoleWithWebIdentityCommand } = await import('@aws-sdk/client-sts')
    const client = new STSClient({
      ...config,
      region,
      maxAttempts: 1,
      requestHandler: { connectionTimeout: 4_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
    })
    try {
      const answer = await client.send(
        new AssumeRoleWithWebIdentityCommand({
          RoleArn: request.roleArn,
          RoleSessionName: request.sessionName,
          WebIdentityToken: token,
          DurationSeconds: request.durationSeconds,
          ...(request.policy === undefined ? {} : { Policy: request.policy }),
        }),
        { abortSignal: signal },
      )
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {}
      if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
        throw new Error('STS answered without credentials')
      return {
        credentials: {
          accessKeyId: AccessKeyId,
          secretAccessKey: SecretAccessKey,
          sessionToken: SessionToken,
          expiration: Expiration,
          ...(answer.SessionTokenUtilization === undefined ? {} : { tokenUtilization: answer.SessionTokenUtilization }),
        },
        ...(answer.SessionTokenUtilization === undefined ? {} : { tokenUtilization: answer.SessionTokenUtilization }),
      }
    } finally {
      client.destroy()
    }
  }
}
