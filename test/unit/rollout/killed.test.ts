import { describe, expect, jest, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { wentWell } from '../../../src/rollout/record/leftovers.ts'
import { refusal, type Objection } from '../../support/memory-api.ts'
import { object } from '../../support/objects.ts'
import { maps, shop, type Shop } from '../../support/releases.ts'

// Some forty releases each, of which none waits for anything.
jest.setTimeout(60_000)

const valued = (name: string, value: string): KubeObject => ({ ...object('ConfigMap', name), data: { value } })
/** Configuration that no pod reads is healthy in part at best. */
const good = expect.stringMatching(/^healthy/)
const none: Objection = () => undefined

/** Runs `work` as a process that is killed before its write number `last + 1`: nothing of it reaches the server any more. */
async function killedAfter(world: Shop, last: number, work: () => Promise<unknown>, also: Objection = none) {
  let writes = 0
  world.api.objection = write => {
    if (writes >= last) return new Error('killed')
    writes++
    return also(write)
  }
  await work().catch(() => 'died')
  world.api.objection = none
  return writes
}

/** r1 went well; `theirs` stood before r2, which changes, adds, takes over and prunes. */
async function beforeR2(): Promise<Shop> {
  const world = shop()
  await world.deploy([valued('a', '1'), ...maps('old')])
  world.api.put({ ...valued('theirs', 'old'), metadata: { name: 'theirs', namespace: 'shop' } })
  return world
}
const second = [valued('a', '2'), valued('theirs', 'new'), ...maps('b')]
const failsAtB: Objection = write =>
  write === 'apply ConfigMap shop/b' ? refusal(403, 'Forbidden', 'quota') : undefined

const state = ({ api }: Shop): unknown =>
  Object.fromEntries(
    api.names('ConfigMap').map(name => [name.slice('ConfigMap shop/'.length), api.find(name)?.['data']]),
  )

const released = { a: { value: '2' }, theirs: { value: 'new' }, b: undefined }

/** Every number of writes after which a run may die, the last of which it survives. */
async function everyStep(work: (world: Shop) => Promise<unknown>, also: Objection = none): Promise<readonly number[]> {
  const world = await beforeR2()
  const all = await killedAfter(world, Number.POSITIVE_INFINITY, () => work(world), also)
  expect(all).toBeGreaterThan(6)
  return Array.from({ length: all + 1 }, (_, index) => index)
}

describe('a run that is killed at any of its writes', () => {
  test('while it deploys: the next one brings the cluster where it should be, and the record is whole', async () => {
    for (const last of await everyStep(({ deploy }) => deploy(second))) {
      const world = await beforeR2()
      await killedAfter(world, last, () => world.deploy(second))
      expect(await world.deploy(second)).toMatchObject({ result: { verdict: good } })
      expect({ last, state: state(world) }).toEqual({ last, state: released })
      const [newest, ...older] = await world.records.list()
      expect(newest).toMatchObject({ verdict: good, objects: [{}, {}, {}] })
      expect(older.at(-1)).toMatchObject({ revision: 1, verdict: 'healthy' })
    }
  })

  test('while it deploys: a next one that fails leads back to the release before, and to what others had made', async () => {
    for (const last of await everyStep(({ deploy }) => deploy(second))) {
      const world = await beforeR2()
      await killedAfter(world, last, () => world.deploy(second))
      const went = (await world.records.list()).some(record => record.revision === 2 && wentWell(record))
      world.api.objection = write =>
        write === 'apply ConfigMap shop/c' ? refusal(403, 'Forbidden', 'quota') : undefined
      await world.deploy([...second, ...maps('c')])
      const wanted = went ? released : { a: { value: '1' }, old: undefined, theirs: { value: 'old' } }
      expect({ last, state: state(world) }).toEqual({ last, state: wanted })
    }
  })

  test('while it goes back: the next one goes on', async () => {
    for (const last of await everyStep(({ deploy }) => deploy(second), failsAtB)) {
      const world = await beforeR2()
      await killedAfter(world, last, () => world.deploy(second), failsAtB)
      expect(await world.deploy(second)).toMatchObject({ result: { verdict: good } })
      expect({ last, state: state(world) }).toEqual({ last, state: released })
    }
  })

  test('while it rolls back on demand: the next one reaches the same release', async () => {
    const world = await beforeR2()
    await world.deploy(second)
    const all = await killedAfter(world, Number.POSITIVE_INFINITY, () => world.rollback())
    for (let last = 0; last <= all; last++) {
      const again = await beforeR2()
      await again.deploy(second)
      await killedAfter(again, last, () => again.rollback())
      const done = (await again.records.list()).some(record => record.rollbackTo === 1 && wentWell(record))
      if (!done) expect(await again.rollback()).toMatchObject({ rollbackTo: 1, result: { verdict: good } })
      expect({ last, state: state(again) }).toEqual({
        last,
        state: { a: { value: '1' }, old: undefined, theirs: { value: 'old' } },
      })
    }
  })
})
