import { describe, expect, test } from '@jest/globals'
import { ociRegistry } from '../../../src/registry/oci.ts'
import { host, imageManifest } from '../../support/images.ts'
import { virtualClock } from '../../support/virtual-clock.ts'

const login = { host, user: 'AWS', password: 'secret', expiresAt: new Date(0) }

interface Asked {
  readonly url: string
  readonly init: RequestInit
}

/** A registry that gives these answers one after the other; the last one for ever. */
function registryOf(...answers: readonly (Response | Error)[]) {
  const clock = virtualClock()
  const asked: Asked[] = []
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]
    asked.push({ url, init })
    if (answer instanceof Response) return answer.clone()
    throw answer ?? new Error('no answer')
  }
  return { registry: ociRegistry(login, { clock, fetch }), asked, clock }
}

function refusal(status: number, code: string, message: string, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ errors: [{ code, message }] }), { status, headers })
}

describe('reading a manifest', () => {
  const stored = imageManifest('one')
  const found = new Response(stored.raw, {
    headers: { 'content-type': stored.mediaType, 'docker-content-digest': stored.digest },
  })

  test('by tag asks over HTTPS with the login and accepts an index', async () => {
    const { registry, asked } = registryOf(found)
    expect((await registry.manifest('shop/api', 'v1'))?.digest).toBe(stored.digest)
    expect(asked[0]?.url).toBe(`https://${host}/v2/shop/api/manifests/v1`)
    expect(asked[0]?.init.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('AWS:secret').toString('base64')}`,
      accept: expect.stringContaining('application/vnd.oci.image.index.v1+json'),
    })
  })

  test('that is not there gives undefined', async () => {
    const { registry } = registryOf(refusal(404, 'MANIFEST_UNKNOWN', 'Requested image not found'))
    expect(await registry.manifest('shop/api', 'v1')).toBeUndefined()
  })

  test('in a repository that is not there is the error of a user', async () => {
    const { registry } = registryOf(refusal(404, 'NAME_UNKNOWN', 'The repository does not exist'))
    await expect(registry.manifest('shop/api', 'v1')).rejects.toMatchObject({
      kind: 'user',
      code: 'ecr-repository-missing',
      message: 'The ECR repository "shop/api" does not exist in account 123456789012, us-east-1.',
    })
  })

  test('whose bytes are not what the digest promises fails', async () => {
    const { registry } = registryOf(new Response(imageManifest('forged').raw))
    await expect(registry.manifest('shop/api', stored.digest)).rejects.toMatchObject({ code: 'manifest-unreadable' })
  })

  test.each([401, 403])('with HTTP %i is a missing permission', async status => {
    const { registry } = registryOf(refusal(status, 'DENIED', 'User is not authorized'))
    await expect(registry.manifest('shop/api', 'v1')).rejects.toMatchObject({
      kind: 'denied',
      code: 'registry-denied',
      why: expect.stringContaining('User is not authorized'),
    })
  })
})

describe('a passing failure', () => {
  const digest = imageManifest('one').digest
  const ok = new Response(null, { headers: { 'docker-content-digest': digest } })

  test('is tried again after growing pauses', async () => {
    const { registry, clock } = registryOf(refusal(503, '', ''), new TypeError('fetch failed'), ok)
    expect(await registry.head('shop/api', 'v1')).toBe(digest)
    expect(clock.sleeps).toEqual([500, 1000])
  })

  test('waits as long as the registry asks, within reason', async () => {
    const { registry, clock } = registryOf(
      refusal(429, 'TOOMANYREQUESTS', '', { 'retry-after': '7' }),
      refusal(429, '', '', { 'retry-after': '9999' }),
      ok,
    )
    expect(await registry.head('shop/api', 'v1')).toBe(digest)
    expect(clock.sleeps).toEqual([7000, 30_000])
  })

  test('that stays names the host and what Node saw', async () => {
    const failure = new TypeError('fetch failed', { cause: new Error('getaddrinfo ENOTFOUND') })
    const { registry, asked } = registryOf(failure)
    await expect(registry.head('shop/api', 'v1')).rejects.toMatchObject({
      kind: 'remote',
      code: 'registry-unreachable',
      why: 'getaddrinfo ENOTFOUND',
      message: expect.stringContaining(host),
    })
    expect(asked).toHaveLength(4)
  })

  test('ends at once when the job is cancelled', async () => {
    const { registry } = registryOf(new TypeError('fetch failed'))
    const reason = new Error('cancelled')
    await expect(registry.head('shop/api', 'v1', AbortSignal.abort(reason))).rejects.toBe(reason)
  })
})

describe('giving a manifest one more tag', () => {
  const stored = imageManifest('one')

  test('puts the same bytes under the tag', async () => {
    const { registry, asked } = registryOf(new Response(null, { status: 201 }))
    await registry.tag('shop/api', 'v2', stored)
    expect(asked[0]).toMatchObject({
      url: `https://${host}/v2/shop/api/manifests/v2`,
      init: { method: 'PUT', body: stored.raw, headers: { 'content-type': stored.mediaType } },
    })
  })

  test('that may not move is the error of a user', async () => {
    const { registry } = registryOf(
      refusal(
        400,
        'TAG_INVALID',
        "The image tag 'v2' already exists in the 'shop/api' repository and cannot be overwritten because the repository is immutable.",
      ),
    )
    await expect(registry.tag('shop/api', 'v2', stored)).rejects.toMatchObject({
      kind: 'user',
      code: 'ecr-tag-immutable',
      message: expect.stringContaining('v2'),
    })
  })
})

describe('reading a configuration', () => {
  test('checks its bytes against its digest', async () => {
    const { configText, config = '' } = imageManifest('one')
    expect(await registryOf(new Response(configText)).registry.config('shop/api', config)).toMatchObject({
      os: 'linux',
      architecture: 'amd64',
    })
    await expect(registryOf(new Response('{}')).registry.config('shop/api', config)).rejects.toMatchObject({
      code: 'registry-damaged',
    })
  })
})
