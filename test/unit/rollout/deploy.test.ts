import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { refusal } from '../../support/memory-api.ts'
import { object } from '../../support/objects.ts'
import { maps, shop } from '../../support/releases.ts'

const named = (...names: readonly string[]): readonly string[] => names.map(name => `ConfigMap shop/${name}`)
const valued = (name: string, value: string): KubeObject => ({ ...object('ConfigMap', name), data: { value } })

describe('a deploy', () => {
  test('records the release before it changes anything, and again with its verdict', async () => {
    const { api, deploy, records } = shop()
    expect(await deploy(maps('a'), { commit: 'abc', actor: 'ada' })).toMatchObject({
      revision: 1,
      result: { verdict: 'healthy' },
      changes: [{ object: 'ConfigMap shop/a', change: 'create' }],
    })
    expect(api.writes).toEqual([
      'apply Secret shop/slipway-shop-r1',
      'apply Secret shop/slipway-shop-members',
      'apply ConfigMap shop/a',
      'apply Secret shop/slipway-shop-members',
      'apply Secret shop/slipway-shop-r1',
    ])
    expect(await records.list()).toMatchObject([
      { revision: 1, verdict: 'healthy', commit: 'abc', actor: 'ada', source: 'k8s/' },
    ])
  })

  test('that the server refuses writes nothing, not even its lock', async () => {
    const { api, deploy } = shop()
    api.invalid.add('ConfigMap shop/b')
    await expect(deploy(maps('a', 'b'))).rejects.toMatchObject({
      code: 'manifest-refused',
      message: 'The API server refuses ConfigMap shop/b: b is invalid',
    })
    expect(api.writes).toEqual([])
    expect(api.names('Lease')).toEqual([])
  })

  test('whose soak does not fit into its timeout is refused: it could only stall', async () => {
    const { api, deploy } = shop()
    await expect(deploy(maps('a'), { soakMs: 600_000, timeoutMs: 600_000 })).rejects.toMatchObject({
      code: 'input-soak',
    })
    expect(api.writes).toEqual([])
  })

  test('of a dry run writes nothing and tells the plan', async () => {
    const { api, deploy } = shop()
    await deploy([valued('a', '1'), ...maps('b')])
    const before = [...api.writes]
    expect(await deploy([valued('a', '2'), ...maps('c')], { dryRun: true })).toMatchObject({
      dryRun: true,
      changes: [
        { object: 'ConfigMap shop/a', change: 'update', fields: [{ path: 'data.value', before: '1', after: '2' }] },
        { object: 'ConfigMap shop/c', change: 'create' },
        { object: 'ConfigMap shop/b', change: 'prune' },
      ],
    })
    expect(api.writes).toEqual(before)
  })

  test('of configuration alone is healthy in part: no pod has read it', async () => {
    const { deploy } = shop()
    await deploy([valued('a', '1')])
    expect(await deploy([valued('a', '2')])).toMatchObject({
      result: { verdict: 'healthy-partial', partial: expect.stringContaining('ConfigMap shop/a changed and no pod') },
    })
  })

  test('that is cancelled while it writes is recorded as cancelled, left as it is, and frees its lock', async () => {
    const { api, deploy, records, cancel } = shop()
    await deploy([valued('a', '1')])
    api.objection = write => void (write === 'apply ConfigMap shop/b' && cancel())
    expect(await deploy([valued('a', '2'), ...maps('b')])).toMatchObject({
      result: { verdict: 'cancelled', cause: { code: 'cancelled' } },
      noRollback: expect.stringContaining('ended as cancelled'),
    })
    expect(await records.list()).toMatchObject([
      { revision: 2, verdict: 'cancelled', cause: 'cancelled' },
      { revision: 1 },
    ])
    expect(api.find('ConfigMap shop/a')).toMatchObject({ data: { value: '2' } })
    expect(api.find('Lease shop/slipway-shop')).toMatchObject({ spec: { holderIdentity: '' } })
  })

  test('that waited for another one goes on from what that one left', async () => {
    const { api, clock, deploy, records } = shop()
    await deploy(maps('a'))
    const lease = api.find('Lease shop/slipway-shop') ?? object('Lease', '')
    const spec = { leaseDurationSeconds: 30, renewTime: new Date(clock.now()).toISOString() }
    api.put({ ...lease, spec: { ...spec, holderIdentity: 'run 2' } })
    const waiting = deploy(maps('b'))
    await clock.sleeping()
    // Run 2 ends here: it has recorded r2 and frees the lock.
    for (const first of await records.list()) await records.close({ ...first, revision: 2 })
    api.put({ ...lease, spec: { ...spec, holderIdentity: '' } })
    clock.advance(60_000)
    expect(await waiting).toMatchObject({ revision: 3, result: { verdict: 'healthy' } })
  })
})

describe('a release that fails half-way', () => {
  test('is undone: contents are as before, what it added is gone, and both are recorded', async () => {
    const { api, deploy, records } = shop()
    await deploy([valued('a', '1')], { commit: 'good' })
    api.objection = write => (write === 'apply ConfigMap shop/c' ? refusal(403, 'Forbidden', 'quota') : undefined)
    expect(await deploy([valued('a', '2'), ...maps('b', 'c')])).toMatchObject({
      revision: 2,
      result: { verdict: 'failed', cause: { code: 'apply-refused' } },
      rollback: { toRevision: 1, toCommit: 'good', result: { verdict: 'healthy' } },
    })
    expect(api.find('ConfigMap shop/a')).toMatchObject({ data: { value: '1' } })
    expect(api.names('ConfigMap')).toEqual(named('a'))
    expect(await records.list()).toMatchObject([{ revision: 2, verdict: 'failed', rolledBackTo: 1 }, { revision: 1 }])
  })

  test('and cannot be undone is told and recorded all the same', async () => {
    const { api, deploy, records } = shop()
    await deploy(maps('a'))
    api.objection = write => {
      if (write !== 'apply ConfigMap shop/b') return undefined
      // From now on nothing of the release before is accepted any more.
      api.invalid.add('ConfigMap shop/a')
      return refusal(403, 'Forbidden', 'quota')
    }
    expect(await deploy(maps('a', 'b'))).toMatchObject({
      result: { verdict: 'failed' },
      rollback: {
        toRevision: 1,
        result: {
          verdict: 'failed',
          cause: { code: 'rollback-failed', says: expect.stringContaining('a is invalid') },
        },
      },
    })
    const [newest] = await records.list()
    expect(newest).toMatchObject({ revision: 2, verdict: 'failed', cause: 'apply-refused' })
    expect(newest?.rolledBackTo).toBeUndefined()
  })

  test('goes back to the release that ran, which may itself be one that was brought back', async () => {
    const { api, deploy, rollback } = shop()
    await deploy(maps('a'))
    await deploy(maps('b'))
    await rollback()
    api.objection = write => (write === 'apply ConfigMap shop/c' ? refusal(403, 'Forbidden', 'no more') : undefined)
    expect(await deploy(maps('c'))).toMatchObject({ rollback: { toRevision: 1, result: { verdict: 'healthy' } } })
    expect(api.names('ConfigMap')).toEqual(named('a'))
  })

  test('leaves what another set of manifests released under the same name', async () => {
    const { api, deploy } = shop()
    await deploy(maps('worker'), { source: 'k8s/worker' })
    await deploy(maps('api'), { source: 'k8s/api' })
    api.objection = write => (write === 'apply ConfigMap shop/new' ? refusal(403, 'Forbidden', 'quota') : undefined)
    expect(await deploy(maps('worker', 'new'), { source: 'k8s/worker' })).toMatchObject({ rollback: { toRevision: 1 } })
    expect(api.names('ConfigMap')).toEqual(named('api', 'worker'))
  })

  test('leaves what somebody else had made before it was taken over, also at the second failure', async () => {
    const { api, deploy } = shop()
    await deploy(maps('a'))
    api.put(object('ConfigMap', 'theirs', { namespace: 'shop' }))
    api.objection = write => (write === 'apply ConfigMap shop/z' ? refusal(403, 'Forbidden', 'quota') : undefined)
    for (let time = 1; time <= 2; time++) await deploy(maps('a', 'theirs', 'z'))
    expect(api.names('ConfigMap')).toEqual(named('a', 'theirs'))
  })

  test('by an API server that is broken is not known to be bad, and stays as it is', async () => {
    const { api, deploy } = shop()
    await deploy(maps('a'))
    api.objection = write =>
      write === 'apply ConfigMap shop/b' ? refusal(503, 'ServiceUnavailable', 'etcd') : undefined
    const outcome = await deploy(maps('b'))
    expect(outcome).toMatchObject({ result: { verdict: 'unknown' }, noRollback: expect.stringContaining('unknown') })
  })

  test('is still undone after more failures than records are kept', async () => {
    const { api, deploy } = shop()
    await deploy(maps('a'))
    api.objection = write => (write === 'apply ConfigMap shop/b' ? refusal(403, 'Forbidden', 'no more') : undefined)
    for (let time = 1; time <= 11; time++) await deploy(maps('b'))
    expect(await deploy(maps('b'))).toMatchObject({ revision: 13, rollback: { toRevision: 1 } })
    expect(api.names('Secret').filter(name => /-r\d+$/.test(name))).toHaveLength(11)
  })
})

describe('pruning', () => {
  test('takes what releases left behind that failed and were not undone', async () => {
    const { api, deploy } = shop()
    await deploy(maps('a'))
    api.objection = write => (write === 'apply ConfigMap shop/c' ? refusal(403, 'Forbidden', 'no more') : undefined)
    await deploy(maps('a', 'b', 'c'), { rollback: false })
    expect(api.names('ConfigMap')).toEqual(named('a', 'b'))
    expect(await deploy(maps('a'))).toMatchObject({
      changes: [
        { object: 'ConfigMap shop/a', change: 'none' },
        { object: 'ConfigMap shop/b', change: 'prune' },
      ],
    })
    expect(api.names('ConfigMap')).toEqual(named('a'))
  })

  test('leaves what another application has taken over', async () => {
    const { api, deploy } = shop()
    await deploy(maps('a', 'shared'))
    await deploy(maps('shared'), { application: 'worker' })
    await deploy(maps('a'))
    expect(api.names('ConfigMap')).toEqual(named('a', 'shared'))
  })

  test('leaves what came from other manifests, and says so', async () => {
    const { api, deploy, log } = shop()
    await deploy(maps('a'))
    await deploy(maps('b'), { source: 'other/' })
    expect(api.names('ConfigMap')).toEqual(named('a', 'b'))
    expect(log.lines.filter(line => line.startsWith('warning'))).toEqual([
      expect.stringContaining('Release r1 of shop came from "k8s/", this one from "other/"'),
    ])
  })

  test('that the server refuses is a warning: the release is healthy', async () => {
    const { api, deploy, log } = shop()
    await deploy(maps('a', 'b'))
    api.objection = write => (write === 'remove ConfigMap shop/b' ? refusal(403, 'Forbidden', 'not yours') : undefined)
    expect(await deploy(maps('a'))).toMatchObject({ result: { verdict: 'healthy' } })
    expect(log.lines).toContain('warning: ConfigMap shop/b is left over and could not be deleted: not yours')
  })
})
