import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { createIssuer, type RunClaims } from '../../../sandbox/front/issuer.ts'
import { parseJwt, signingKey } from '../../../sandbox/front/jwt.ts'
import { createSessions } from '../../../sandbox/front/sessions.ts'
import { assumeRoleWithWebIdentity, type WebIdentityWorld } from '../../../sandbox/front/web-identity.ts'
import { hosts, roles } from '../../../sandbox/world.ts'

const folder = mkdtempSync(join(tmpdir(), 'front-'))
afterAll(() => rmSync(folder, { recursive: true }))

const now = (): number => Date.parse('2026-11-23T16:00:00Z')
const issuer = createIssuer(signingKey(join(folder, 'key')), now)
const stranger = createIssuer(signingKey(join(folder, 'stranger')), now)
const role = { arn: roles.build, id: 'AROA1', maxSession: 3600, trust: {}, policies: {} }
const asked: Record<string, string>[] = []

const world: WebIdentityWorld = {
  moto: {
    role: async name => (name === 'shop-build' ? role : undefined),
    provider: async host =>
      host === hosts.issuer ? { arn: 'arn:provider', clientIds: ['sts.amazonaws.com'] } : undefined,
    managedPolicy: async () => undefined,
  },
  authorizer: {
    trusts: async (_, __, claims) => {
      asked.push({ ...claims })
      return claims[`${hosts.issuer}:ref`] === 'refs/heads/main'
    },
    wellFormed: async policy => typeof policy === 'object',
  },
  issuer,
  sessions: createSessions(now),
  now,
}

interface Attempt {
  readonly run?: RunClaims
  readonly token?: string
  readonly parameters?: Readonly<Record<string, string>>
}

function assume({ run = {}, token = issuer.mint(run, 'sts.amazonaws.com'), parameters = {} }: Attempt) {
  const all = { RoleArn: roles.build, RoleSessionName: 'run-7', WebIdentityToken: token, ...parameters }
  return assumeRoleWithWebIdentity(new URLSearchParams(all), world)
}

test('a trusted run gets a session under its own name', async () => {
  const { session, subject } = await assume({})
  expect(session).toMatchObject({
    arn: 'arn:aws:sts::123456789012:assumed-role/shop-build/run-7',
    userId: 'AROA1:run-7',
    expires: now() + 3_600_000,
  })
  expect(subject).toBe('repo:acme/shop:ref:refs/heads/main')
})

test('the trust policy sees the claims that STS makes condition keys of, and no others', async () => {
  await assume({ run: { environment: 'prod' } })
  expect(
    Object.keys(asked.at(-1) ?? {})
      .map(key => key.split(':')[1])
      .toSorted((a = '', b = '') => a.localeCompare(b)),
  ).toEqual([
    'actor',
    'actor_id',
    'aud',
    'environment',
    'job_workflow_ref',
    'ref',
    'repository',
    'repository_id',
    'sub',
    'workflow',
  ])
})

/** Text that hardly packs: 1,536 hexadecimal digits. */
const dense = Array.from('abcdefghijkl')
  .map(text => createHash('sha512').update(text).digest('hex'))
  .join('')

const denied = { code: 'AccessDenied', message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity', status: 403 }

test('a missing role and a role that does not trust are the same refusal', async () => {
  await expect(assume({ parameters: { RoleArn: 'arn:aws:iam::123456789012:role/none' } })).rejects.toMatchObject({
    aws: denied,
  })
  await expect(assume({ run: { ref: 'refs/heads/other' } })).rejects.toMatchObject({ aws: denied })
})

const tampered = (): string => {
  const [header, , signature] = issuer.mint({ ref: 'refs/heads/x' }, 'sts.amazonaws.com').split('.')
  const claims = parseJwt(issuer.mint({}, 'sts.amazonaws.com'))?.claims
  return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
}

test.each([
  {
    why: 'another audience',
    token: () => issuer.mint({}, 'example.com'),
    code: 'InvalidIdentityToken',
    says: 'Incorrect token audience',
  },
  {
    why: 'an expired token',
    token: () => issuer.mint({}, 'sts.amazonaws.com', -1),
    code: 'ExpiredTokenException',
    says: 'Token expired: current date/time 1795449600 must be before the expiration date/time 1795449599',
  },
  { why: 'no JWT', token: () => 'abc', code: 'InvalidIdentityToken', says: 'not a valid JWT' },
  { why: 'a changed claim', token: tampered, code: 'InvalidIdentityToken', says: 'signature is invalid' },
  {
    why: 'a key that nobody published',
    token: () => stranger.mint({}, 'sts.amazonaws.com'),
    code: 'InvalidIdentityToken',
    says: "Couldn't retrieve verification key",
  },
])('$why → $code', async ({ token, code, says }) => {
  await expect(assume({ token: token() })).rejects.toMatchObject({
    aws: { code, message: expect.stringContaining(says) },
  })
})

test.each([
  {
    why: 'too short a session',
    parameters: { DurationSeconds: '60' },
    code: 'ValidationError',
    says: 'greater than or equal to 900',
  },
  {
    why: 'a longer session than the role allows',
    parameters: { DurationSeconds: '7200' },
    code: 'ValidationError',
    says: 'exceeds the MaxSessionDuration',
  },
  {
    why: 'a blank in the session name',
    parameters: { RoleSessionName: 'run 7' },
    code: 'ValidationError',
    says: "'run 7' at 'roleSessionName'",
  },
  {
    why: 'a session policy that is no JSON',
    parameters: { Policy: '{' },
    code: 'MalformedPolicyDocument',
    says: 'invalid Json',
  },
  {
    why: 'a session policy of 2,049 characters',
    parameters: { Policy: ' '.repeat(2049) },
    code: 'ValidationError',
    says: 'less than or equal to 2048',
  },
  {
    why: 'a session policy that does not pack',
    parameters: { Policy: JSON.stringify({ Statement: dense }) },
    code: 'PackedPolicyTooLarge',
    says: '% of allotted space',
  },
  {
    why: 'a managed policy that does not exist',
    parameters: { 'PolicyArns.member.1.arn': 'arn:x' },
    code: 'ValidationError',
    says: 'arn:x does not exist',
  },
])('$why → $code', async ({ parameters, code, says }) => {
  await expect(assume({ parameters })).rejects.toMatchObject({ aws: { code, message: expect.stringContaining(says) } })
})

test('while the issuer is out of reach no token can be verified', async () => {
  issuer.reachable = false
  await expect(assume({})).rejects.toMatchObject({
    aws: { code: 'InvalidIdentityToken', message: expect.stringContaining("Couldn't retrieve verification key") },
  })
  issuer.reachable = true
})

test('a token can be asked to have at least a certain size', async () => {
  const { session } = await assume({ parameters: { MinimumSessionTokenSize: '3000' } })
  expect(session.sessionToken).toHaveLength(3000)
})
