import { describe, expect, test } from '@jest/globals'
import { createHash, createHmac } from 'node:crypto'
import { eksToken, type EksTokenRequest } from '../../../src/identity/eks-token.ts'

const now = Date.UTC(2026, 10, 2, 9, 30)
const credentials = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'secret/+key',
  sessionToken: 'session/+token==',
  expiration: new Date(now + 3_600_000),
}
const request: EksTokenRequest = { credentials, region: 'eu-west-1', partition: 'aws', cluster: 'prod', now }

async function urlOf(more: Partial<EksTokenRequest> = {}): Promise<URL> {
  const { token } = await eksToken({ ...request, ...more })
  expect(token).toMatch(/^k8s-aws-v1\.[\w-]+$/)
  return new URL(Buffer.from(token.slice('k8s-aws-v1.'.length), 'base64url').toString('utf8'))
}

/** Signature Version 4 by the book, for a presigned GET with the headers host and x-k8s-aws-id. */
function signatureOf(url: URL, cluster: string): string {
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, c => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([k, v]) => `${encode(k)}=${encode(v)}`)
  const headers = `host:${url.host}\nx-k8s-aws-id:${cluster}\n`
  const canonical = ['GET', '/', query.toSorted().join('&'), headers, 'host;x-k8s-aws-id', sha256('')].join('\n')
  const date = url.searchParams.get('X-Amz-Date') ?? ''
  const scope = [date.slice(0, 8), 'eu-west-1', 'sts', 'aws4_request']
  const key = scope.reduce<string | Buffer>((k, part) => hmac(k, part), `AWS4${credentials.secretAccessKey}`)
  return createHmac('sha256', key)
    .update(['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n'))
    .digest('hex')
}

describe('the token for an EKS cluster', () => {
  test('is a presigned GetCallerIdentity of the regional STS', async () => {
    const url = await urlOf()
    expect(`${url.protocol}//${url.host}${url.pathname}`).toBe('https://sts.eu-west-1.amazonaws.com/')
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      Action: 'GetCallerIdentity',
      Version: '2011-06-15',
      'X-Amz-Date': '20261102T093000Z',
      'X-Amz-Expires': '60',
      'X-Amz-Security-Token': credentials.sessionToken,
      'X-Amz-Credential': 'ASIAEXAMPLE/20261102/eu-west-1/sts/aws4_request',
    })
  })

  test('has the cluster as a signed header, not in the query, where EKS refuses it', async () => {
    const url = await urlOf()
    expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe('host;x-k8s-aws-id')
    expect([...url.searchParams.keys()].every(name => /^(Action|Version|X-Amz-)/.test(name))).toBe(true)
  })

  test('carries a signature that another implementation agrees with', async () => {
    const url = await urlOf()
    expect(url.searchParams.get('X-Amz-Signature')).toBe(signatureOf(url, 'prod'))
  })

  test('is good for one cluster only', async () => {
    const url = await urlOf({ cluster: 'staging' })
    expect(url.searchParams.get('X-Amz-Signature')).not.toBe(signatureOf(url, 'prod'))
  })

  test('knows the host names of other partitions', async () => {
    expect((await urlOf({ region: 'cn-north-1', partition: 'aws-cn' })).host).toBe('sts.cn-north-1.amazonaws.com.cn')
    expect((await urlOf({ region: 'us-gov-west-1', partition: 'aws-us-gov' })).host).toBe(
      'sts.us-gov-west-1.amazonaws.com',
    )
  })

  test.each([
    [2_400, undefined, 'fits'],
    [2_700, undefined, 'eks-token-size'],
    [2_700, 66, 'eks-token-size'],
  ] as const)('made of a session token of %i bytes (%s %%): %s', async (size, tokenUtilization, outcome) => {
    const long = {
      ...credentials,
      // As STS makes them: base64, in which one character of 32 has to be escaped in a URL.
      sessionToken: `${'Ab0'.repeat(10)}C/`.repeat(size).slice(0, size),
      ...(tokenUtilization === undefined ? {} : { tokenUtilization }),
    }
    const signed = eksToken({ ...request, credentials: long })
    if (outcome === 'fits') return expect((await signed).token.length).toBeLessThanOrEqual(4_096)
    const share = tokenUtilization === undefined ? `${size} bytes:` : `${size} bytes (66 % of what STS gives out):`
    await expect(signed).rejects.toMatchObject({ code: outcome, why: expect.stringContaining(share) })
  })

  test('ends after 14 minutes, or with the session', async () => {
    expect((await eksToken(request)).expiresAt - now).toBe(14 * 60_000)
    const short = { ...credentials, expiration: new Date(now + 60_000) }
    expect((await eksToken({ ...request, credentials: short })).expiresAt - now).toBe(60_000)
  })
})
