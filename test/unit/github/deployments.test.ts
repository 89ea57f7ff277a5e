import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'

import { createGithub } from '../../../sandbox/github/github.ts'
import { githubClient, type GitHubClient } from '../../../src/github/client.ts'
import { showDeployment, showReturn, type DeploymentRequest } from '../../../src/github/deployments.ts'
import type { Clock } from '../../../src/runtime/clock.ts'
import { httpSend, type HttpAnswer, type HttpRequest } from '../../../src/runtime/http.ts'
import { systemClock } from '../../../src/runtime/system-clock.ts'
import { recordingLog } from '../../support/context.ts'
import { virtualClock } from '../../support/virtual-clock.ts'
import { serve, type Served } from '../sandbox-front/ask.ts'

const github = createGithub(() => Date.parse('2026-11-23T16:00:00Z'))
let served: Served
beforeAll(async () => {
  served = await serve(exchange => github.handle(exchange))
})
afterAll(() => served.close())
beforeEach(() => github.clear())

const sha = '4f2c9ab01d3e5f60718293a4b5c6d7e8f9012345'
const earlierSha = '9d01e77f4f2c9ab01d3e5f60718293a4b5c6d7e8'
const request: DeploymentRequest = {
  application: 'shop',
  environment: 'prod',
  sha,
  run: '1/1/ship/shop',
  logUrl: 'https://github.com/acme/shop/actions/runs/1',
  environmentUrl: 'https://shop.example.com',
}

/** Reading GitHub's description takes its time on a busy machine; that is no silence of GitHub. */
const patient: Clock = { now: systemClock.now, sleep: (ms, signal) => systemClock.sleep(ms * 20, signal) }

/** Speaks to the published API, as far as the local platform has it: every request is held against GitHub's OpenAPI. */
function client(token = github.mintToken({ deployments: 'write' })): GitHubClient {
  const ports = { clock: patient, random: () => 0, send: httpSend }
  const apiUrl = `http://127.0.0.1:${served.port}`
  return githubClient({ apiUrl, repository: 'acme/shop', token, patienceMs: 60_000 }, ports)
}

interface Kept {
  readonly deployments: readonly { readonly id: number; readonly sha: string; readonly environment: string }[]
  readonly deploymentStatuses: readonly Readonly<Record<string, string>>[]
}
const kept = (): Kept => github.state() as Kept

/** States of the deployment of a commit, oldest first. */
function statesOf(commit: string): readonly string[] {
  const { deployments, deploymentStatuses } = kept()
  const ids = new Set(deployments.filter(one => one.sha === commit).map(({ id }) => String(id)))
  return deploymentStatuses
    .filter(({ deployment_url: url = '' }) => ids.has(url.split('/').at(-1) ?? ''))
    .map(({ state = '' }) => state)
}

const end = (state: 'success' | 'failure', description = 'told') => ({ state, description })

jest.setTimeout(120_000)

describe('a release on the page of deployments', () => {
  test('is in progress, then what it came to, with the run and the address', async () => {
    await showDeployment(request, client(), recordingLog()).end(end('success', 'healthy after 12.3 s'))
    expect(kept().deployments).toMatchObject([{ sha, environment: 'prod', description: 'shop by Slipway' }])
    expect(kept().deploymentStatuses).toMatchObject([
      { state: 'in_progress', log_url: request.logUrl, environment_url: request.environmentUrl },
      { state: 'success', description: 'healthy after 12.3 s', environment_url: request.environmentUrl },
    ])
  })

  test('that failed and was rolled back makes the earlier one active again', async () => {
    await showDeployment({ ...request, sha: earlierSha, run: '0' }, client(), recordingLog()).end(end('success'))
    const broughtBack = { sha: earlierSha, description: 'active again as r41' }
    await showDeployment(request, client(), recordingLog()).end({ ...end('failure'), broughtBack })
    expect(statesOf(sha)).toEqual(['in_progress', 'failure'])
    expect(statesOf(earlierSha)).toEqual(['in_progress', 'success', 'success'])
    expect(kept().deploymentStatuses.at(-1)).toMatchObject({ state: 'success', description: 'active again as r41' })
  })

  test('of another application in the same environment is left alone', async () => {
    const other = { ...request, application: 'blog', sha: earlierSha }
    await showDeployment(other, client(), recordingLog()).end(end('failure'))
    const broughtBack = { sha: earlierSha, description: 'active again' }
    await showDeployment(request, client(), recordingLog()).end({ ...end('failure'), broughtBack })
    expect(statesOf(earlierSha)).toEqual(['in_progress', 'failure'])
  })

  test('has a description that GitHub takes, however long the cause is', async () => {
    await showDeployment(request, client(), recordingLog()).end(end('failure', `a\nb ${'x'.repeat(300)}`))
    const { description = '' } = kept().deploymentStatuses.at(-1) ?? {}
    expect(description).toHaveLength(140)
    expect(description).toMatch(/^a b x+…$/)
  })

  test('without the permission is one line of the log, and no failure', async () => {
    const log = recordingLog()
    await showDeployment(request, client(github.mintToken({ contents: 'read' })), log).end(end('success'))
    expect(log.lines).toEqual([
      'This release is not shown as a GitHub Deployment: the token may not write them ("permissions: deployments: write").',
    ])
    expect(kept().deployments).toEqual([])
  })

  test('with GitHub out of reach is one line too', async () => {
    const log = recordingLog()
    const ports = { clock: virtualClock(), random: () => 0, send: () => Promise.reject(new Error('ECONNREFUSED')) }
    const deaf = githubClient({ apiUrl: 'x', repository: 'acme/shop', token: 't', patienceMs: 5_000 }, ports)
    await showDeployment(request, deaf, log).end(end('success'))
    expect(log.lines).toEqual(['This release is not shown, or not to its end, as a GitHub Deployment: ECONNREFUSED'])
  })
})

describe('a rollback on demand', () => {
  test('makes the deployment of what it brought back active again', async () => {
    await showDeployment(request, client(), recordingLog()).end(end('success'))
    await showReturn(request, end('success', 'brought back as r7'), client(), recordingLog())
    expect(kept().deployments).toHaveLength(1)
    expect(statesOf(sha)).toEqual(['in_progress', 'success', 'success'])
  })

  test('is a deployment of its own where there was none, or when it failed', async () => {
    await showReturn(request, end('success'), client(), recordingLog())
    await showReturn({ ...request, run: '2' }, end('failure'), client(), recordingLog())
    expect(kept().deployments).toHaveLength(2)
    expect(statesOf(sha)).toEqual(['success', 'failure'])
  })
})

describe('the way to GitHub', () => {
  interface Scripted {
    readonly client: GitHubClient
    readonly asked: readonly HttpRequest[]
    readonly sleeps: readonly number[]
  }

  function scripted(...answers: readonly Partial<HttpAnswer>[]): Scripted {
    const asked: HttpRequest[] = []
    const left = [...answers]
    const clock = virtualClock()
    const send = (sent: HttpRequest): Promise<HttpAnswer> => {
      asked.push(sent)
      return Promise.resolve({ status: 201, headers: {}, body: '{"id":7}', ...left.shift() })
    }
    const ports = { clock, random: () => 0.5, send }
    const made = githubClient(
      { apiUrl: 'https://api', repository: 'acme/shop', token: 'hush', patienceMs: 60_000 },
      ports,
    )
    return { client: made, asked, sleeps: clock.sleeps }
  }

  test('names itself, the version of the API, and carries the token in no address', async () => {
    const { client, asked } = scripted({})
    await client.post('/deployments', { ref: 'x' })
    expect(asked).toMatchObject([
      {
        method: 'POST',
        url: 'https://api/repos/acme/shop/deployments',
        headers: { authorization: 'Bearer hush', 'x-github-api-version': '2022-11-28', 'user-agent': 'slipway' },
      },
    ])
    expect(asked[0]?.url).not.toContain('hush')
  })

  test('is tried again after 502, and asked first whether the try before arrived', async () => {
    const { client, asked } = scripted({ status: 502, body: '<html>' })
    expect(await client.post('/deployments', {}, () => Promise.resolve({ id: 9 }))).toEqual({ id: 9 })
    expect(asked).toHaveLength(1)
  })

  test('waits as long as a secondary limit says', async () => {
    const limited = { status: 403, headers: { 'retry-after': '3' }, body: '{"message":"secondary rate limit"}' }
    const { client, asked, sleeps } = scripted(limited)
    await client.post('/deployments', {})
    expect(asked).toHaveLength(2)
    expect(sleeps).toContain(3_000)
  })

  test('gives up at once on a refusal, with the words of GitHub', async () => {
    const refused = { status: 403, body: '{"message":"Resource not accessible by integration"}' }
    const { client, asked } = scripted(refused)
    await expect(client.post('/deployments', {})).rejects.toThrow('HTTP 403: Resource not accessible by integration')
    expect(asked).toHaveLength(1)
  })
})
