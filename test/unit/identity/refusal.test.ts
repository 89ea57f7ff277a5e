import { describe, expect, test } from '@jest/globals'
import { decodeClaims } from '../../../src/identity/claims.ts'
import { explainRefusal, type Attempted } from '../../../src/identity/refusal.ts'
import { parseRole } from '../../../src/identity/role.ts'
import { parseTrustPolicy } from '../../../src/identity/trust/policy.ts'
import type { TrustRead } from '../../../src/identity/trust-source.ts'
import type { DeniedError } from '../../../src/runtime/errors.ts'
import { account, trustMistakes } from '../../support/trust-mistakes.ts'
import { jwt, mainClaims } from './jwt.ts'

const role = parseRole(`arn:aws:iam::${account}:role/deploy`)

function explained(read: TrustRead, changes: Readonly<Record<string, string | undefined>> = {}): Promise<DeniedError> {
  const attempted: Attempted = {
    role,
    by: 'token',
    region: 'eu-west-1',
    audience: 'sts.amazonaws.com',
    claims: decodeClaims(jwt({ ...mainClaims, ...changes })),
    sessionName: 'slipway-1',
    now: 0,
    readTrust: async () => read,
  }
  return explainRefusal(new Error('AccessDenied'), attempted)
}

const statement = {
  Effect: 'Allow',
  Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/token.actions.githubusercontent.com` },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition: {},
}

function fromFile(condition: object): TrustRead {
  const policy = parseTrustPolicy({ Version: '2012-10-17', Statement: { ...statement, Condition: condition } })
  return { from: 'file', path: 'infra/trust.json', policy }
}

describe('a refused role', () => {
  test('whose policy is known: condition, expected and found value, and what to change', async () => {
    const refusal = await explained(
      fromFile({ StringEquals: { 'token.actions.githubusercontent.com:sub': 'repo:acme/shop:*' } }),
    )
    expect(refusal).toMatchObject({
      code: 'role-trust',
      message: `AWS does not let this job assume ${role.arn}: StringEquals token.actions.githubusercontent.com:sub in statement 1 expects "repo:acme/shop:*", this job has "repo:acme/shop:ref:refs/heads/main".`,
      why: 'So says its trust policy in infra/trust.json.',
    })
    expect(refusal.todo).toMatch(/use StringLike\. A statement that accepts exactly this job: \{"Effect":"Allow"/)
  })

  test('of which several conditions fail: all of them', async () => {
    const { why } = await explained(
      fromFile({
        StringEquals: {
          'token.actions.githubusercontent.com:sub': 'x',
          'token.actions.githubusercontent.com:aud': 'y',
        },
      }),
    )
    expect(why).toContain(
      'and there is more: StringEquals token.actions.githubusercontent.com:aud in statement 1 expects "y", this job has "sts.amazonaws.com"',
    )
  })

  test('whose policy allows it: then somebody else refuses', async () => {
    expect(await explained(fromFile({}))).toMatchObject({
      code: 'role-denied-elsewhere',
      message: /although .* allows it/,
    })
  })

  test('whose policy asks for what only AWS knows', async () => {
    const refusal = await explained(fromFile({ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }))
    expect(refusal).toMatchObject({
      code: 'role-denied-elsewhere',
      why: 'It depends on aws:SourceIp, which only AWS knows.',
    })
  })

  test('that does not exist', async () => {
    expect(await explained({ from: 'no-role' })).toMatchObject({
      code: 'role-missing',
      message: `There is no role ${role.arn}.`,
    })
  })

  test.each([
    [
      'is in a repository with immutable subjects',
      { sub: 'repo:acme@91000000/shop@910000001:ref:refs/heads/main' },
      /immutable subjects/,
    ],
    ['runs for a pull request', { sub: 'repo:acme/shop:pull_request', ref: 'refs/pull/7/merge' }, /pull request/],
    ['has an environment', { sub: 'repo:acme/shop:environment:prod', environment: 'prod' }, /environment "prod"/],
    ['runs for a tag', { sub: 'repo:acme/shop:ref:refs/tags/v1', ref: 'refs/tags/v1' }, /for a tag/],
    [
      'is in a reusable workflow',
      { job_workflow_ref: 'acme/platform/.github/workflows/x.yml@v1' },
      /reusable workflow/,
    ],
    ['has a subject of its organisation', { sub: 'repository_owner:acme' }, /subjects of its own/],
    [
      'runs on another branch',
      { sub: 'repo:acme/shop:ref:refs/heads/dev', ref: 'refs/heads/dev' },
      /"refs\/heads\/dev"/,
    ],
    ['runs on main', {}, /names no environment/],
  ])('whose policy nobody can read, by a job that %s: the likeliest cause first', async (_, claims, cause) => {
    const refusal = await explained({ from: 'nowhere', why: 'no file is given' }, claims)
    expect(refusal.code).toBe('role-denied')
    expect(refusal.why?.split('Most likely: ')[1]).toMatch(cause)
    expect(refusal.details).toContain('no file is given')
  })
})

describe('the summary of a refusal', () => {
  test('has what refuses, the claims in both forms, and a statement to paste', async () => {
    const { details = '' } = await explained(
      fromFile({ StringEquals: { 'token.actions.githubusercontent.com:sub': 'repo:acme/api:ref:refs/heads/main' } }),
    )
    expect(details).toContain('| sub | `repo:acme/shop:ref:refs/heads/main` |')
    expect(details).toContain('| sub, with ids | `repo:acme@91000000/shop@910000001:ref:refs/heads/main` |')
    const [, json = ''] = /```json\n([\s\S]*?)\n```/.exec(details) ?? []
    expect(JSON.parse(json)).toMatchObject({
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: {
          'token.actions.githubusercontent.com:sub': 'repo:acme/shop:ref:refs/heads/main',
          'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
        },
      },
    })
  })

  test('cannot be broken by the name of a branch or by a policy', async () => {
    const sub = 'repo:acme/shop:ref:refs/heads/`|</table>\n::error::x'
    const { details = '' } = await explained(
      fromFile({ StringLike: { 'token.actions.githubusercontent.com:sub': '`|<b>\n```' } }),
      { sub },
    )
    expect(details.split('\n').filter(line => line.startsWith('::'))).toEqual([])
    expect(details.match(/```/g)).toHaveLength(2)
    for (const line of details.split('\n').filter(one => one.startsWith('|')))
      expect((line.match(/(?<!\\)\|/g) ?? []).length === 3 || (line.match(/(?<!\\)\|/g) ?? []).length === 6).toBe(true)
  })

  test('no token is in it, whatever the mistake', async () => {
    for (const mistake of trustMistakes) {
      const policy = parseTrustPolicy(mistake.policy)
      const refusal = await explained({ from: 'file', path: 'x', policy }, mistake.claims)
      expect(refusal.code).toBe('role-trust')
      expect(`${refusal.message}${refusal.why ?? ''}${refusal.todo}${refusal.details ?? ''}`).not.toMatch(/eyJ/)
    }
  })
})
