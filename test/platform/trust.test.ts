import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'

import { partPath } from '../../sandbox/provision/parts.ts'
import { compareWith, startTrustOracle, type TrustOracle } from '../support/trust-oracle.ts'
import { trustPair, type TrustPair } from '../support/trust-pairs.ts'

jest.setTimeout(120_000)

let oracle: TrustOracle
beforeAll(async () => {
  oracle = await startTrustOracle(join(partPath('node'), 'node_modules'))
})
afterAll(() => oracle.stop())

test('the independent evaluator decides 1,000 trust policies as ours does', async () => {
  const { both, disagreements } = await compareWith(oracle, trustPair, { count: 1_000 })
  expect(disagreements).toEqual([])
  // Neither answer is rare, or agreeing would say little.
  expect(Math.min(both.allowed, both['not-allowed'], both.denied)).toBeGreaterThan(50)
})

const differences = JSON.parse(readFileSync('test/fixtures/trust/differences.json', 'utf8')) as readonly (Omit<
  TrustPair,
  'seed'
> & {
  readonly name: string
  readonly independent: string
})[]

// When one of these fails, a newer version has learned it: the fixture can go, and the pairs may hold it.
test.each(differences)('the independent evaluator still decides otherwise: $name', async difference => {
  expect(await oracle.decide({ seed: 0, ...difference })).toBe(difference.independent)
})
