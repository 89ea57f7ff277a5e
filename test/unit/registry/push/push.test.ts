import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createBudget } from '../../../../src/registry/push/budget.ts'
import { openRegistry } from '../../../../src/registry/push/connection.ts'
import { blobPath, readLayout } from '../../../../src/registry/push/layout.ts'
import type { PushResult } from '../../../../src/registry/push/model.ts'
import { pushImage, type PushRequest } from '../../../../src/registry/push/push.ts'
import { talkTo } from '../../../../src/registry/push/talk.ts'
import { recordingLog } from '../../../support/context.ts'
import { makeLayout, type MadeLayout } from '../../../support/layouts.ts'
import { SkippingClock } from '../../../support/manual-clock.ts'
import { startMemoryRegistry, type FaultAt, type MemoryRegistry } from '../../../support/memory-registry.ts'

let registry: MemoryRegistry
beforeEach(async () => {
  registry = await startMemoryRegistry()
})
afterEach(() => registry.close())

interface Pushed {
  readonly result: PushResult
  readonly slept: number
  readonly lines: readonly string[]
}

async function push(
  layout: MadeLayout,
  change: Partial<PushRequest> = {},
  { password = 'good', renewed = 'good' } = {},
): Promise<Pushed> {
  const [clock, log] = [new SkippingClock(), recordingLog()]
  const login = { user: 'AWS', password }
  const connection = await openRegistry('registry.example', () => login, registry.origin)
  const renew = async (): Promise<void> => void (login.password = renewed)
  const signal = new AbortController().signal
  const talk = talkTo(connection, renew, { clock, log, signal, random: () => 0.5 })
  const since = clock.now()
  try {
    const request = { layout: await readLayout(layout.folder), repository: 'shop/api', tags: ['v1'], ...change }
    const result = await pushImage(request, { talk, budget: createBudget(8, clock) })
    return { result, slept: clock.now() - since, lines: log.lines }
  } finally {
    await connection.close()
  }
}

const layers = (): readonly Buffer[] => [randomBytes(3_000), randomBytes(5_000)]

/** The first `times` requests that fit get the fault. */
function faults(method: string, path: RegExp, fault: ReturnType<FaultAt>, times = 1): FaultAt {
  let left = times
  return call => (call.method === method && path.test(call.path) && left-- > 0 ? fault : undefined)
}

describe('a push', () => {
  test('stores blobs, then manifests from the leaves up, then the tag, and says what it did', async () => {
    const layout = makeLayout(layers(), ['linux/amd64', 'linux/arm64'])
    const { result } = await push(layout)
    expect(result).toMatchObject({ digest: layout.digest, manifests: 4, tags: [{ tag: 'v1', pushed: true }] })
    expect(result.blobs.map(({ how }) => how)).toEqual(Array.from({ length: 6 }, () => 'uploaded'))
    expect(registry.manifests.get('shop/api:v1')?.type).toBe('application/vnd.oci.image.index.v1+json')
    const order = registry.calls
      .filter(({ method }) => method === 'PUT')
      .map(({ path }) => (path.includes('/blobs/') ? 'blob' : path.endsWith('/v1') ? 'tag' : 'manifest'))
    expect(order).toEqual([
      ...Array.from({ length: 6 }, () => 'blob'),
      'manifest',
      'manifest',
      'manifest',
      'manifest',
      'tag',
    ])
  })

  test('of what is there is two questions and no upload', async () => {
    const layout = makeLayout(layers())
    await push(layout)
    registry.calls.splice(0)
    const { result } = await push(layout)
    expect(registry.calls.map(({ method }) => method)).toEqual(['HEAD', 'HEAD'])
    expect(result).toMatchObject({ manifests: 0, tags: [{ tag: 'v1', pushed: false }] })
  })

  test('sends only the layers that are new', async () => {
    const [shared, one, two] = [randomBytes(3_000), randomBytes(5_000), randomBytes(4_000)]
    await push(makeLayout([shared, one]))
    const { result } = await push(makeLayout([shared, two]), { tags: ['v2'] })
    expect(result.blobs.map(({ size, how }) => [size, how])).toEqual(
      expect.arrayContaining([
        [3_000, 'reused'],
        [4_000, 'uploaded'],
      ]),
    )
  })

  test('lets the registry link layers of another repository', async () => {
    const layout = makeLayout(layers())
    await push(layout, { repository: 'shop/base' })
    const { result } = await push(layout, { mountFrom: 'shop/base' })
    expect(result.blobs.map(({ how }) => how)).toEqual(['mounted', 'mounted', 'mounted'])
  })

  test('that is not linked is uploaded', async () => {
    const { result } = await push(makeLayout(layers()), { mountFrom: 'shop/nothing' })
    expect(new Set(result.blobs.map(({ how }) => how))).toEqual(new Set(['uploaded']))
  })

  test('of many tags keeps its distance between manifests', async () => {
    const { slept } = await push(makeLayout(layers()), { tags: Array.from({ length: 16 }, (_, index) => `t${index}`) })
    expect(slept).toBeGreaterThanOrEqual(1_900)
  })
})

describe('trouble that passes', () => {
  const blob = /\/blobs\/uploads\/./
  test.each<[string, FaultAt]>([
    ['a manifest that fails with 500 once', faults('PUT', /manifests/, { status: 500 })],
    ['an upload that begins with 503 once', faults('POST', /uploads/, { status: 503 })],
    [
      'an upload that the registry forgot',
      faults('PUT', blob, { status: 404, code: 'BLOB_UPLOAD_UNKNOWN', message: 'gone' }),
    ],
    [
      'an upload that the registry calls invalid, both in parallel',
      faults('PUT', blob, { status: 400, code: 'BLOB_UPLOAD_INVALID', message: 'bad' }, 2),
    ],
    ['429 once', faults('POST', /uploads/, { status: 429 })],
    [
      '429 twenty times, with Retry-After',
      faults('POST', /uploads/, { status: 429, headers: { 'retry-after': '2' } }, 20),
    ],
    ['a login that ended', faults('HEAD', /blobs/, { status: 401, code: 'UNAUTHORIZED', message: 'expired' })],
    ['a connection that breaks at the end of a blob', faults('PUT', blob, { cut: 100 })],
    ['a connection that breaks in a manifest', faults('PUT', /manifests/, { cut: 10 })],
    [
      'a layer that a clean-up took meanwhile',
      faults('PUT', /manifests/, { status: 404, code: 'MANIFEST_BLOB_UNKNOWN', message: 'LayersNotFound' }),
    ],
    ['a wrong digest echoed for a layer', faults('PUT', blob, { echo: `sha256:${'0'.repeat(64)}` })],
  ])('%s', async (_, fault) => {
    const layout = makeLayout(layers())
    registry.fault = fault
    const { result } = await push(layout)
    expect(result.digest).toBe(layout.digest)
    expect(registry.manifests.has('shop/api:v1')).toBe(true)
  })

  test('waits as long as the registry says, not less', async () => {
    registry.fault = faults('POST', /uploads/, { status: 429, headers: { 'retry-after': '7' } })
    expect((await push(makeLayout(['only']))).slept).toBeGreaterThanOrEqual(7_000)
  })

  test('a login that ended is got anew', async () => {
    const { result } = await push(makeLayout(layers()), {}, { password: 'old', renewed: 'good' })
    expect(result.tags).toEqual([{ tag: 'v1', pushed: true }])
  })
})

describe('a large layer', () => {
  const large = randomBytes(9_000_000)

  test.each([true, false])(
    'whose connection breaks goes on where it was, if the registry tells where (%s)',
    async tells => {
      registry.tellsOffset = tells
      registry.fault = faults('PATCH', /./, { cut: 4_000_000 })
      const { result, lines } = await push(makeLayout([large]))
      expect(result.blobs[0]).toMatchObject({ how: 'uploaded', size: 9_000_000 })
      const sent = registry.calls.filter(({ method }) => method === 'PATCH').map(({ bytes }) => bytes)
      expect(sent).toHaveLength(2)
      expect(sent[1]).toBe(tells ? 5_000_000 : 9_000_000)
      expect(lines.filter(line => line.startsWith('warning'))).toEqual([])
    },
  )
})

describe('what does not pass is told in the words of the registry', () => {
  test.each<[string, FaultAt, object]>([
    [
      'a role that may not push',
      faults(
        'PUT',
        /manifests/,
        { status: 403, code: 'DENIED', message: 'User: x is not authorized to perform: ecr:PutImage' },
        99,
      ),
      {
        kind: 'denied',
        code: 'registry-denied',
        why: 'It says: User: x is not authorized to perform: ecr:PutImage (HTTP 403, DENIED).',
      },
    ],
    [
      'an error without an end',
      faults('PUT', /manifests/, { status: 500, message: 'oh no' }, 999),
      { kind: 'remote', code: 'registry-answer', why: 'It says: oh no (HTTP 500).' },
    ],
    [
      'a login that stays refused',
      () => ({ status: 401, code: 'UNAUTHORIZED', message: 'Not Authorized' }),
      { code: 'registry-denied', why: 'It says: Not Authorized (HTTP 401, UNAUTHORIZED).' },
    ],
    [
      'a manifest that is not taken',
      faults('PUT', /manifests/, { status: 400, code: 'MANIFEST_INVALID', message: 'Invalid media type' }, 99),
      { code: 'registry-answer', why: 'It says: Invalid media type (HTTP 400, MANIFEST_INVALID).' },
    ],
    [
      'a wrong digest echoed for a manifest',
      faults('PUT', /manifests/, { echo: `sha256:${'0'.repeat(64)}` }, 99),
      {
        code: 'registry-wrong-answer',
        message: expect.stringContaining(`it stored sha256:${'0'.repeat(64)} instead of sha256:`),
      },
    ],
    ['a registry that always breaks off', faults('POST', /uploads/, { cut: 0 }, 999), { code: 'registry-unreachable' }],
  ])('%s', async (_, fault, expected) => {
    registry.fault = fault
    await expect(push(makeLayout(layers()))).rejects.toMatchObject(expected)
    expect(registry.manifests.has('shop/api:v1')).toBe(false)
  })

  test('a repository that does not exist', async () => {
    await expect(push(makeLayout(layers()), { repository: 'missing' })).rejects.toMatchObject({
      kind: 'user',
      code: 'registry-repository-missing',
    })
  })

  test('a layer that is damaged on the way', async () => {
    const layout = makeLayout(layers())
    const digest = layout.layers[0] ?? ''
    writeFileSync(blobPath(layout.folder, digest), Buffer.alloc(3_000))
    await expect(push(layout)).rejects.toMatchObject({
      code: 'registry-answer',
      why: expect.stringContaining('DIGEST_INVALID'),
    })
  })
})

test('a tag that another run took right after is told', async () => {
  const layout = makeLayout(layers())
  let put = false
  registry.fault = call => {
    if (call.path.endsWith('manifests/v1') && call.method === 'PUT') put = true
    return put && call.method === 'HEAD' && call.path.endsWith('manifests/v1') ? { status: 404 } : undefined
  }
  await expect(push(layout)).rejects.toMatchObject({
    code: 'tag-overtaken',
    message: `The tag v1 of "shop/api" names nothing right after it was given to ${layout.digest}.`,
  })
})

describe('a tag that may not move', () => {
  beforeEach(() => {
    registry.immutable = true
  })

  test('and names this image already is fine', async () => {
    const layout = makeLayout(layers())
    await push(layout)
    expect((await push(layout)).result.tags).toEqual([{ tag: 'v1', pushed: false }])
  })

  test('and names another image: both digests are told', async () => {
    const first = makeLayout(layers())
    await push(first)
    const second = makeLayout(layers())
    await expect(push(second)).rejects.toMatchObject({
      code: 'ecr-tag-immutable',
      message: `The tag v1 of "shop/api" names ${first.digest}, and cannot name ${second.digest}.`,
    })
  })

  test('and that a run beside this one gave to the same image is fine', async () => {
    const layout = makeLayout(layers())
    await push(layout, { tags: [] })
    // Between the question and the request the other run was faster.
    let asked = false
    registry.fault = call => {
      if (call.method === 'HEAD' && call.path.endsWith('manifests/v1') && !asked) {
        asked = true
        return { status: 404 }
      }
      return undefined
    }
    const entry = registry.manifests.get(`shop/api@${layout.digest}`)
    if (entry !== undefined) registry.manifests.set('shop/api:v1', entry)
    expect((await push(layout)).result.tags).toEqual([{ tag: 'v1', pushed: false }])
  })
})
