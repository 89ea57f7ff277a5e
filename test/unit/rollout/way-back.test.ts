import { describe, expect, test } from '@jest/globals'
import type { KubeObject, ObjectMeta } from '../../../src/kubernetes/model.ts'
import { refusal } from '../../support/memory-api.ts'
import { object } from '../../support/objects.ts'
import { maps, shop, type Shop } from '../../support/releases.ts'

const valued = (name: string, value: string, metadata: Partial<ObjectMeta> = {}): KubeObject => ({
  ...object('ConfigMap', name, metadata),
  data: { value },
})

/** As `kubectl apply` of somebody else left it. */
const theirs = (name: string, value: string, metadata: Partial<ObjectMeta> = {}): KubeObject =>
  valued(name, value, { namespace: 'shop', labels: { team: 'theirs' }, generation: 4, ...metadata })

/** From now on every release that holds ConfigMap `z` fails at the last object. */
function failAtZ({ api }: Shop): void {
  api.objection = write => (write === 'apply ConfigMap shop/z' ? refusal(403, 'Forbidden', 'quota') : undefined)
}

describe('a failed release that took over what others had made', () => {
  test('restores it whole, also on a first install, where there is no release to go back to', async () => {
    const world = shop()
    world.api.put(theirs('settings', 'old'))
    failAtZ(world)
    expect(await world.deploy([valued('settings', 'new'), ...maps('added', 'z')])).toMatchObject({
      result: { verdict: 'failed' },
      rollback: { toRevision: 0, verdict: 'rolled-back-healthy' },
    })
    const { metadata, ...settings } = world.api.find('ConfigMap shop/settings') ?? object('', '')
    expect(settings).toMatchObject({ data: { value: 'old' } })
    expect(metadata.labels).toEqual({ team: 'theirs' })
    expect(world.api.names('ConfigMap')).toEqual(['ConfigMap shop/settings'])
    expect(await world.records.list()).toMatchObject([{ revision: 1, verdict: 'failed', rolledBackTo: 0 }])
  })

  test('restores it beside the release before', async () => {
    const world = shop()
    await world.deploy([valued('a', '1')])
    world.api.put(theirs('settings', 'old'))
    failAtZ(world)
    expect(await world.deploy([valued('a', '2'), valued('settings', 'new'), ...maps('z')])).toMatchObject({
      rollback: { toRevision: 1, verdict: 'rolled-back-healthy' },
    })
    expect(world.api.find('ConfigMap shop/a')).toMatchObject({ data: { value: '1' } })
    expect(world.api.find('ConfigMap shop/settings')).toMatchObject({
      data: { value: 'old' },
      metadata: { labels: { team: 'theirs' } },
    })
  })

  test('knows the first state also when a run died in between and the next one fails', async () => {
    const world = shop()
    world.api.put(theirs('settings', 'old'))
    world.api.objection = write =>
      write === 'apply ConfigMap shop/z' ? refusal(503, 'Unavailable', 'etcd') : undefined
    expect(await world.deploy([valued('settings', 'new'), ...maps('z')])).toMatchObject({
      result: { verdict: 'unknown' },
    })
    expect(world.api.find('ConfigMap shop/settings')).toMatchObject({ data: { value: 'new' } })
    failAtZ(world)
    await world.deploy([valued('settings', 'newer'), ...maps('z')])
    expect(world.api.find('ConfigMap shop/settings')).toMatchObject({ data: { value: 'old' } })
  })

  test('without anything taken over has nothing to go back to on a first install, and says so', async () => {
    const world = shop()
    failAtZ(world)
    expect(await world.deploy(maps('a', 'z'))).toMatchObject({
      noRollback: 'There is nothing to go back to: no earlier release of this application was healthy.',
    })
    expect(world.api.names('ConfigMap')).toEqual(['ConfigMap shop/a'])
  })
})

describe('a rollback on demand', () => {
  test('restores what a release since has taken over, however many releases ago', async () => {
    const { api, deploy, rollback } = shop()
    await deploy(maps('a'))
    api.put(theirs('settings', 'old'))
    for (const value of ['1', '2', '3']) await deploy([...maps('a'), valued('settings', value)])
    const done = await rollback({ to: 1 })
    expect(done.changes).toContainEqual({ object: 'ConfigMap shop/settings', change: 'restore', fields: [] })
    expect(api.find('ConfigMap shop/settings')).toMatchObject({ data: { value: 'old' } })
  })

  test('recreates what a later release has pruned', async () => {
    const { api, deploy, rollback } = shop()
    await deploy([valued('old', '1')])
    await deploy(maps('new'))
    expect(api.names('ConfigMap')).toEqual(['ConfigMap shop/new'])
    await rollback()
    expect(api.find('ConfigMap shop/old')).toMatchObject({ data: { value: '1' } })
    expect(api.names('ConfigMap')).toEqual(['ConfigMap shop/old'])
  })

  test('as a dry run tells what would come back and what cannot, and writes nothing', async () => {
    const { api, deploy, rollback } = shop()
    await deploy([valued('a', '1'), object('PersistentVolumeClaim', 'data')])
    await deploy([valued('a', '2'), ...maps('b')])
    const before = [...api.writes]
    expect(await rollback({ dryRun: true })).toMatchObject({
      dryRun: true,
      rollbackTo: 1,
      changes: [
        { object: 'ConfigMap shop/a', change: 'update', fields: [{ path: 'data.value', before: '2', after: '1' }] },
        { object: 'PersistentVolumeClaim shop/data', change: 'none' },
        { object: 'ConfigMap shop/b', change: 'prune' },
      ],
    })
    expect(api.writes).toEqual(before)
  })

  test('whose run died is taken up again, not carried one release further', async () => {
    const { api, deploy, rollback, records } = shop()
    for (const name of ['a', 'b', 'c']) await deploy(maps(name))
    await rollback()
    const [died] = await records.list()
    if (!died) throw new Error('no record')
    const { verdict: _, endedAt: _e, ...rest } = died
    await records.close(rest)
    expect(await rollback()).toMatchObject({ rollbackTo: 2 })
    expect(api.names('ConfigMap')).toEqual(['ConfigMap shop/b'])
  })
})

test('there is no way back to an image that the registry has lost', async () => {
  const world = shop()
  const image = 'registry.example.com/shop/api@sha256:1'
  await world.deploy([{ ...object('ConfigMap', 'with-image'), containers: [{ name: 'api', image }] }])
  failAtZ(world)
  const images = { check: async (name: string) => (name === image ? ('absent' as const) : ('present' as const)) }
  expect(await world.deploy(maps('a', 'z'), {}, { images })).toMatchObject({
    noRollback: `There is no way back to r1: its image ${image} is gone from the registry.`,
  })
})

describe('an object that another tool owns', () => {
  const helm = { annotations: { 'meta.helm.sh/release-name': 'api', 'meta.helm.sh/release-namespace': 'shop' } }

  test('is not released, unless told otherwise', async () => {
    const { api, deploy } = shop()
    api.put(theirs('settings', 'old', helm))
    await expect(deploy([valued('settings', 'new')])).rejects.toMatchObject({
      code: 'object-owned',
      message: 'Another tool owns ConfigMap shop/settings (Helm release shop/api).',
    })
    expect(api.writes).toEqual([])
    expect(await deploy([valued('settings', 'new')], { takeOwnership: true })).toMatchObject({
      result: { verdict: 'healthy-partial' },
    })
    expect(api.find('ConfigMap shop/settings')).toMatchObject({ data: { value: 'new' } })
  })

  test('is not pruned when the application has moved to that tool', async () => {
    const { api, deploy } = shop()
    await deploy(maps('a', 'moved'))
    const moved = api.find('ConfigMap shop/moved') ?? object('', '')
    api.put({ ...moved, metadata: { ...moved.metadata, ...helm } })
    await deploy(maps('a'))
    expect(api.names('ConfigMap')).toEqual(['ConfigMap shop/a', 'ConfigMap shop/moved'])
  })
})
