import { readFileSync } from 'node:fs'

import { describe, expect, test } from '@jest/globals'

import { unknowable, type KeyValue } from '../../../../src/identity/trust/answer.ts'
import { evaluateTrust, type TrustVerdict } from '../../../../src/identity/trust/evaluate.ts'
import { NoTrustPolicy, parseTrustPolicy } from '../../../../src/identity/trust/policy.ts'
import { ourDecision } from '../../../support/trust-oracle.ts'

const gh = 'token.actions.githubusercontent.com'
const provider = `arn:aws:iam::111122223333:oidc-provider/${gh}`
const request: Readonly<Record<string, KeyValue>> = {
  sub: 'repo:acme/shop:ref:refs/heads/main',
  aud: 'sts.amazonaws.com',
  actor_id: '583231',
  workflow: 'arn:aws:iam::111122223333:role/ci/deploy',
  environment: undefined,
  actor: 'True',
  ref: '2026-07-15T00:00:00Z',
}

function decide(statements: unknown, more: Readonly<Record<string, KeyValue>> = {}): TrustVerdict {
  const keys: Record<string, KeyValue> = { ...more }
  for (const [claim, value] of Object.entries(request)) keys[`${gh}:${claim}`] ??= value
  return evaluateTrust(parseTrustPolicy({ Version: '2012-10-17', Statement: statements }), {
    provider,
    keys: key => keys[key],
  })
}

const allow = (more: object = {}): object => ({
  Effect: 'Allow',
  Principal: { Federated: provider },
  Action: 'sts:AssumeRoleWithWebIdentity',
  ...more,
})
const deny = (more: object = {}): object => ({ ...allow(more), Effect: 'Deny' })
/** `{ StringLike: { sub: … } }` with the issuer before each claim. */
const when = (operator: string, claim: string, values: unknown): object => ({
  Condition: { [operator]: { [claim.includes(':') ? claim : `${gh}:${claim}`]: values } },
})

describe('a condition', () => {
  test.each<[string, string, unknown, boolean]>([
    ['StringEquals', 'sub', 'repo:acme/shop:ref:refs/heads/main', true],
    ['StringEquals', 'sub', 'repo:acme/shop:*', false],
    ['StringEquals', 'sub', 'repo:Acme/shop:ref:refs/heads/main', false],
    ['StringEquals', 'sub', ['x', 'repo:acme/shop:ref:refs/heads/main'], true],
    ['StringEquals', 'SUB', 'repo:acme/shop:ref:refs/heads/main', true],
    ['stringequals', 'sub', 'repo:acme/shop:ref:refs/heads/main', true],
    ['StringEqualsIgnoreCase', 'sub', 'REPO:acme/shop:ref:refs/heads/main', true],
    ['StringNotEquals', 'sub', 'x', true],
    ['StringNotEquals', 'sub', ['x', 'repo:acme/shop:ref:refs/heads/main'], false],
    ['StringNotEquals', 'environment', 'prod', true],
    ['StringNotEqualsIgnoreCase', 'aud', 'STS.amazonaws.com', false],
    ['StringLike', 'sub', 'repo:acme/*', true],
    ['StringLike', 'sub', 'repo:acme/*:ref:refs/heads/m??n', true],
    ['StringLike', 'sub', 'repo:acme/*:ref:refs/heads/m?n', false],
    ['StringLike', 'sub', '*main*', true],
    ['StringLike', 'sub', '**a*m*a*in', true],
    ['StringLike', 'sub', '', false],
    ['StringLike', 'sub', 'repo:acme/shop', false],
    ['StringLike', 'environment', '*', false],
    ['StringNotLike', 'sub', 'repo:acme/*', false],
    ['StringLikeIfExists', 'environment', 'prod', true],
    ['StringEqualsIfExists', 'aud', 'x', false],
    ['ForAnyValue:StringEquals', 'aud', ['x', 'sts.amazonaws.com'], true],
    ['ForAnyValue:StringLike', 'environment', '*', false],
    ['ForAnyValue:StringNotEquals', 'environment', 'x', false],
    ['ForAnyValue:StringLikeIfExists', 'environment', '*', false],
    ['ForAllValues:StringEquals', 'environment', 'prod', true],
    ['ForAllValues:StringEquals', 'aud', 'x', false],
    ['forallvalues:StringLike', 'aud', 'sts.*', true],
    ['Null', 'environment', 'true', true],
    ['Null', 'environment', true, true],
    ['Null', 'aud', 'true', false],
    ['Null', 'aud', ['true', 'false'], true],
    ['NumericLessThan', 'actor_id', '583232', true],
    ['NumericGreaterThanEquals', 'actor_id', 583231, true],
    ['NumericEquals', 'sub', '1', false],
    ['NumericNotEquals', 'actor_id', '583231', false],
    ['DateLessThan', 'ref', '2026-07-16', true],
    ['DateGreaterThan', 'ref', '1784000000', true],
    ['DateEquals', 'sub', '2026-07-16', false],
    ['Bool', 'actor', 'true', true],
    ['Bool', 'aud', 'true', false],
    ['ArnLike', 'workflow', 'arn:aws:iam::*:role/*', true],
    ['ArnEquals', 'workflow', 'arn:aws:iam::111122223333:role/ci/*', true],
    ['ArnLike', 'workflow', 'arn:aws:*/deploy', false],
    ['ArnLike', 'sub', 'repo:acme/shop:ref:*', false],
    ['ArnNotEquals', 'workflow', 'arn:aws:iam::111122223333:role/ci/deploy', false],
    ['BinaryEquals', 'aud', 'c3Rz', false],
    ['IpAddress', 'sub', '10.0.0.0/8', false],
    ['NotIpAddress', 'sub', '10.0.0.0/8', true],
    ['StringLikes', 'sub', '*', false],
    ['ForSomeValues:StringLike', 'sub', '*', false],
    ['StringLike', 'sub', `repo:*:ref:refs/heads/\${${gh}:nothing, 'main'}`, true],
    ['StringEquals', 'aud', `\${${gh}:AUD}`, true],
    ['StringEquals', 'aud', `\${${gh}:nothing}`, false],
    ['StringLike', 'aud', 'sts${*}', false],
  ])('%s %s %j: %s', (operator, claim, values, holds) => {
    expect(decide(allow(when(operator, claim, values))).decision).toBe(holds ? 'allowed' : 'not-allowed')
  })

  test('all keys and all operators must hold', () => {
    const main = { [`${gh}:sub`]: 'repo:acme/shop:ref:refs/heads/main' }
    expect(decide(allow({ Condition: { StringEquals: { ...main, [`${gh}:aud`]: 'x' } } })).decision).toBe('not-allowed')
    expect(decide(allow({ Condition: { StringEquals: main, StringLike: { [`${gh}:aud`]: 'x' } } })).decision).toBe(
      'not-allowed',
    )
  })

  test('a key with several values needs a set operator', () => {
    const tags = { 'aws:tagkeys': ['team', 'cost'] }
    const of = (operator: string, values: unknown): string =>
      decide(allow(when(operator, 'aws:TagKeys', values)), tags).decision
    expect(of('StringEquals', ['team', 'cost'])).toBe('not-allowed')
    expect(of('StringNotEquals', 'x')).toBe('not-allowed')
    expect(of('ForAnyValue:StringEquals', 'team')).toBe('allowed')
    expect(of('ForAllValues:StringEquals', 'team')).toBe('not-allowed')
    expect(of('ForAllValues:StringLike', ['t*', 'c*'])).toBe('allowed')
    expect(of('ForAnyValue:StringNotEquals', 'team')).toBe('allowed')
  })
})

describe('principal and action', () => {
  test.each<[string, object, boolean]>([
    ['the provider among others', { Principal: { Federated: ['x', provider], AWS: 'y' } }, true],
    ['everybody', { Principal: '*' }, true],
    ['everybody, written as AWS', { Principal: { AWS: ['*'] } }, true],
    ['every federation', { Principal: { Federated: '*' } }, false],
    ['a provider in another account', { Principal: { Federated: provider.replace('1111', '2222') } }, false],
    ['the provider in capitals', { Principal: { Federated: provider.toUpperCase() } }, false],
    ['the account of the provider', { Principal: { AWS: 'arn:aws:iam::111122223333:root' } }, false],
    ['the host of the provider', { Principal: { Federated: gh } }, false],
    ['a service', { Principal: { Service: 'ec2.amazonaws.com' } }, false],
    ['everybody but a service', { Principal: undefined, NotPrincipal: { Service: 'ec2.amazonaws.com' } }, true],
    ['everybody but the provider', { Principal: undefined, NotPrincipal: { Federated: provider } }, false],
    ['any action', { Action: '*' }, true],
    ['in other letters', { Action: ['STS:assumerolewithWEBidentity'] }, true],
    ['with a wildcard', { Action: 'sts:AssumeRole*' }, true],
    ['with one too short', { Action: 'sts:AssumeRoleWith?Identity' }, false],
    ['AssumeRole', { Action: 'sts:AssumeRole' }, false],
    ['everything but AssumeRole', { Action: undefined, NotAction: 'sts:AssumeRole' }, true],
    ['everything but sts:*', { Action: undefined, NotAction: ['sts:*'] }, false],
  ])('%s', (_, more, allowed) => {
    expect(decide(allow(more)).decision).toBe(allowed ? 'allowed' : 'not-allowed')
  })
})

describe('statements', () => {
  test('one that allows is enough', () => {
    expect(decide([allow({ Action: 'sts:AssumeRole' }), allow()]).decision).toBe('allowed')
  })

  test('one that denies wins, wherever it stands', () => {
    expect(decide([deny(when('StringLike', 'sub', 'repo:acme/*')), allow()]).decision).toBe('denied')
    expect(decide([allow(), deny(when('StringLike', 'sub', 'repo:other/*'))]).decision).toBe('allowed')
  })

  test('what only AWS knows leaves it open, unless something else decides', () => {
    const away: Readonly<Record<string, KeyValue>> = { 'aws:sourceip': unknowable }
    const here = when('IpAddress', 'aws:SourceIp', '10.0.0.0/8')
    expect(decide(allow(here), away).decision).toBe('unknown')
    expect(decide([allow(), deny(here)], away).decision).toBe('unknown')
    expect(decide([allow(here), allow()], away).decision).toBe('allowed')
    expect(decide([allow(here), deny()], away).decision).toBe('denied')
    expect(decide([allow({ ...here, Action: 'sts:AssumeRole' }), deny(here)], away).decision).toBe('not-allowed')
    expect(decide(allow(when('StringLike', 'sub', ['x', '${aws:SourceIp}'])), away).decision).toBe('unknown')
  })

  test('each says what of it fails, with what was expected and what was found', () => {
    const { statements } = decide(allow(when('StringEquals', 'aud', ['a', 'b'])))
    expect(statements).toMatchObject([
      {
        statement: { number: 1, effect: 'Allow' },
        applies: 'no',
        principal: 'yes',
        action: 'yes',
        conditions: [
          { operator: 'StringEquals', key: `${gh}:aud`, values: ['a', 'b'], found: 'sts.amazonaws.com', holds: 'no' },
        ],
      },
    ])
  })
})

describe('a document that is no trust policy', () => {
  test.each<[unknown, RegExp]>([
    ['{', /not JSON/],
    ['[]', /not a JSON object/],
    [{ Version: '2012-10-17' }, /no "Statement"/],
    [{ Statement: ['x'] }, /statement 1 is not an object/],
    [{ Statement: [allow(), { ...allow(), Effect: 'allow' }] }, /"Effect" of its statement 2/],
    [{ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }, /has no "Principal".* what the role may do/],
    [{ Statement: allow({ Principal: 'me' }) }, /"Principal" of its statement 1/],
    [{ Statement: allow({ Action: undefined }) }, /has no "Action"/],
    [{ Statement: allow({ Condition: 'x' }) }, /"Condition" of its statement 1/],
    [{ Statement: allow({ Condition: { StringLike: 'x' } }) }, /"StringLike" in "Condition"/],
  ])('%j', (document, why) => {
    expect(() => parseTrustPolicy(document)).toThrow(why)
    expect(() => parseTrustPolicy(document)).toThrow(NoTrustPolicy)
  })

  test('a byte order mark does not matter', () => {
    expect(parseTrustPolicy(`\uFEFF${JSON.stringify({ Statement: allow() })}`).statements).toHaveLength(1)
  })
})

interface Difference {
  readonly name: string
  readonly policy: { readonly Version: string; readonly Statement: unknown }
  readonly provider: string
  readonly keys: Readonly<Record<string, string>>
  readonly expected: string
}

const differences = JSON.parse(readFileSync('test/fixtures/trust/differences.json', 'utf8')) as readonly Difference[]

test.each(differences)('as AWS documents it, unlike the independent evaluator: $name', difference => {
  expect(ourDecision(difference)).toBe(difference.expected)
})
