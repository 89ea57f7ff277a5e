import { describe, expect, test } from '@jest/globals'
import type { ReleaseRecord } from '../../../src/rollout/model.ts'
import { targetOf } from '../../../src/rollout/way-back/rollback.ts'
import { maps, shop } from '../../support/releases.ts'

type Told = Pick<ReleaseRecord, 'verdict' | 'rollbackTo' | 'rolledBackTo'>

const good: Told = { verdict: 'healthy' }
const left: Told = { verdict: 'failed' }
const undone = (rolledBackTo: number): Told => ({ verdict: 'failed', rolledBackTo })
const back = (rollbackTo: number): Told => ({ verdict: 'healthy', rollbackTo })

/** The revision that is chosen for r1, r2, …, oldest first. */
function chosen(releases: readonly Told[], to?: number): number {
  const records = releases.map((told, index) => ({
    revision: index + 1,
    application: 'shop',
    images: [],
    objects: [],
    startedAt: 0,
    ...told,
  }))
  const history = records.toReversed()
  const newest = history[0]
  if (!newest) throw new Error('no releases')
  return targetOf(newest, history, to).revision
}

describe('where a rollback goes', () => {
  test.each([
    { what: 'to the release before', releases: [good, good], target: 1 },
    { what: 'past one that failed and was undone', releases: [good, undone(1), good], target: 1 },
    {
      what: 'from a release that was undone, before the one that is live',
      releases: [good, good, undone(2)],
      target: 1,
    },
    { what: 'from a broken release that was left, to the last good one', releases: [good, good, left], target: 2 },
    { what: 'from a run that died, to the last good one', releases: [good, {}], target: 1 },
    { what: 'further back after a rollback, not forth again', releases: [good, good, good, back(2)], target: 1 },
    { what: 'not to what was rolled back before the live one', releases: [good, good, back(1), good], target: 3 },
    { what: 'nor from a broken one', releases: [good, good, back(1), left], target: 3 },
    { what: 'to the one that is asked for', releases: [good, good, good], to: 2, target: 2 },
    { what: 'even if that one failed', releases: [good, left, good], to: 2, target: 2 },
  ])('$what', ({ releases, to, target }) => {
    expect(chosen(releases, to)).toBe(target)
  })

  test.each([
    { what: 'nothing before the first', releases: [good], says: 'No release of shop before the live one was healthy.' },
    {
      what: 'nothing good before',
      releases: [left, good],
      says: 'No release of shop before the live one was healthy.',
    },
    { what: 'an unknown revision', releases: [good, {}], to: 9, says: 'input "to": there is no release r9 of shop.' },
  ])('$what is told with what there is', ({ releases, to, says }) => {
    expect(() => chosen(releases, to)).toThrow(says)
  })
})

describe('a rollback on demand', () => {
  test('takes away all that came since, also by releases that failed', async () => {
    const { api, deploy, rollback, records } = shop()
    await deploy(maps('a'))
    await deploy(maps('a', 'b'))
    api.objection = write => (write === 'apply ConfigMap shop/d' ? new Error('no more') : undefined)
    await deploy(maps('a', 'b', 'c', 'd'), { rollback: false })
    expect(api.names('ConfigMap')).toEqual(['a', 'b', 'c'].map(name => `ConfigMap shop/${name}`))

    const done = await rollback({ to: 1 })
    expect(done).toMatchObject({ revision: 4, rollbackTo: 1, result: { verdict: 'healthy' } })
    expect(done.changes.filter(({ change }) => change === 'prune').map(({ object }) => object)).toEqual([
      'ConfigMap shop/c',
      'ConfigMap shop/b',
    ])
    expect(api.names('ConfigMap')).toEqual(['ConfigMap shop/a'])
    expect(await records.list()).toMatchObject([{ revision: 4, rollbackTo: 1, verdict: 'healthy' }, {}, {}, {}])
  })

  test('to a rollback means the release that it brought back', async () => {
    const { deploy, rollback } = shop()
    await deploy(maps('a'))
    await deploy(maps('b'))
    await rollback()
    await deploy(maps('c'))
    expect(await rollback()).toMatchObject({ revision: 5, rollbackTo: 1 })
  })

  test('that the server refuses writes nothing', async () => {
    const { api, deploy, rollback } = shop()
    await deploy(maps('a'))
    await deploy(maps('b'))
    api.invalid.add('ConfigMap shop/a')
    const before = [...api.writes]
    await expect(rollback()).rejects.toMatchObject({ code: 'manifest-refused' })
    expect(api.writes).toEqual(before)
  })

  test('to images that are gone writes nothing', async () => {
    const { api, deploy, rollback } = shop()
    const image = 'registry.example.com/shop/api@sha256:1'
    const cronJob = {
      apiVersion: 'batch/v1',
      kind: 'ConfigMap',
      metadata: { name: 'with-image' },
      containers: [{ name: 'api', image }],
    }
    await deploy([cronJob])
    await deploy(maps('b'))
    const before = [...api.writes]
    await expect(rollback({}, { images: { check: async () => 'absent' } })).rejects.toMatchObject({
      code: 'rollback-image-gone',
      message: expect.stringContaining(image),
    })
    expect(api.writes).toEqual(before)
  })

  test('of what was never deployed names what was', async () => {
    const { deploy, rollback, api } = shop()
    await deploy(maps('a'))
    await expect(rollback({ application: 'sohp' })).rejects.toMatchObject({
      code: 'rollback-nothing',
      why: 'Recorded are releases of shop.',
    })
    expect(api.find('Lease shop/slipway-sohp')).toBeUndefined()
  })

  test('that is cancelled is recorded as cancelled', async () => {
    const { api, deploy, rollback, records, cancel } = shop()
    await deploy(maps('a'))
    await deploy(maps('b'))
    api.objection = write => void (write === 'apply ConfigMap shop/a' && cancel())
    expect(await rollback()).toMatchObject({ result: { verdict: 'cancelled' } })
    expect(await records.list()).toMatchObject([{ revision: 3, verdict: 'cancelled', rollbackTo: 1 }, {}, {}])
  })
})
