import { dnsSuffixOf } from '../runtime/aws-regions.ts'
import { UserError } from '../runtime/errors.ts'
import type { Credentials } from './model.ts'

export interface EksTokenRequest {
  readonly credentials: Credentials
  readonly region: string
  readonly partition: string
  /** Name of the cluster; a token is good for this one only. */
  readonly cluster: string
  /** Milliseconds since the Unix epoch. */
  readonly now: number
}

export interface EksToken {
  readonly token: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number
}

/** EKS refuses longer bearer tokens with a bare 401 (aws-iam-authenticator#1106). */
const longestToken = 4_096

/** The authenticator accepts a token for 15 minutes from its date; clients count on 14. */
const lifetimeMs = 14 * 60_000

/**
 * Bearer token for an EKS cluster: a presigned STS GetCallerIdentity URL, made in process without any call.
 * `x-k8s-aws-id` binds it to the cluster and must stay a signed header: the authenticator refuses it in the query.
 * Throws UserError when EKS would refuse the token for its size.
 */
export async function eksToken({ credentials, region, partition, cluster, now }: EksTokenRequest): Promise<EksToken> {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
  ])
  const host = `sts.${region}.${dnsSuffixOf(partition)}`
  const signer = new SignatureV4({ service: 'sts', region, credentials, sha256: Sha256 })
  const signed = await signer.presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname: host,
      path: '/',
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { host, 'x-k8s-aws-id': cluster },
    },
    { signingDate: new Date(now), expiresIn: 60 },
  )
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(signed.query ?? {})) query.append(name, String(value))
  // Form encoding writes a space as +; none of the values holds one.
  const url = `https://${host}/?${query.toString()}`
  const ends = Math.min(now + lifetimeMs, credentials.expiration.getTime())
  const token = `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`
  if (token.length > longestToken) throw tooLong(token, credentials, cluster)
  return { token, expiresAt: ends }
}

function tooLong(token: string, { sessionToken, tokenUtilization }: Credentials, cluster: string): UserError {
  const share = tokenUtilization === undefined ? '' : ` (${tokenUtilization} % of what STS gives out)`
  return new UserError(
    'eks-token-size',
    `The token for cluster "${cluster}" would have ${token.length} bytes; EKS refuses more than ${longestToken}.`,
    {
      why: `The session token inside it has ${sessionToken.length} bytes${share}: session policies and session tags make it that long, and about 2,500 is the most that fits.`,
      todo: 'Use fewer or shorter session policies and session tags for this step: fewer repositories, fewer managed policies, no tags that are handed on from an earlier role.',
    },
  )
}
