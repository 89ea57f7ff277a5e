import { expect, test } from '@jest/globals'

import { commentOnPullRequest } from '../../../src/actions/scan-comment.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { systemClock } from '../../../src/runtime/system-clock.ts'
import { testContext, type TestContext } from '../../support/image-context.ts'
import { json, startLoopback } from '../../support/loopback.ts'
import { seededScan } from '../../support/scan-results.ts'

function run(
  pullRequest: number | undefined,
  apiUrl = 'https://api.github.com',
): Omit<TestContext, 'clock'> & { readonly clock: Clock } {
  const { github } = testContext()
  const pull = pullRequest === undefined ? {} : { pullRequest, baseRef: 'main' }
  return { ...testContext({ github: { ...github, apiUrl, ...pull } }), clock: systemClock }
}

const given = { comment: 'auto', githubToken: 'ghs_token' } as const
const scan = seededScan(20)

test('the report of a pull request is written to it, with a mark at its end', async () => {
  const server = await startLoopback(({ method }, response) => json(response, 200, method === 'GET' ? [] : {}))
  try {
    const context = run(7, server.url)
    await commentOnPullRequest(given, scan, context)
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /repos/acme/shop/issues/7/comments',
      'POST /repos/acme/shop/issues/7/comments',
    ])
    const { body } = JSON.parse(server.requests[1]?.body ?? '') as { readonly body: string }
    expect(body).toMatch(/^### ❌ Scan of \*\*shop\/api\*\*[^]*<!-- slipway:image-scan:v1 key=[0-9a-f]{8} -->$/)
    expect(context.masked).toContain('ghs_token')
  } finally {
    await server.close()
  }
})

test('two jobs that scan the same image have a comment each', async () => {
  const server = await startLoopback(({ method }, response) => json(response, 200, method === 'GET' ? [] : {}))
  try {
    for (const job of ['app', 'worker']) {
      const context = run(7, server.url)
      await commentOnPullRequest(given, scan, { ...context, github: { ...context.github, job } })
    }
    const bodies = server.requests.filter(({ method }) => method === 'POST').map(({ body }) => body)
    const marks = bodies.map(body => /key=([0-9a-f]{8})/.exec(body)?.[1])
    expect(new Set(marks).size).toBe(2)
  } finally {
    await server.close()
  }
})

test.each([
  [403, 'Resource not accessible by integration', 'Give the job `pull-requests: write`, or set comment to off.'],
  [404, 'Not Found', 'Give the job `pull-requests: write`, or set comment to off.'],
  [401, 'Bad credentials', 'Check the input github-token: GitHub does not take it.'],
])('a refusal with %i is told, with what to do, and fails nothing', async (status, message, todo) => {
  const server = await startLoopback((_, response) => json(response, status, { message }))
  try {
    const context = run(7, server.url)
    await commentOnPullRequest(given, scan, context)
    expect(context.logged.join('\n')).toContain(
      `Pull request 7 gets no comment (HTTP ${status}: ${message}): the report is in the summary. ${todo}`,
    )
  } finally {
    await server.close()
  }
})

test.each([
  ['no pull request', given, undefined],
  ['comment off', { ...given, comment: 'off' } as const, 7],
  ['no token', { ...given, githubToken: '' }, 7],
])('with %s GitHub is not asked', async (_, inputs, pullRequest) => {
  const server = await startLoopback((__, response) => json(response, 200, []))
  try {
    const context = run(pullRequest, server.url)
    await commentOnPullRequest(inputs, scan, context)
    expect([server.requests, context.logged]).toEqual([[], []])
  } finally {
    await server.close()
  }
})
