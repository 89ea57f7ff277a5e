/** What the doctor asks of AWS when a cluster does not accept a role. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { listAccessEntries } from '../../../src/identity/access-entries.ts'
import type { Session } from '../../../src/identity/model.ts'
import { askSts } from '../../../src/identity/token-check.ts'
import type { HttpRequest, HttpSend } from '../../../src/runtime/http.ts'
import { json, startLoopback, type Handler, type Loopback } from '../../support/loopback.ts'

const never = new AbortController().signal
const session: Session = {
  roleArn: 'arn:aws:iam::111122223333:role/deploy',
  accountId: '111122223333',
  partition: 'aws',
  region: 'eu-west-1',
  credentials: async () => ({
    accessKeyId: 'A',
    secretAccessKey: 's',
    sessionToken: 't',
    expiration: new Date(Date.now() + 3_600_000),
  }),
}
const closing: Loopback[] = []
afterEach(async () => {
  for (const server of closing.splice(0)) await server.close()
})

async function listing(handler: Handler): Promise<readonly string[] | undefined> {
  const server = await startLoopback(handler)
  closing.push(server)
  return listAccessEntries('prod', session, never, { endpoint: server.url })
}

describe('the access entries of a cluster', () => {
  test('are read to the last page', async () => {
    const entries = await listing(({ path, query }, response) => {
      expect(path).toBe('/clusters/prod/access-entries')
      json(response, 200, query.has('nextToken') ? { accessEntries: ['b'] } : { accessEntries: ['a'], nextToken: '2' })
    })
    expect(entries).toEqual(['a', 'b'])
  })

  test.each([
    [403, 'AccessDeniedException'],
    [400, 'InvalidRequestException'],
    [404, 'ResourceNotFoundException'],
  ])('cannot be known after a %i %s, and that is no error', async (status, type) => {
    const refusing: Handler = (_, response) => json(response, status, { message: 'no' }, { 'x-amzn-errortype': type })
    expect(await listing(refusing)).toBeUndefined()
  })
})

const url = 'https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity'
const token = `k8s-aws-v1.${Buffer.from(url).toString('base64url')}`
const answering =
  (status: number, body: unknown, asked: HttpRequest[] = []): HttpSend =>
  async request => {
    asked.push(request)
    return { status, headers: {}, body: typeof body === 'string' ? body : JSON.stringify(body) }
  }

describe('STS, asked with the token of a cluster', () => {
  test('is asked as the authenticator asks, and says who it is', async () => {
    const asked: HttpRequest[] = []
    const arn = 'arn:aws:sts::111122223333:assumed-role/deploy/run-7'
    const result = { GetCallerIdentityResponse: { GetCallerIdentityResult: { Arn: arn } } }
    expect(await askSts(token, 'prod', never, answering(200, result, asked))).toEqual({ accepted: true, arn })
    expect(asked).toEqual([{ method: 'GET', url, headers: { 'x-k8s-aws-id': 'prod', accept: 'application/json' } }])
  })

  test.each([
    ['JSON', { Error: { Code: 'ExpiredToken', Message: 'It is expired', Type: 'Sender' } }],
    ['XML', '<ErrorResponse><Error><Code>ExpiredToken</Code><Message>It is expired</Message></Error></ErrorResponse>'],
  ])('says in %s why it refuses', async (_, body) => {
    expect(await askSts(token, 'prod', never, answering(403, body))).toEqual({
      accepted: false,
      code: 'ExpiredToken',
      message: 'It is expired',
    })
  })

  test('that is in trouble, or not there, says nothing about the token', async () => {
    expect(
      await askSts(token, 'prod', never, answering(503, { Error: { Code: 'ServiceUnavailable' } })),
    ).toBeUndefined()
    const broken: HttpSend = () => Promise.reject(new Error('socket hang up'))
    expect(await askSts(token, 'prod', never, broken)).toBeUndefined()
  })
})
