import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { copySlipway, createSample } from '../../sandbox/demo/repositories.ts'
import type { ActOutcome } from '../../sandbox/demo/run-acts.ts'
import { runActs } from '../../sandbox/demo/run-acts.ts'
import { seedSample } from '../../sandbox/demo/seed.ts'
import { attach } from '../../sandbox/platform.ts'

/** The sample's own workflow, by act, on its three commits: what `npm run demo` shows. */
let outcomes: readonly ActOutcome[] = []
const folder = mkdtempSync(join(tmpdir(), 'slipway-ship-'))
const log: string[] = []

beforeAll(async () => {
  const platform = attach()
  await platform.reset()
  await seedSample(platform)
  const repository = join(folder, 'shop')
  const slipway = join(folder, 'slipway')
  copySlipway(slipway)
  createSample(repository)
  const note = (line: string): void => void log.push(line)
  const { signal } = new AbortController()
  outcomes = await runActs({ platform, repository, slipway, reports: folder, say: note, onLine: note, signal })
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each([
  ['good', 'a good commit becomes healthy pods that answer with the commit'],
  ['crash', 'a commit that crashes fails with its cause, and the old version never stops answering'],
  ['critical', 'a commit with a critical finding stops at the scan, and nothing is applied'],
])('%s: %s', name => {
  const outcome = outcomes.find(({ act }) => act === name)
  expect({ problems: outcome?.problems, log: outcome?.problems.length === 0 ? [] : log }).toEqual({
    problems: [],
    log: [],
  })
})

test('the log names the container, its exit code and its last line', () => {
  expect(log.join('\n')).toMatch(/✗ api \w{7} failed after [\d.]+ s · api: container "api" exited with 3 twice/)
  expect(log).toContain('    shop: PAYMENT_API_KEY is not set')
})

test('no secret of the run stands in its log', () => {
  expect(log.join('\n')).not.toMatch(/ASIA[A-Z0-9]{16}|eyJ[\w-]+\.[\w-]+\.|k8s-aws-v1\./)
})
