import { describe, expect, test } from '@jest/globals'
import { causes, rankOf } from '../../../src/health/causes.ts'
import { times } from '../../../src/health/wording.ts'
import { causeBehind, evidence } from '../../../src/health/evidence.ts'
import type { KubeObject } from '../../../src/kubernetes/model.ts'

const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'api-x', namespace: 'shop', uid: 'p' } }
const seen = { on: pod, subject: 'Deployment shop/api', at: 1_000 }

describe('the catalogue', () => {
  test.each(Object.entries(causes))('%s is a sentence without a stop, and says what to do', (_code, { says, next }) => {
    for (const facts of [{}, { message: 'because', image: 'i', container: 'c', exitCode: '1', count: '2' }]) {
      expect(says(facts)).toMatch(/^\S.*[^.]$/)
      expect(says(facts)).not.toMatch(/undefined|NaN/)
    }
    expect(next).toMatch(/^[A-Z].*\.$/)
  })

  test('the deeper cause explains the shallower one', () => {
    expect(rankOf('crash-loop')).toBeLessThan(rankOf('not-ready'))
    expect(rankOf('oom-killed')).toBeLessThan(rankOf('crash-loop'))
    expect(rankOf('not-ready')).toBeLessThan(rankOf('progress-deadline'))
    expect(rankOf('not-ready')).toBeLessThan(rankOf('target-unhealthy'))
    expect(rankOf('target-unhealthy')).toBeLessThan(rankOf('readiness-gate-pending'))
    expect(rankOf('crash-loop')).toBeLessThan(rankOf('alarm-raised'))
    expect(rankOf('unheard-of')).toBeGreaterThan(rankOf('rollback-failed'))
  })

  test('counts in words', () => {
    expect([1, 2, 3].map(times)).toEqual(['once', 'twice', '3 times'])
  })
})

test('of several findings the worst speaks and the others stay with it', () => {
  const found = [
    evidence('not-ready', { ...seen, container: 'api' }),
    evidence('crash-loop', { ...seen, at: 2_000, container: 'api', count: 2, facts: { exitCode: '3' } }),
  ]
  expect(causeBehind(found, 5_000)).toMatchObject({
    code: 'crash-loop',
    blame: 'code',
    confidence: 'certain',
    subject: 'Deployment shop/api',
    container: 'api',
    says: 'container "api" exited with 3 twice',
    firstSeen: 2_000,
    lastSeen: 5_000,
    evidence: [{ code: 'crash-loop' }, { code: 'not-ready' }],
  })
  expect(causeBehind([], 0)).toBeUndefined()
})

test('what a system said becomes one short line', () => {
  const { text } = evidence('config-missing', { ...seen, text: `first\n  second ${'x'.repeat(500)}` })
  expect(text).toMatch(/^first second x+…$/)
  expect(text).toHaveLength(300)
})
