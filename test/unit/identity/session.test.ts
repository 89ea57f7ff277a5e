import { afterEach, describe, expect, test } from '@jest/globals'
import type { ServerResponse } from 'node:http'
import { defaultSessionName, type SessionContext } from '../../../src/identity/session-context.ts'
import { openSession } from '../../../src/identity/session.ts'
import type { SessionRequest } from '../../../src/identity/session-request.ts'
import { ecrPush } from '../../../src/identity/session-policy.ts'
import { stsAssumeRole, type AssumeRequest, type AssumeRole } from '../../../src/identity/sts.ts'
import { DeniedError } from '../../../src/runtime/errors.ts'
import { recordingLog } from '../../support/context.ts'
import { startLoopback, type Handler, type Loopback } from '../../support/loopback.ts'
import { SkippingClock } from '../../support/manual-clock.ts'
import { jwt, mainClaims } from './jwt.ts'

const role = 'arn:aws:iam::111122223333:role/ci/deploy'
const request: SessionRequest = { role, region: 'eu-west-1' }
const github = {
  repository: 'acme/shop',
  sha: 'abc',
  ref: 'refs/heads/main',
  eventName: 'push',
  actor: 'me',
  workflow: 'Ship it',
  runId: '42',
  runAttempt: '2',
  job: 'deploy prod',
  apiUrl: 'https://api.github.com',
  runUrl: 'https://github.com/acme/shop/actions/runs/42',
  fromFork: false,
}

interface Scene {
  readonly context: SessionContext
  readonly clock: SkippingClock
  readonly tokens: string[]
  readonly masked: string[]
  readonly lines: readonly string[]
}

function scene(claims: Readonly<Record<string, unknown>> = mainClaims, signal = new AbortController().signal): Scene {
  const [clock, log, tokens, masked] = [new SkippingClock(), recordingLog(), [] as string[], [] as string[]]
  const token = async (audience: string): Promise<string> => {
    const made = jwt({ ...claims, aud: audience, jti: tokens.length })
    tokens.push(made)
    return made
  }
  const mask = (secret: string): void => void masked.push(secret)
  const context = { oidc: { available: true, token }, clock, log, mask, random: () => 0.5, github, signal }
  return { context, clock, tokens, masked, lines: log.lines }
}

/** Answers with each step in turn, then with the last one; remembers the requests. */
function assumes(
  clock: SkippingClock,
  ...steps: readonly (Error | number)[]
): AssumeRole & { readonly seen: AssumeRequest[] } {
  const seen: AssumeRequest[] = []
  const assume: AssumeRole = async given => {
    const step = steps[Math.min(seen.length, steps.length - 1)] ?? 3_600_000
    seen.push(given)
    if (step instanceof Error) throw step
    const n = seen.length
    const expiration = new Date(clock.now() + step)
    return {
      credentials: { accessKeyId: `AKIA${n}`, secretAccessKey: `secret${n}`, sessionToken: `session${n}`, expiration },
    }
  }
  return Object.assign(assume, { seen })
}

function stsError(name: string, message = 'text', status = 400): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } })
}

const accessDenied = stsError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403)

describe('opening a session', () => {
  test('sends a token for the conventional audience, the policy, and a name that tells runs apart', async () => {
    const { context, clock, tokens } = scene()
    const assume = assumes(clock)
    const policy = ecrPush({
      push: [{ partition: 'aws', region: 'eu-west-1', account: '111122223333', name: 'shop/api' }],
    })
    const session = await openSession({ ...request, policy }, context, assume)
    expect(session).toMatchObject({ roleArn: role, accountId: '111122223333', partition: 'aws', region: 'eu-west-1' })
    expect(assume.seen).toEqual([
      {
        roleArn: role,
        region: 'eu-west-1',
        token: tokens[0],
        durationSeconds: 3600,
        sessionName: 'slipway-42-2-deploy-prod',
        policy: JSON.stringify(policy),
      },
    ])
  })

  test('hides every part of the credentials', async () => {
    const { context, clock, masked } = scene()
    await openSession(request, context, assumes(clock))
    expect(masked).toEqual(['AKIA1', 'secret1', 'session1'])
  })

  test('uses the audience of China there', async () => {
    const { context, clock, tokens } = scene()
    await openSession({ role: 'arn:aws-cn:iam::111122223333:role/d', region: 'cn-north-1' }, context, assumes(clock))
    expect(Buffer.from(tokens[0]?.split('.')[1] ?? '', 'base64url').toString()).toContain(
      '"aud":"sts.amazonaws.com.cn"',
    )
  })

  test('refuses what cannot work before any call', async () => {
    const { context, clock, tokens } = scene()
    const assume = assumes(clock)
    await expect(openSession({ ...request, role: 'deploy' }, context, assume)).rejects.toMatchObject({
      kind: 'user',
      code: 'input-role',
    })
    await expect(openSession({ ...request, region: 'cn-north-1' }, context, assume)).rejects.toMatchObject({
      code: 'input-region',
      why: 'The role is in partition aws, the region in aws-cn; credentials do not cross partitions.',
    })
    expect([assume.seen, tokens]).toEqual([[], []])
  })

  test('makes a session name that STS accepts of any job', () => {
    expect(defaultSessionName({ ...github, job: 'déploy (prod) 🚀'.repeat(9) })).toMatch(/^[\w+=,.@-]{2,64}$/)
  })
})

describe('a trust policy that refuses', () => {
  test('is asked once more with a fresh token, and the error comes in under three seconds', async () => {
    const { context, clock, tokens } = scene()
    const assume = assumes(clock, accessDenied)
    const before = clock.now()
    await expect(openSession(request, context, assume)).rejects.toBeInstanceOf(DeniedError)
    expect(clock.now() - before).toBeLessThan(3_000)
    expect(assume.seen.map(({ token }) => token)).toEqual(tokens)
    expect(new Set(tokens).size).toBe(2)
  })

  test('a role that became known meanwhile is assumed', async () => {
    const { context, clock } = scene()
    const session = await openSession(request, context, assumes(clock, accessDenied, 3_600_000))
    expect(await session.credentials()).toMatchObject({ accessKeyId: 'AKIA2' })
  })

  test('is explained by the claims of the job, with a statement to paste, and without the token', async () => {
    const { context, clock, tokens } = scene({
      ...mainClaims,
      environment: 'prod',
      sub: 'repo:acme/shop:environment:prod',
    })
    const error: unknown = await openSession(request, context, assumes(clock, accessDenied)).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({
      code: 'role-denied',
      message: `AWS does not let this job assume ${role}.`,
      why: expect.stringContaining(
        'sub=repo:acme/shop:environment:prod, sub in immutable form=repo:acme@91000000/shop@910000001:environment:prod',
      ),
      todo: expect.stringContaining('"token.actions.githubusercontent.com:sub":"repo:acme/shop:environment:prod"'),
    })
    const text = error instanceof DeniedError ? `${error.message} ${error.why} ${error.todo}` : ''
    for (const token of tokens) for (const part of token.split('.')) expect(text).not.toContain(part)
    expect(text).not.toContain('private-name')
  })
})

describe('trouble that passes', () => {
  test.each([
    ['throttling', stsError('Throttling', 'Rate exceeded')],
    [
      'keys that AWS could not fetch',
      stsError('InvalidIdentityToken', "Couldn't retrieve verification key from your identity provider"),
    ],
    ['AWS not reaching GitHub', stsError('IDPCommunicationErrorException')],
    ['an error inside STS', stsError('InternalFailure', 'oops', 500)],
    ['a connection that broke', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })],
  ])('%s is tried again', async (_, error) => {
    const { context, clock } = scene()
    const assume = assumes(clock, error, error, 3_600_000)
    await openSession(request, context, assume)
    expect(assume.seen).toHaveLength(3)
  })

  test('that does not pass ends within half a minute', async () => {
    const { context, clock } = scene()
    const before = clock.now()
    await expect(openSession(request, context, assumes(clock, stsError('Throttling')))).rejects.toMatchObject({
      kind: 'remote',
      code: 'sts-unreachable',
    })
    expect(clock.now() - before).toBeLessThanOrEqual(30_000)
  })
})

describe('what does not change by asking again', () => {
  test.each([
    [
      'a wrong audience',
      stsError('InvalidIdentityToken', 'Incorrect token audience'),
      { kind: 'denied', code: 'oidc-audience' },
    ],
    [
      'no provider',
      stsError('InvalidIdentityToken', 'No OpenIDConnect provider found in your account for https://x'),
      { kind: 'denied', code: 'oidc-provider' },
    ],
    ['a broken policy', stsError('MalformedPolicyDocumentException'), { kind: 'user', code: 'session-policy' }],
    ['a policy that packs too large', stsError('PackedPolicyTooLarge'), { kind: 'user', code: 'session-policy' }],
    ['a disabled region', stsError('RegionDisabledException'), { kind: 'user', code: 'input-region' }],
    [
      'a session longer than the role allows',
      stsError('ValidationError', 'The requested DurationSeconds exceeds the MaxSessionDuration'),
      { kind: 'user', code: 'sts-refused' },
    ],
    [
      'a region that no DNS knows',
      Object.assign(new Error('getaddrinfo ENOTFOUND sts.eu-west-9.amazonaws.com'), { code: 'ENOTFOUND' }),
      { kind: 'user', code: 'input-region' },
    ],
  ])('%s', async (_, error, expected) => {
    const { context, clock } = scene()
    const assume = assumes(clock, error)
    await expect(openSession(request, context, assume)).rejects.toMatchObject(expected)
    expect(assume.seen).toHaveLength(1)
  })
})

describe('a session that outlives its credentials', () => {
  test('renews them before the SDK would stop using them, once for all who ask', async () => {
    const { context, clock, tokens } = scene()
    const assume = assumes(clock)
    const session = await openSession(request, context, assume)
    clock.advance(3_600_000 - 7 * 60_000)
    expect(await session.credentials()).toMatchObject({ accessKeyId: 'AKIA1' })
    clock.advance(2 * 60_000)
    const both = await Promise.all([session.credentials(), session.credentials()])
    expect(both.map(({ accessKeyId }) => accessKeyId)).toEqual(['AKIA2', 'AKIA2'])
    expect(new Set(tokens).size).toBe(2)
  })

  test('goes on with what is still valid when renewing fails, and tries again', async () => {
    const { context, clock, lines } = scene()
    const session = await openSession(
      request,
      context,
      assumes(clock, 3_600_000, stsError('ValidationError'), 3_600_000),
    )
    clock.advance(3_600_000 - 5 * 60_000)
    expect(await session.credentials()).toMatchObject({ accessKeyId: 'AKIA1' })
    expect(lines.filter(line => line.startsWith('warning'))).toHaveLength(1)
    expect(await session.credentials()).toMatchObject({ accessKeyId: 'AKIA3' })
  })

  test('fails when they are over and none can be had', async () => {
    const { context, clock } = scene()
    const session = await openSession(request, context, assumes(clock, 3_600_000, accessDenied))
    clock.advance(3_600_000)
    await expect(session.credentials()).rejects.toMatchObject({ code: 'role-denied' })
  })
})

describe('through the AWS SDK, against an STS on the loopback device', () => {
  const closing: Loopback[] = []
  afterEach(async () => {
    for (const server of closing.splice(0)) await server.close()
  })

  async function sts(handler: Handler): Promise<Loopback> {
    const server = await startLoopback(handler)
    closing.push(server)
    return server
  }

  function xml(response: ServerResponse, status: number, body: string): void {
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body)
  }

  const error = (code: string, message: string): string =>
    `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`

  test('one unsigned call brings the credentials', async () => {
    const server = await sts((_, response) =>
      xml(
        response,
        200,
        `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>
      <Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2026-11-02T10:00:00Z</Expiration></Credentials>
      <SessionTokenUtilization>91</SessionTokenUtilization></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
      ),
    )
    const { context, lines } = scene()
    const session = await openSession(
      { ...request, durationSeconds: 900 },
      context,
      stsAssumeRole({ endpoint: server.url }),
    )
    expect(await session.credentials()).toEqual({
      accessKeyId: 'ASIA1',
      secretAccessKey: 's',
      sessionToken: 't',
      tokenUtilization: 91,
      expiration: new Date('2026-11-02T10:00:00Z'),
    })
    expect(server.requests).toHaveLength(1)
    expect(server.requests[0]?.headers.authorization).toBeUndefined()
    expect(new URLSearchParams(server.requests[0]?.body).get('DurationSeconds')).toBe('900')
    expect(lines).toContainEqual(expect.stringContaining('uses 91 % of the length'))
  })

  test('a refusal is recognised, and asked for twice, not twelve times', async () => {
    const server = await sts((_, response) =>
      xml(response, 403, error('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity')),
    )
    const { context } = scene()
    await expect(openSession(request, context, stsAssumeRole({ endpoint: server.url }))).rejects.toMatchObject({
      code: 'role-denied',
    })
    expect(server.requests).toHaveLength(2)
  })

  test('throttling passes', async () => {
    const server = await sts((_, response) =>
      server.requests.length < 3
        ? xml(response, 400, error('Throttling', 'Rate exceeded'))
        : xml(response, 400, error('InvalidIdentityToken', 'Incorrect token audience')),
    )
    const { context } = scene()
    await expect(openSession(request, context, stsAssumeRole({ endpoint: server.url }))).rejects.toMatchObject({
      code: 'oidc-audience',
    })
    expect(server.requests).toHaveLength(3)
  })

  test('nobody at the port is a broken remote after some tries', async () => {
    const server = await sts(() => {})
    await server.close()
    const { context } = scene()
    await expect(openSession(request, context, stsAssumeRole({ endpoint: server.url }))).rejects.toMatchObject({
      kind: 'remote',
      code: 'sts-unreachable',
    })
  })

  test('a cancelled job does not wait for the answer', async () => {
    const abort = new AbortController()
    const server = await sts(() => abort.abort(new Error('cancelled')))
    const { context } = scene(mainClaims, abort.signal)
    await expect(openSession(request, context, stsAssumeRole({ endpoint: server.url }))).rejects.toThrow()
    expect(server.requests).toHaveLength(1)
  })
})
