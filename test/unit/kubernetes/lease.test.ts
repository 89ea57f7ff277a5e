import { describe, expect, test } from '@jest/globals'
import { KubeError } from '../../../src/kubernetes/errors.ts'
import { LeaseLostError, acquireLease, decideLease, type LeaseRequest } from '../../../src/kubernetes/lease.ts'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { ManualClock, eventually } from '../../support/manual-clock.ts'
import { memoryStore, type ObjectStore } from '../../support/memory-cluster.ts'

const now = Date.UTC(2026, 10, 2, 9)
const never = new AbortController().signal

function lease(spec: Record<string, unknown>): KubeObject {
  const { apiVersion, kind } = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' }
  return { apiVersion, kind, metadata: { name: 'slipway-shop', namespace: 'shop', resourceVersion: '1' }, spec }
}

const living = { holderIdentity: 'run 1', leaseDurationSeconds: 30, renewTime: '2026-11-02T08:59:55.000000Z' }

describe('whether the lock may be taken', () => {
  test.each([
    ['nobody ever held it', undefined, 0, false, { do: 'create' }],
    ['it is free', { holderIdentity: '' }, 0, false, { do: 'take', why: 'free' }],
    [
      'we hold it already (an earlier try of this run)',
      { ...living, holderIdentity: 'run 2' },
      0,
      false,
      { do: 'take', why: 'mine' },
    ],
    ['its holder renewed a moment ago', living, 0, false, { do: 'wait', holder: 'run 1' }],
    ['it did not change for a while', living, 29_000, false, { do: 'wait', holder: 'run 1' }],
    ['it did not change for its whole duration', living, 30_000, false, { do: 'take', why: 'dead' }],
    [
      "its holder's clock is ten minutes behind",
      { ...living, renewTime: '2026-11-02T08:50:00.000000Z' },
      0,
      false,
      { do: 'wait', holder: 'run 1' },
    ],
    [
      'it was last renewed yesterday',
      { ...living, renewTime: '2026-11-01T09:00:00.000000Z' },
      0,
      false,
      { do: 'take', why: 'dead' },
    ],
    ['we are asked to take it over', living, 0, true, { do: 'take', why: 'asked' }],
    ['it has no renewal time', { holderIdentity: 'run 1' }, 0, false, { do: 'wait', holder: 'run 1' }],
  ] as const)('%s', (_, spec, watchedMs, takeOver, expected) => {
    const seen = spec && { object: lease(spec), firstSeenAt: now - watchedMs }
    expect(decideLease(seen, 'run 2', takeOver, now)).toMatchObject(expected)
  })
})

function request(cluster: ObjectStore, holder: string, more: Partial<LeaseRequest> = {}): LeaseRequest {
  return { cluster, namespace: 'shop', application: 'shop', holder, waitMs: 60_000, ...more }
}

const holderIn = (store: ReturnType<typeof memoryStore>): unknown => {
  const spec = store.objects.get('slipway-shop')?.['spec']
  return typeof spec === 'object' && spec !== null && 'holderIdentity' in spec ? spec.holderIdentity : undefined
}

describe('holding the lock', () => {
  test('it is made, renewed and freed', async () => {
    const [store, clock] = [memoryStore(), new ManualClock(now)]
    const held = await acquireLease(request(store, 'run 1'), { clock }, never)
    expect([holderIn(store), held.takenFrom]).toEqual(['run 1', undefined])
    const before = store.objects.get('slipway-shop')
    await clock.sleeping(8_000, 8_000)
    clock.advance(8_000)
    await eventually(() => store.objects.get('slipway-shop') !== before)
    expect(store.objects.get('slipway-shop')).toMatchObject({ spec: { renewTime: '2026-11-02T09:00:08.000000Z' } })
    await held.release()
    expect(holderIn(store)).toBe('')
    expect(clock.sleepers).toBe(0)
  })

  test('of two that try at once one wins and the other waits for it', async () => {
    const [store, clock] = [memoryStore(), new ManualClock(now)]
    const waited: string[] = []
    const onWait = (holder: string): void => void waited.push(holder)
    const first = acquireLease(request(store, 'run 1', { onWait }), { clock }, never)
    const second = acquireLease(request(store, 'run 2', { onWait }), { clock }, never)
    const winner = await Promise.race([first, second])
    const winnerName = holderIn(store)
    await clock.sleeping(2_000, 2_000)
    await winner.release()
    clock.advance(2_000)
    const both = await Promise.all([first, second])
    expect(waited).toEqual([winnerName])
    expect(holderIn(store)).not.toBe(winnerName)
    await Promise.all(both.map(held => held.release()))
  })

  test('a holder that died is replaced after the duration of its lease', async () => {
    const [store, clock] = [memoryStore(), new ManualClock(now)]
    await store.create(lease({ ...living, renewTime: '2026-11-02T09:00:00.000000Z' }))
    const acquiring = acquireLease(request(store, 'run 2'), { clock }, never)
    for (let waited = 0; waited < 30_000; waited += 2_000) {
      await clock.sleeping(2_000, 2_000)
      clock.advance(2_000)
    }
    const held = await acquiring
    expect(held.takenFrom).toBe('run 1')
    await held.release()
  })

  test('waiting for a living holder ends with a sentence that names it', async () => {
    const [store, clock] = [memoryStore(), new ManualClock(now)]
    await store.create(lease(living))
    await expect(acquireLease(request(store, 'run 2', { waitMs: 0 }), { clock }, never)).rejects.toMatchObject({
      code: 'lock-held',
      message: 'Another release of shop in shop is running: run 1.',
    })
  })

  test('a newer release takes it over, and the older one learns by whom', async () => {
    const [store, clock] = [memoryStore(), new ManualClock(now)]
    const older = await acquireLease(request(store, 'run 1'), { clock }, never)
    const newer = await acquireLease(request(store, 'run 2', { takeOver: true }), { clock }, never)
    expect(newer.takenFrom).toBe('run 1')
    await clock.sleeping(8_000, 8_000)
    clock.advance(8_000)
    await eventually(() => older.lost.aborted)
    expect(older.lost.reason).toBeInstanceOf(LeaseLostError)
    expect(older.lost.reason).toMatchObject({ holder: 'run 2', code: 'lock-lost' })
    await older.release()
    expect(holderIn(store)).toBe('run 2')
    await newer.release()
  })

  test("another's edit of the Lease does not cost the lock", async () => {
    const [store, clock] = [memoryStore(), new ManualClock(now)]
    const held = await acquireLease(request(store, 'run 1'), { clock }, never)
    const current = store.objects.get('slipway-shop')
    if (current) await store.replace({ ...current, metadata: { ...current.metadata, labels: { by: 'hand' } } })
    for (const at of [8_000, 16_000]) {
      await clock.sleeping(8_000, 8_000)
      clock.advance(8_000)
      await clock.sleeping(8_000, 8_000)
      expect([clock.now() - now, held.lost.aborted]).toEqual([at, false])
    }
    await held.release()
    expect(holderIn(store)).toBe('')
  })

  test('a lock that cannot be renewed for its whole duration is lost', async () => {
    const [store, clock] = [memoryStore(), new ManualClock(now)]
    let away = false
    const flaky: ObjectStore = {
      ...store,
      replace: object => (away ? Promise.reject(new Error('no route')) : store.replace(object)),
    }
    const held = await acquireLease(request(flaky, 'run 1'), { clock }, never)
    away = true
    for (const step of [8_000, 8_000, 8_000, 6_000]) {
      await clock.sleeping(8_000, 8_000)
      expect(held.lost.aborted).toBe(false)
      clock.advance(step)
    }
    await eventually(() => held.lost.aborted)
    expect(clock.now() - now).toBe(30_000)
    expect(held.lost.reason).toMatchObject({ holder: undefined, cause: new Error('no route') })
    await held.release()
    expect(clock.sleepers).toBe(0)
  })

  test('a renewal that never answers cannot outlast the lease: it is lost 30 s after the last good one was sent', async () => {
    const [store, clock] = [memoryStore(), new ManualClock(now)]
    let renewals = 0
    const silent: ObjectStore = {
      ...store,
      replace: object => (++renewals === 1 ? store.replace(object) : new Promise<never>(() => undefined)),
    }
    const held = await acquireLease(request(silent, 'run 1'), { clock }, never)
    await clock.sleeping(8_000, 8_000)
    clock.advance(8_000)
    await clock.sleeping(8_000, 8_000)
    clock.advance(8_000)
    await eventually(() => renewals === 2)
    clock.advance(14_000)
    await clock.sleeping(8_000, 8_000)
    expect([clock.now() - now, held.lost.aborted]).toEqual([30_000, false])
    clock.advance(8_000)
    await eventually(() => held.lost.aborted)
    expect(held.lost.reason).toMatchObject({ code: 'lock-lost', holder: undefined })
    await held.release()
    expect(clock.sleepers).toBe(0)
  })
  test('in a namespace that does not exist is refused, not tried for ever', async () => {
    const missing = new KubeError({
      status: 404,
      reason: 'NotFound',
      message: 'namespaces "shpo" not found',
      causes: [],
    })
    const store: ObjectStore = { ...memoryStore(), create: () => Promise.reject(missing) }
    const lock = acquireLease(request(store, 'run 1'), { clock: new ManualClock(now) }, never)
    await expect(lock).rejects.toThrow('namespaces "shpo" not found')
  })
})
