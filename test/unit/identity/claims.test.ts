import { describe, expect, test } from '@jest/globals'
import { decodeClaims, describeClaims, subjectForms, trustStatement } from '../../../src/identity/claims.ts'
import { jwt, mainClaims } from './jwt.ts'

function claimsOf(more: Readonly<Record<string, unknown>> = {}): NonNullable<ReturnType<typeof decodeClaims>> {
  const claims = decodeClaims(jwt({ ...mainClaims, ...more }))
  if (!claims) throw new Error('not decoded')
  return claims
}

describe('reading the claims of a token', () => {
  test('picks those that trust policies test, and nothing private', () => {
    expect(claimsOf()).toEqual({
      conditionKeys: {
        aud: 'sts.amazonaws.com',
        job_workflow_ref: 'acme/shop/.github/workflows/ship.yml@refs/heads/main',
        ref: 'refs/heads/main',
        repository: 'acme/shop',
        repository_id: '910000001',
        sub: 'repo:acme/shop:ref:refs/heads/main',
      },
      iss: 'https://token.actions.githubusercontent.com',
      sub: 'repo:acme/shop:ref:refs/heads/main',
      aud: 'sts.amazonaws.com',
      repository: 'acme/shop',
      repositoryId: '910000001',
      repositoryOwnerId: '91000000',
      ref: 'refs/heads/main',
      eventName: 'push',
      jobWorkflowRef: 'acme/shop/.github/workflows/ship.yml@refs/heads/main',
    })
  })

  test.each(['', 'abc', 'a.b.c', 'a.bnVsbA.c'])('%j is no token', token => {
    expect(decodeClaims(token)).toBeUndefined()
  })
})

describe('the two forms of a subject', () => {
  const legacy = 'repo:acme/shop:ref:refs/heads/main'
  const immutable = 'repo:acme@91000000/shop@910000001:ref:refs/heads/main'

  test.each([
    ['legacy', legacy],
    ['immutable', immutable],
  ])('follow from the %s one', (_, sub) => {
    expect(subjectForms(claimsOf({ sub }))).toEqual({ legacy, immutable })
  })

  test('keep an environment with a colon in its name', () => {
    expect(subjectForms(claimsOf({ sub: 'repo:acme/shop:environment:prod%3Aeu' }))?.immutable).toBe(
      'repo:acme@91000000/shop@910000001:environment:prod%3Aeu',
    )
  })

  test('are unknown for a subject that the organisation made itself', () => {
    expect(subjectForms(claimsOf({ sub: 'job_workflow_ref:acme/ci/.github/workflows/x.yml@main' }))).toBeUndefined()
  })

  test('are only legacy when the token has no ids', () => {
    expect(subjectForms(claimsOf({ repository_id: undefined }))).toEqual({ legacy, immutable: undefined })
  })
})

test('a line about the token names what trust policies test, in both forms', () => {
  expect(describeClaims(claimsOf())).toBe(
    'sub=repo:acme/shop:ref:refs/heads/main, sub in immutable form=repo:acme@91000000/shop@910000001:ref:refs/heads/main, ' +
      'aud=sts.amazonaws.com, ref=refs/heads/main, environment=none, event=push, ' +
      'job_workflow_ref=acme/shop/.github/workflows/ship.yml@refs/heads/main',
  )
})

test('a trust statement accepts exactly this job', () => {
  expect(JSON.parse(trustStatement(claimsOf(), { partition: 'aws-cn', accountId: '111122223333' }))).toEqual({
    Effect: 'Allow',
    Principal: { Federated: 'arn:aws-cn:iam::111122223333:oidc-provider/token.actions.githubusercontent.com' },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringEquals: {
        'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
        'token.actions.githubusercontent.com:sub': 'repo:acme/shop:ref:refs/heads/main',
      },
    },
  })
})
