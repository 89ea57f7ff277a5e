import { describe, expect, test } from '@jest/globals'
import { decodeClaims, type Claims } from '../../../../src/identity/claims.ts'
import { parseRole } from '../../../../src/identity/role.ts'
import { obstacles, sayObstacle, type Obstacle } from '../../../../src/identity/trust/diagnose.ts'
import { evaluateTrust } from '../../../../src/identity/trust/evaluate.ts'
import { parseTrustPolicy } from '../../../../src/identity/trust/policy.ts'
import { trustRequest } from '../../../../src/identity/trust/request.ts'
import { account, trustMistakes } from '../../../support/trust-mistakes.ts'
import { jwt, mainClaims } from '../jwt.ts'

const role = parseRole(`arn:aws:iam::${account}:role/deploy`)

function claimsOf(changes: Readonly<Record<string, string | undefined>> = {}): Claims {
  const claims = decodeClaims(jwt({ ...mainClaims, ...changes }))
  if (claims === undefined) throw new Error('the sample is a token')
  return claims
}

function diagnosed(policy: unknown, claims: Claims): readonly Obstacle[] {
  const asked = { role, region: 'eu-west-1', sessionName: 'slipway-1' }
  return obstacles(evaluateTrust(parseTrustPolicy(policy), trustRequest(claims, asked)), { claims, role })
}

test('forty mistakes and more are seeded', () => {
  expect(trustMistakes.length).toBeGreaterThanOrEqual(40)
  expect(new Set(trustMistakes.map(({ name }) => name)).size).toBe(trustMistakes.length)
})

describe('the condition that refuses is named, with what to change', () => {
  test.each(trustMistakes.map(mistake => [mistake.name, mistake] as const))('%s', (_, mistake) => {
    const [first, ...others] = diagnosed(mistake.policy, claimsOf(mistake.claims))
    expect(others).toEqual([])
    expect(first).toMatchObject({ part: mistake.part, found: mistake.found })
    expect(first?.expected).toContain(mistake.expected)
    expect(first?.advice ?? '').toMatch(mistake.advice)
  })
})

test('what is allowed has no obstacle', () => {
  const policy = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: '*',
      Action: 'sts:*',
    },
  }
  expect(diagnosed(policy, claimsOf())).toEqual([])
})

test('a Deny without conditions denies by itself', () => {
  const policy = {
    Version: '2012-10-17',
    Statement: { Effect: 'Deny', Principal: '*', Action: 'sts:*', Sid: 'Frozen' },
  }
  const [only] = diagnosed(policy, claimsOf())
  expect(only && sayObstacle(only)).toBe('statement 1 (Frozen) denies it to everybody')
})

test('a sentence has statement, condition, expected and found value', () => {
  const [mistake] = trustMistakes
  const [first] = diagnosed(mistake?.policy, claimsOf())
  expect(first && sayObstacle(first)).toBe(
    'StringEquals token.actions.githubusercontent.com:sub in statement 1 expects "repo:acme/api:ref:refs/heads/main", this job has "repo:acme/shop:ref:refs/heads/main"',
  )
})
