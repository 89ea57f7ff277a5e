import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openSession } from '../../../src/identity/session.ts'
import type { SessionContext } from '../../../src/identity/session-context.ts'
import type { SessionRequest } from '../../../src/identity/session-request.ts'
import type { AssumeRequest, AssumeRole } from '../../../src/identity/sts.ts'
import { recordingLog } from '../../support/context.ts'
import { githubRun } from '../../../src/runtime/github-run.ts'
import { SkippingClock } from '../../support/manual-clock.ts'
import { jwt, mainClaims } from './jwt.ts'

const first = 'arn:aws:iam::111122223333:role/ci/hub'
const second = 'arn:aws:iam::444455556666:role/deploy'
const base: SessionRequest = { role: first, region: 'eu-west-1' }

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-token-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function scene(claims: object = mainClaims): {
  context: SessionContext
  clock: SkippingClock
  masked: string[]
  asked: string[]
} {
  const [clock, masked, asked] = [new SkippingClock(), [] as string[], [] as string[]]
  const token = async (audience: string): Promise<string> => {
    asked.push(audience)
    return jwt({ ...claims, aud: audience, jti: asked.length })
  }
  const context: SessionContext = {
    oidc: { available: true, token },
    clock,
    log: recordingLog(),
    mask: secret => void masked.push(secret),
    random: () => 0.5,
    github: githubRun({ GITHUB_RUN_ID: '42', GITHUB_JOB: 'deploy' }, () => ''),
    signal: new AbortController().signal,
  }
  return { context, clock, masked, asked }
}

/** An STS that gives every role a session of an hour, and remembers what it was asked. */
function sts(
  clock: SkippingClock,
  answer: (call: AssumeRequest, count: number) => Error | string = ({ roleArn }) => roleArn,
): AssumeRole & { readonly calls: AssumeRequest[] } {
  const calls: AssumeRequest[] = []
  const assume: AssumeRole = async call => {
    calls.push(call)
    const answered = answer(call, calls.length)
    if (answered instanceof Error) throw answered
    const n = calls.length
    return {
      credentials: {
        accessKeyId: `ASIA${n}`,
        secretAccessKey: `secret${n}`,
        sessionToken: `token${n}`,
        expiration: new Date(clock.now() + call.durationSeconds * 1_000),
      },
      arn: `arn:aws:sts::${answered.split(':')[4] ?? ''}:assumed-role/x/y`,
    }
  }
  return Object.assign(assume, { calls })
}

describe('a chain of roles', () => {
  test('assumes each with the session of the one before, and hands out the last', async () => {
    const { context, clock, masked, asked } = scene()
    const assume = sts(clock)
    const session = await openSession(
      {
        ...base,
        chain: [second],
        externalId: 'shop-release',
        policy: { Statement: [] },
        managedPolicies: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
      },
      context,
      assume,
    )
    expect(session).toMatchObject({ roleArn: second, accountId: '444455556666' })
    expect(await session.credentials()).toMatchObject({ accessKeyId: 'ASIA2' })
    expect(assume.calls).toEqual([
      {
        roleArn: first,
        region: 'eu-west-1',
        sessionName: 'slipway-42-1-deploy',
        durationSeconds: 900,
        token: expect.any(String),
      },
      {
        roleArn: second,
        region: 'eu-west-1',
        sessionName: 'slipway-42-1-deploy',
        durationSeconds: 3_600,
        credentials: expect.objectContaining({ accessKeyId: 'ASIA1' }),
        externalId: 'shop-release',
        policy: '{"Statement":[]}',
        managedPolicies: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
      },
    ])
    expect(asked).toEqual(['sts.amazonaws.com'])
    expect(masked).toEqual(['ASIA1', 'secret1', 'token1', 'ASIA2', 'secret2', 'token2'])
  })

  test('is walked again, with a fresh token, before the session ends', async () => {
    const { context, clock, asked } = scene()
    const assume = sts(clock)
    const session = await openSession({ ...base, chain: [second] }, context, assume)
    for (let minutes = 0; minutes < 120; minutes += 10) {
      clock.advance(10 * 60_000)
      const { expiration } = await session.credentials()
      expect(expiration.getTime() - clock.now()).toBeGreaterThan(5 * 60_000)
    }
    expect(assume.calls.length).toBeGreaterThanOrEqual(6)
    expect(asked.length).toBe(assume.calls.length / 2)
  })

  test('carries tags from claims on the first hop with credentials, cleaned of what STS refuses', async () => {
    const { context, clock } = scene({ ...mainClaims, ref: 'refs/heads/fix#1', actor: 'dependabot[bot]' })
    const assume = sts(clock)
    const tags = {
      values: { team: 'checkout' },
      claims: { branch: 'ref' },
      transitive: ['branch'],
      sourceIdentity: 'actor',
    }
    await openSession({ ...base, chain: [second], tags }, context, assume)
    expect(assume.calls[0]).not.toHaveProperty('tags')
    expect(assume.calls[1]).toMatchObject({
      tags: { team: 'checkout', branch: 'refs/heads/fix-1' },
      transitiveTags: ['branch'],
      sourceIdentity: 'dependabot-bot-',
    })
  })

  test('with a tag of a claim that the token has not, names those that it has', async () => {
    const { context, clock } = scene()
    await expect(
      openSession({ ...base, chain: [second], tags: { claims: { x: 'branch' } } }, context, sts(clock)),
    ).rejects.toMatchObject({
      code: 'input-session-tags',
      message: 'session-tags: the token of this job has no claim "branch".',
      why: expect.stringContaining('job_workflow_ref, '),
    })
  })

  test('that is refused on the way says by whom and what, as STS does', async () => {
    const { context, clock } = scene()
    const says =
      'User: arn:aws:sts::111122223333:assumed-role/hub/x is not authorized to perform: sts:AssumeRole on resource: ' +
      second
    const denied = Object.assign(new Error(says), { name: 'AccessDenied' })
    const assume = sts(clock, ({ roleArn }) => (roleArn === second ? denied : roleArn))
    await expect(openSession({ ...base, chain: [second] }, context, assume)).rejects.toMatchObject({
      code: 'role-chain-denied',
      message: `AWS does not let the session before it assume ${second}.`,
      why: `${says}.`,
    })
    expect(assume.calls).toHaveLength(3)
  })

  test('has one deadline for all of it', async () => {
    const { context, clock } = scene()
    const throttled = Object.assign(new Error('Rate exceeded'), { name: 'Throttling' })
    const before = clock.now()
    let passed = 0
    const assume = sts(clock, ({ roleArn }) => (roleArn === first && ++passed > 4 ? roleArn : throttled))
    await expect(openSession({ ...base, chain: [second] }, context, assume)).rejects.toMatchObject({
      code: 'sts-unreachable',
    })
    expect(clock.now() - before).toBeLessThanOrEqual(30_000)
  })
})

describe('what cannot work is refused before any call:', () => {
  test.each<[string, Partial<SessionRequest>, object]>([
    ['a chained session of two hours', { chain: [second], durationSeconds: 7_200 }, { code: 'input-duration' }],
    ['an external id for a token', { externalId: 'x1' }, { code: 'input-external-id' }],
    ['tags for a token', { tags: { values: { a: 'b' } } }, { code: 'input-session-tags' }],
    ['an account that is not allowed', { allowedAccountIds: ['999900001111'] }, { code: 'input-allowed-account-ids' }],
    [
      'a chain that ends in an account that is not allowed',
      { chain: [second], allowedAccountIds: ['111122223333'] },
      { code: 'input-allowed-account-ids' },
    ],
    [
      'a chained role of another partition',
      { chain: ['arn:aws-cn:iam::444455556666:role/d'] },
      { code: 'input-region' },
    ],
    [
      'a managed policy of another account',
      { managedPolicies: ['arn:aws:iam::999900001111:policy/x'] },
      { code: 'input-managed-session-policies' },
    ],
    [
      'eleven managed policies',
      { managedPolicies: Array.from({ length: 11 }, (_, i) => `arn:aws:iam::aws:policy/p${i}`) },
      { code: 'input-managed-session-policies' },
    ],
    [
      'policies that are too long together',
      { policy: { Statement: 'x'.repeat(2_000) }, managedPolicies: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] },
      { code: 'input-session-policy' },
    ],
  ])('%s', async (_, change, expected) => {
    const { context, clock, asked } = scene()
    const assume = sts(clock)
    await expect(openSession({ ...base, ...change }, context, assume)).rejects.toMatchObject({
      kind: 'user',
      ...expected,
    })
    expect([assume.calls, asked]).toEqual([[], []])
  })
})

describe('a token in a file', () => {
  const at = (name: string): string => join(folder, name)

  test("is read anew for each session, masked, and never GitHub's", async () => {
    const { context, clock, masked, asked } = scene()
    writeFileSync(at('token'), `${jwt({ ...mainClaims, jti: 1 })}\n`)
    const assume = sts(clock)
    const session = await openSession({ ...base, source: { kind: 'token-file', path: at('token') } }, context, assume)
    writeFileSync(at('token'), jwt({ ...mainClaims, jti: 2 }))
    clock.advance(55 * 60_000)
    await session.credentials()
    expect(assume.calls.map(({ token }) => token)).toEqual([
      jwt({ ...mainClaims, jti: 1 }),
      jwt({ ...mainClaims, jti: 2 }),
    ])
    expect(masked).toContain(jwt({ ...mainClaims, jti: 1 }))
    expect(asked).toEqual([])
  })

  test.each([
    ['is not there', () => at('nowhere'), /ENOENT/],
    ['holds no token', () => (writeFileSync(at('text'), 'hello'), at('text')), /holds no token/],
    ['is a folder', () => folder, /EISDIR/],
  ])('that %s', async (_, path, message) => {
    const { context, clock } = scene()
    const request: SessionRequest = { ...base, source: { kind: 'token-file', path: path() } }
    await expect(openSession(request, context, sts(clock))).rejects.toMatchObject({
      code: 'input-web-identity-token-file',
      message,
    })
  })

  test('that a link of the checkout leads out of it to', async () => {
    const { context, clock } = scene()
    mkdirSync(at('checkout'))
    writeFileSync(at('outside'), jwt())
    symlinkSync(at('outside'), at('checkout/token'))
    const request: SessionRequest = {
      ...base,
      source: { kind: 'token-file', path: at('checkout/token'), within: at('checkout') },
    }
    await expect(openSession(request, context, sts(clock))).rejects.toMatchObject({
      message: /a link leads out of the checkout/,
    })
  })
})

test('credentials of the environment assume the role themselves: no token is asked for', async () => {
  const { context, clock, asked } = scene()
  const assume = sts(clock)
  await openSession(
    { ...base, source: { kind: 'ambient' }, externalId: 'x1', tags: { values: { a: 'b' } } },
    context,
    assume,
  )
  expect(asked).toEqual([])
  expect(assume.calls).toEqual([
    {
      roleArn: first,
      region: 'eu-west-1',
      sessionName: 'slipway-42-1-deploy',
      durationSeconds: 3_600,
      externalId: 'x1',
      tags: { a: 'b' },
    },
  ])
})

test('an environment without credentials is told, with the other way', async () => {
  const { context, clock } = scene()
  const none = Object.assign(new Error('Could not load credentials from any providers'), {
    name: 'CredentialsProviderError',
  })
  await expect(
    openSession(
      { ...base, source: { kind: 'ambient' } },
      context,
      sts(clock, () => none),
    ),
  ).rejects.toMatchObject({ kind: 'user', code: 'ambient-missing' })
})

test('a session of another account than asked for is never handed out', async () => {
  const { context, clock, masked } = scene()
  const assume = sts(clock, () => second)
  await expect(openSession({ ...base, stsEndpoint: 'https://sts.example.com' }, context, assume)).rejects.toMatchObject(
    {
      code: 'sts-other-account',
      message: 'STS gave a session of account 444455556666 instead of 111122223333.',
      why: 'The STS at https://sts.example.com answered.',
    },
  )
  expect(masked).toContain('secret1')
})

test('a token that ended while STS was busy is replaced at once', async () => {
  const { context, clock, asked } = scene()
  const expired = Object.assign(new Error('Token expired'), { name: 'ExpiredTokenException' })
  const before = clock.now()
  await openSession(
    base,
    context,
    sts(clock, ({ roleArn }, count) => (count === 1 ? expired : roleArn)),
  )
  expect([asked.length, clock.now() - before]).toEqual([2, 0])
})
