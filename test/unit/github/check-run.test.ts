import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'

import { createGithub } from '../../../sandbox/github/github.ts'
import { keepCheckRun, type CheckRun } from '../../../src/github/check-run.ts'
import { githubClient, type GitHubClient } from '../../../src/github/client.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { httpSend } from '../../../src/runtime/http.ts'
import { systemClock } from '../../../src/runtime/system-clock.ts'
import { serve, type Served } from '../sandbox-front/ask.ts'

// Every request is held against GitHub's OpenAPI description.
const github = createGithub(() => Date.parse('2026-11-26T16:00:00Z'))
let served: Served
beforeAll(async () => {
  served = await serve(exchange => github.handle(exchange))
})
afterAll(() => served.close())
beforeEach(() => github.clear())
jest.setTimeout(120_000)

/** Reading GitHub's description takes its time on a busy machine; that is no silence of GitHub. */
const patient: Clock = { now: systemClock.now, sleep: (ms, signal) => systemClock.sleep(ms * 20, signal) }

function client(token = github.mintToken({ checks: 'write' })): GitHubClient {
  const ports = { clock: patient, random: () => 0, send: httpSend }
  const apiUrl = `http://127.0.0.1:${served.port}`
  return githubClient({ apiUrl, repository: 'acme/shop', token, patienceMs: 60_000 }, ports)
}

const headSha = 'c'.repeat(40)
const annotations = (count: number): CheckRun['annotations'] =>
  Array.from({ length: count }, (_, index) => ({
    path: 'Dockerfile',
    line: index + 1,
    level: 'failure',
    title: `openssl ${index}`,
    message: 'CVE-2026-1 (high)',
  }))
const run: CheckRun = {
  name: 'Scan of shop/api',
  headSha,
  externalId: 'slipway-scan-1',
  detailsUrl: 'https://github.com/acme/shop/actions/runs/1',
  conclusion: 'failure',
  title: '2 of 3 findings block',
  summary: '### Scan',
  annotations: annotations(2),
}

interface Kept {
  readonly status: string
  readonly conclusion: string | null
  readonly output: { readonly title: string; readonly annotations_count: number }
}

async function kept(): Promise<readonly Kept[]> {
  const answer = await client().get(`/commits/${headSha}/check-runs`)
  return (answer as { readonly check_runs: readonly Kept[] }).check_runs
}

test('a check is made on the head of the pull request, with its notes, and completed', async () => {
  expect(await keepCheckRun(client(), run)).toBe('made')
  expect(await kept()).toMatchObject([
    {
      head_sha: headSha,
      external_id: 'slipway-scan-1',
      status: 'completed',
      conclusion: 'failure',
      output: { title: '2 of 3 findings block', summary: '### Scan', annotations_count: 2 },
    },
  ])
})

test('more notes than a request may have are sent by fifty, and none is lost', async () => {
  await keepCheckRun(client(), { ...run, annotations: annotations(120) })
  expect(await kept()).toMatchObject([{ status: 'completed', output: { annotations_count: 120 } }])
})

test('the next attempt brings its check up to date, where it has no notes that would stay', async () => {
  await keepCheckRun(client(), { ...run, annotations: [] })
  expect(
    await keepCheckRun(client(), { ...run, annotations: [], conclusion: 'success', title: 'Nothing blocks' }),
  ).toBe('changed')
  expect(await kept()).toMatchObject([{ conclusion: 'success', output: { title: 'Nothing blocks' } }])
})

test('notes cannot be taken back: a check that has some is followed by a new one, which is what GitHub shows', async () => {
  await keepCheckRun(client(), run)
  await keepCheckRun(client(), { ...run, annotations: annotations(1) })
  expect((await kept()).map(({ output }) => output.annotations_count)).toEqual([2, 1])
})

test('the check of another image or another job stays what it is', async () => {
  await keepCheckRun(client(), { ...run, annotations: [] })
  expect(await keepCheckRun(client(), { ...run, annotations: [], externalId: 'slipway-scan-2' })).toBe('made')
  expect(await kept()).toHaveLength(2)
})

test('without the permission it is refused', async () => {
  const reader = client(github.mintToken({ checks: 'read' }))
  await expect(keepCheckRun(reader, run)).rejects.toMatchObject({ status: 403 })
})
