/** Temporary credentials, in memory only. Same shape as the AWS SDK's AwsCredentialIdentity. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiration: Date
  /** How long the session token is, in percent of the longest that STS gives out; absent when STS did not say. */
  readonly tokenUtilization?: number
}

/** A role that this process has assumed. Nothing of it leaves the process. */
export interface Session {
  readonly roleArn: string
  readonly accountId: string
  /** `aws`, `aws-cn`, `aws-us-gov` … */
  readonly partition: string
  readonly region: string
  /** Valid credentials: re-mints the OIDC token and assumes the role again before they expire. Fits AWS SDK clients. */
  readonly credentials: () => Promise<Credentials>
}

/** An IAM session policy: what a step may do at most. */
export interface PolicyDocument {
  readonly Version: '2012-10-17'
  readonly Statement: readonly PolicyStatement[]
}

export interface PolicyStatement {
  readonly Sid?: string
  readonly Effect: 'Allow' | 'Deny'
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
}
