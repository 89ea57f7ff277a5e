import { Sha256 } from '@aws-crypto/sha256-js'
import { expect, test } from '@jest/globals'
import { SignatureV4 } from '@smithy/signature-v4'
import { callerOf } from '../../../sandbox/front/caller.ts'
import { createSessions, type Session } from '../../../sandbox/front/sessions.ts'
import type { RawRequest } from '../../../sandbox/front/sigv4.ts'

const now = Date.parse('2026-11-23T16:00:00Z')
const sessions = createSessions(() => now)
const session = sessions.open({ name: 'shop-deploy', id: 'AROA1' }, 'run-7', 3600, [], 0)

function signerOf({ accessKeyId, secretAccessKey, sessionToken = '' }: Session, service: string): SignatureV4 {
  return new SignatureV4({
    service,
    region: 'us-east-1',
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    sha256: Sha256,
  })
}

async function signedPost(body: string): Promise<RawRequest> {
  const headers = {
    host: 'api.ecr.us-east-1.amazonaws.com',
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'X.DescribeImages',
  }
  const request = {
    method: 'POST',
    protocol: 'https:',
    hostname: headers.host,
    path: '/a%20b/c',
    query: { q: 'x y' },
    headers,
    body,
  }
  const signed = await signerOf(session, 'ecr').sign(request, { signingDate: new Date(now) })
  return {
    method: 'POST',
    url: new URL('https://api.ecr.us-east-1.amazonaws.com/a%20b/c?q=x%20y'),
    headers: signed.headers,
    body: Buffer.from(body),
  }
}

async function eksToken(clusterHeader: string): Promise<RawRequest> {
  const hostname = 'sts.us-east-1.amazonaws.com'
  const signed = await signerOf(session, 'sts').presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      headers: { host: hostname, 'x-k8s-aws-id': 'prod' },
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
    },
    { expiresIn: 60, signingDate: new Date(now) },
  )
  const query = new URLSearchParams(signed.query as Record<string, string>)
  return {
    method: 'GET',
    url: new URL(`https://${hostname}/?${query.toString()}`),
    headers: { host: hostname, 'x-k8s-aws-id': clusterHeader },
    body: Buffer.alloc(0),
  }
}

test("a request that the AWS SDK signed is the session's", async () => {
  expect(callerOf(await signedPost('{"a":1}'), sessions, now)).toMatchObject({
    session: { arn: 'arn:aws:sts::123456789012:assumed-role/shop-deploy/run-7' },
  })
})

test('a body that was changed after signing is refused', async () => {
  const request = await signedPost('{"a":1}')
  expect(callerOf({ ...request, body: Buffer.from('{"a":2}') }, sessions, now)).toEqual({ refusal: 'signature' })
})

test('a presigned GetCallerIdentity is good for its cluster only', async () => {
  expect(callerOf(await eksToken('prod'), sessions, now)).toMatchObject({ session })
  expect(callerOf(await eksToken('staging'), sessions, now)).toEqual({ refusal: 'signature' })
})

test('a presigned GetCallerIdentity dies a quarter of an hour after it was made', async () => {
  const token = await eksToken('prod')
  expect(callerOf(token, sessions, now + 14 * 60_000)).toMatchObject({ session })
  expect(callerOf(token, sessions, now + 16 * 60_000)).toEqual({ refusal: 'signature' })
})

test('requests without signature, of strangers and of ended sessions are told apart', async () => {
  const request = await signedPost('{}')
  const stranger = createSessions(() => now)
  expect(callerOf({ ...request, headers: {} }, sessions, now)).toEqual({ refusal: 'missing' })
  expect(callerOf(request, stranger, now)).toEqual({ refusal: 'unknown' })
  expect(callerOf(request, sessions, now + 3_600_000)).toEqual({ refusal: 'expired' })
})

test("an access key with another session's token is unknown", async () => {
  const request = await signedPost('{}')
  const headers = { ...request.headers, 'x-amz-security-token': 'other' }
  expect(callerOf({ ...request, headers }, sessions, now)).toEqual({ refusal: 'unknown' })
})
