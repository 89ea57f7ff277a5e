import { beforeAll, describe, expect, test } from '@jest/globals'
import { logIn } from '../../../src/registry/log-in.ts'
import { loginTargets, registries } from '../../../src/registry/login-targets.ts'
import type { HttpAnswer, HttpRequest } from '../../../src/runtime/http.ts'
import type { AwsAnswer, AwsCall } from '../../support/aws-answers.ts'
import { awsTransport } from '../../support/aws-answers.ts'
import { session } from '../../support/images.ts'
import { virtualClock } from '../../support/virtual-clock.ts'

// Loaded once, before the tests: jest takes no import between them.
beforeAll(() =>
  Promise.all([
    import('@aws-sdk/client-ecr'),
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
    import('../../../src/registry/ecr-public.ts'),
  ]),
)

const tokenFor = (password: string): string => Buffer.from(`AWS:${password}`).toString('base64')
const expiresAt = 1_795_430_000

/** ECR in every region gives a password of its own; public ECR answers what it is told. */
function scene(publicAnswers: readonly HttpAnswer[] = [], ecrAnswer?: (call: AwsCall) => AwsAnswer) {
  const masked: string[] = []
  const sent: HttpRequest[] = []
  const transport = awsTransport(
    ecrAnswer ??
      (({ host }) => ({
        body: { authorizationData: [{ authorizationToken: tokenFor(`of-${host.split('.')[2]}`), expiresAt }] },
      })),
  )
  const ports = {
    clock: virtualClock(),
    random: () => 0.5,
    signal: new AbortController().signal,
    mask: (secret: string) => void masked.push(secret),
    requestHandler: transport.requestHandler,
    send: async (request: HttpRequest): Promise<HttpAnswer> => {
      sent.push(request)
      const answer = publicAnswers[Math.min(sent.length, publicAnswers.length) - 1]
      if (!answer) throw new Error('connect ECONNREFUSED')
      return answer
    },
  }
  const at = (text: string) =>
    logIn(
      loginTargets(registries.parse(text, 'registries'), { ...session, account: session.accountId }),
      session,
      ports,
    )
  return { at, masked, sent, calls: transport.calls }
}

const answered = (status: number, body: unknown, headers: HttpAnswer['headers'] = {}): HttpAnswer => ({
  status,
  headers,
  body: JSON.stringify(body),
})
const publicToken = answered(200, { authorizationData: { authorizationToken: tokenFor('public'), expiresAt } })

describe('logging in', () => {
  test('asks once per region, for registries of any accounts and by any of their names', async () => {
    const { at, calls, masked } = scene()
    const eu = '444455556666.dkr.ecr.eu-west-1.amazonaws.com'
    const us = '123456789012.dkr.ecr.us-east-1.amazonaws.com'
    const dual = '444455556666.dkr-ecr.us-east-1.on.aws'
    const logins = await at([us, eu, dual].join('\n'))
    expect(logins.map(({ host, password }) => [host, password])).toEqual([
      [us, 'of-us-east-1'],
      [eu, 'of-eu-west-1'],
      [dual, 'of-us-east-1'],
    ])
    expect(calls.map(({ host }) => host).toSorted()).toEqual([
      'api.ecr.eu-west-1.amazonaws.com',
      'api.ecr.us-east-1.amazonaws.com',
    ])
    expect(masked.toSorted()).toEqual(
      ['of-eu-west-1', 'of-us-east-1'].flatMap(password => [tokenFor(password), password]).toSorted(),
    )
  })

  test('in public ECR is one signed call to us-east-1, wherever the role works', async () => {
    const { at, sent, masked } = scene([publicToken])
    expect(await at('public.ecr.aws')).toEqual([
      { host: 'public.ecr.aws', user: 'AWS', password: 'public', expiresAt: new Date(expiresAt * 1000) },
    ])
    expect(sent).toMatchObject([
      {
        method: 'POST',
        url: 'https://api.ecr-public.us-east-1.amazonaws.com/',
        body: '{}',
        headers: {
          'x-amz-target': 'SpencerFrontendService.GetAuthorizationToken',
          authorization: expect.stringMatching(/Credential=AKIDEXAMPLE\/\d+\/us-east-1\/ecr-public\/aws4_request/),
          'x-amz-security-token': 'token',
        },
      },
    ])
    expect(masked).toEqual(['public', tokenFor('public')])
  })

  test('in public ECR tries again what passes: throttling, a broken connection, a server error', async () => {
    const throttled = answered(400, { __type: 'com.amazonaws.ecrpublic#ThrottlingException', message: 'slow' })
    const busy = answered(503, {}, { 'retry-after': '1' })
    const { at, sent } = scene([throttled, busy, publicToken])
    expect(await at('public.ecr.aws')).toMatchObject([{ password: 'public' }])
    expect(sent).toHaveLength(3)
  })
})

describe('one clear error when', () => {
  test.each([
    ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'],
    ['sts:GetServiceBearerToken', 'ecr-public:GetAuthorizationToken'],
  ])('the role lacks %s in public ECR', async missing => {
    const message = `User: x is not authorized to perform: ${missing} on resource: *`
    const { at, sent } = scene([answered(400, { __type: 'AccessDeniedException', message })])
    await expect(at('public.ecr.aws')).rejects.toMatchObject({
      kind: 'denied',
      code: 'ecr-public-denied',
      message: `${session.roleArn} may not log in to public.ecr.aws: ${missing} is missing.`,
      why: message,
    })
    expect(sent).toHaveLength(1)
  })

  test('public ECR cannot be reached', async () => {
    await expect(scene().at('public.ecr.aws')).rejects.toMatchObject({
      kind: 'remote',
      code: 'ecr-public-unavailable',
      why: 'connect ECONNREFUSED',
    })
  })

  test('public ECR gives no token', async () => {
    await expect(scene([answered(200, {})]).at('public.ecr.aws')).rejects.toMatchObject({ code: 'ecr-login' })
  })

  test('the role may not log in at all', async () => {
    const denied = (): AwsAnswer => ({ error: 'AccessDeniedException' })
    await expect(scene([], denied).at('123456789012')).rejects.toMatchObject({
      code: 'ecr-denied',
      message: `${session.roleArn} may not ecr:GetAuthorizationToken.`,
      todo: expect.stringContaining('on "*"'),
    })
  })
})
