import { afterEach, describe, expect, test } from '@jest/globals'

import { httpGet } from '../../../src/runtime/http-get.ts'
import { createOidc } from '../../../src/runtime/oidc.ts'
import type { OidcPorts } from '../../../src/runtime/oidc.ts'
import type { Handler, Loopback } from '../../support/loopback.ts'
import { json, startLoopback } from '../../support/loopback.ts'
import { SkippingClock } from '../../support/manual-clock.ts'

const token = 'aaaa.bbbb.cccc'
let server: Loopback | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

/** Time-outs of single tries never strike: every sleep that is not a pause between tries lasts for ever. */
class PausesOnly extends SkippingClock {
  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return ms === 5_000 ? new Promise(() => {}) : super.sleep(ms, signal)
  }
}

async function oidcBehind(handler: Handler, more: Partial<OidcPorts> = {}) {
  server = await startLoopback(handler)
  const masked: string[] = []
  const clock = new PausesOnly()
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${server.url}/token?api-version=2`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'bearer-of-the-job',
  }
  const ports = {
    clock,
    random: () => 1,
    get: httpGet,
    mask: (text: string) => masked.push(text),
    github: { fromFork: false, actor: 'ada', eventName: 'push' },
    ...more,
  }
  return { oidc: createOidc(env, ports), server, masked, clock }
}

/** Answers the given statuses in order, then a token. */
function after(...statuses: readonly number[]): Handler {
  const left = [...statuses]
  return (_, response) => {
    const status = left.shift()
    if (status === undefined) json(response, 200, { value: token })
    else json(response, status, {}, status === 429 ? { 'retry-after': '3' } : {})
  }
}

test('asks for the audience with the right of the job, and masks what it gets', async () => {
  const { oidc, server: asked, masked } = await oidcBehind(after())
  expect(await oidc.token('sts.amazonaws.com')).toBe(token)
  const [request] = asked.requests
  expect(request?.query.get('audience')).toBe('sts.amazonaws.com')
  expect(request?.headers.authorization).toBe('Bearer bearer-of-the-job')
  expect(masked).toEqual(['bearer-of-the-job', token])
})

describe('trouble on the way is tried again', () => {
  test('server errors with growing pauses', async () => {
    const { oidc, clock } = await oidcBehind(after(503, 500))
    expect(await oidc.token('a')).toBe(token)
    expect(clock.slept).toEqual([500, 1_000])
  })

  test('too many requests after the time that the server names', async () => {
    const { oidc, clock } = await oidcBehind(after(429))
    expect(await oidc.token('a')).toBe(token)
    expect(clock.slept).toEqual([3_000])
  })

  test('up to a bound, and then it says what happened', async () => {
    const { oidc, server: asked } = await oidcBehind(after(...Array.from({ length: 20 }, () => 502)))
    await expect(oidc.token('a')).rejects.toMatchObject({ kind: 'remote', code: 'oidc-unreachable' })
    expect(asked.requests).toHaveLength(6)
  })
})

describe('what asking again cannot change is told at once', () => {
  test.each([401, 403])('a refusal with %i', async status => {
    const { oidc, server: asked } = await oidcBehind(after(status))
    await expect(oidc.token('a')).rejects.toMatchObject({ kind: 'denied', code: 'oidc-refused' })
    expect(asked.requests).toHaveLength(1)
  })

  test.each([
    ['no JSON', '<html>proxy</html>'],
    ['no token in it', '{"value":"x"}'],
  ])('an answer with %s, which is not repeated in the error', async (_, body) => {
    const { oidc } = await oidcBehind((__, response) => void response.end(body))
    await expect(oidc.token('a')).rejects.toMatchObject({
      code: 'oidc-unreachable',
      message: 'The answer of the OIDC token endpoint holds no token.',
    })
  })
})

describe('without the permission', () => {
  const ports: OidcPorts = {
    clock: new SkippingClock(),
    random: () => 0,
    get: httpGet,
    mask: () => {},
    github: { fromFork: false, actor: 'ada', eventName: 'push' },
  }

  test('it names the line to add', async () => {
    const oidc = createOidc({}, ports)
    expect(oidc.available).toBe(false)
    await expect(oidc.token('a')).rejects.toMatchObject({
      kind: 'denied',
      code: 'oidc-permission',
      todo: expect.stringContaining('id-token: write'),
    })
  })

  test.each([
    ['a run of Dependabot', { GITHUB_ACTIONS: 'true' }, { actor: 'dependabot[bot]' }, /Dependabot started/],
    [
      'half of the variables',
      { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x' },
      {},
      /ACTIONS_ID_TOKEN_REQUEST_TOKEN did not reach/,
    ],
    ['no job at all', {}, { eventName: '' }, /no job of GitHub Actions/],
    ['a job without the permission', { GITHUB_ACTIONS: 'true' }, {}, /a reusable workflow needs it from its caller/],
  ])('%s is told apart', async (_, env, github, why) => {
    const oidc = createOidc(env, { ...ports, github: { ...ports.github, ...github } })
    await expect(oidc.token('a')).rejects.toMatchObject({ code: 'oidc-permission', why })
  })

  test('in a pull request from a fork it says that there is none', async () => {
    await expect(
      createOidc({}, { ...ports, github: { fromFork: true, actor: 'ada', eventName: 'pull_request' } }).token('a'),
    ).rejects.toMatchObject({
      why: expect.stringContaining('fork'),
    })
  })
})

test('an aborted wait ends with its reason, not with an error of ours', async () => {
  const controller = new AbortController()
  const { oidc } = await oidcBehind(() => controller.abort(new Error('cancelled')))
  await expect(oidc.token('a', controller.signal)).rejects.toThrow('cancelled')
})
