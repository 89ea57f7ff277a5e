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
export const longestEksToken = 4_096

/** The authenticator accepts a token for 15 minutes from its date; clients count on 14. */
const lifetimeMs = 14 * 60_000

/** DNS suffix of AWS endpoints by partition; `amazonaws.com` for those not listed. */
const suffixes: Readonly<Record<string, string>> = {
  'aws-cn': 'amazonaws.com.cn',
  'aws-eusc': 'amazonaws.eu',
  'aws-iso': 'c2s.ic.gov',
  'aws-iso-b': 'sc2s.sgov.gov',
  'aws-iso-e': 'cloud.adc-e.uk',
  'aws-iso-f': 'csp.hci.ic.gov',
}

/**
 * Bearer token for an EKS cluster: a presigned STS GetCallerIdentity URL, made in process without any call.
 * `x-k8s-aws-id` binds it to the cluster and must stay a signed header: the authenticator refuses it in the query.
 */
export async function eksToken({ credentials, region, partition, cluster, now }: EksTokenRequest): Promise<EksToken> {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
  ])
  const host = `sts.${region}.${suffixes[partition] ?? 'amazonaws.com'}`
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
  return { token: `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`, expiresAt: ends }
}
