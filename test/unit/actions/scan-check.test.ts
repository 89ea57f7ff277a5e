import { expect, test } from '@jest/globals'

import { checkCommit } from '../../../src/actions/scan-check.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { systemClock } from '../../../src/runtime/system-clock.ts'
import { testContext, type TestContext } from '../../support/image-context.ts'
import { json, startLoopback } from '../../support/loopback.ts'
import { seededScan } from '../../support/scan-results.ts'

const head = 'd'.repeat(40)

function run(
  pullRequest: number | undefined,
  apiUrl = 'https://api.github.com',
): Omit<TestContext, 'clock'> & { readonly clock: Clock } {
  const { github } = testContext()
  const pull = pullRequest === undefined ? {} : { pullRequest, headSha: head, baseRef: 'main' }
  return { ...testContext({ github: { ...github, apiUrl, ...pull } }), clock: systemClock }
}

const given = { check: 'auto', githubToken: 'ghs_token' } as const
const scan = seededScan(20)

test('a pull request gets its check on its head, not on the merge of it', async () => {
  const server = await startLoopback(({ method }, response) =>
    json(response, 200, method === 'GET' ? { check_runs: [] } : { id: 5 }),
  )
  try {
    const context = run(7, server.url)
    await checkCommit(given, scan, context)
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /repos/acme/shop/commits/${head}/check-runs`,
      'POST /repos/acme/shop/check-runs',
    ])
    expect(JSON.parse(server.requests[1]?.body ?? '')).toMatchObject({
      head_sha: head,
      name: 'Scan of shop/api (aaaaaaaaaaaa)',
      conclusion: 'failure',
      status: 'completed',
    })
    expect(context.masked).toContain('ghs_token')
  } finally {
    await server.close()
  }
})

test('another image of the repository has a check of its own: its pass hides no failure', async () => {
  const server = await startLoopback(({ method }, response) =>
    json(response, 200, method === 'GET' ? { check_runs: [] } : { id: 5 }),
  )
  try {
    const context = run(7, server.url)
    await checkCommit(given, scan, context)
    await checkCommit(given, { ...seededScan(0), digest: `sha256:${'e'.repeat(64)}` }, context)
    const made = server.requests
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => JSON.parse(body) as { readonly name: string; readonly external_id: string })
    expect(made.map(({ name }) => name)).toEqual(['Scan of shop/api (aaaaaaaaaaaa)', 'Scan of shop/api (eeeeeeeeeeee)'])
    expect(new Set(made.map(({ external_id: id }) => id)).size).toBe(2)
  } finally {
    await server.close()
  }
})

test.each([
  [403, 'Resource not accessible by integration', ' Give the job `checks: write`, or set check to off.'],
  [401, 'Bad credentials', ' Check the input github-token: GitHub does not take it.'],
  [422, 'Validation Failed', ''],
])('a refusal with %i is told, with what to do, and fails nothing', async (status, message, todo) => {
  const server = await startLoopback((_, response) => json(response, status, { message }))
  try {
    const context = run(7, server.url)
    await checkCommit(given, scan, context)
    expect(context.logged).toEqual([
      `warning: The commit gets no check of the scan (HTTP ${status}: ${message}): the report is in the summary.${todo}`,
    ])
  } finally {
    await server.close()
  }
})

test.each([
  ['no pull request', given, undefined],
  ['check off', { ...given, check: 'off' } as const, 7],
  ['no token', { ...given, githubToken: '' }, 7],
])('with %s GitHub is not asked', async (_, inputs, pullRequest) => {
  const context = run(pullRequest, 'http://127.0.0.1:1')
  await checkCommit(inputs, scan, context)
  expect(context.logged).toEqual([])
})
