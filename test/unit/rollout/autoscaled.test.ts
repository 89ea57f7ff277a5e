import { describe, expect, test } from '@jest/globals'
import { KubeError } from '../../../src/kubernetes/errors.ts'
import type { ApplyOptions, KubeObject } from '../../../src/kubernetes/model.ts'
import { identityOf } from '../../../src/kubernetes/names.ts'
import { applyWave } from '../../../src/rollout/apply.ts'
import { leaveReplicas, scaledByOthers } from '../../../src/rollout/set/autoscaled.ts'
import { recordingLog } from '../../support/context.ts'
import { MemoryApi, refusal } from '../../support/memory-api.ts'
import { deployment, object } from '../../support/objects.ts'

const never = new AbortController().signal

const api = (replicas?: number): KubeObject => {
  const { spec, ...rest } = deployment('api', 'shop/api', { metadata: { name: 'api', namespace: 'shop' } })
  return { ...rest, spec: { ...(spec as object), ...(replicas === undefined ? {} : { replicas }) } }
}
const scaler = (target: object, kind = 'HorizontalPodAutoscaler', apiVersion = 'autoscaling/v2'): KubeObject => ({
  ...object(kind, 'api', { namespace: 'shop' }, apiVersion),
  spec: { scaleTargetRef: target },
})
const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' }

async function scaled(set: readonly KubeObject[], live: readonly KubeObject[], gone: readonly KubeObject[] = []) {
  const cluster = new MemoryApi()
  for (const one of live) cluster.put(one)
  const byIdentity = new Map(live.map(one => [identityOf(one), one]))
  return [...(await scaledByOthers(set, byIdentity, cluster, never, gone))]
}

describe('the number of pods is left to', () => {
  test.each<[string, KubeObject]>([
    ['a HorizontalPodAutoscaler', scaler(target)],
    ['a ScaledObject, which need not name the kind', scaler({ name: 'api' }, 'ScaledObject', 'keda.sh/v1alpha1')],
  ])('%s, live or in the set', async (_, autoscaler) => {
    expect(await scaled([api(2)], [api(5), autoscaler])).toEqual(['apps/Deployment/shop/api'])
    expect(await scaled([api(2), autoscaler], [api(5)])).toEqual(['apps/Deployment/shop/api'])
  })

  test.each<[string, readonly KubeObject[], readonly KubeObject[]]>([
    ['one of another workload', [api(2)], [api(5), scaler({ ...target, name: 'worker' })]],
    ['one of another kind', [api(2)], [api(5), scaler({ ...target, kind: 'StatefulSet' })]],
    ['one of a workload that does not run yet', [api(2), scaler(target)], []],
    ['one of a workload whose manifest says nothing', [api(), scaler(target)], [api(5)]],
  ])('nobody by %s', async (_, set, live) => {
    expect(await scaled(set, live)).toEqual([])
  })

  test('nobody by one that goes away in the same rollback', async () => {
    expect(await scaled([api(2)], [api(5), scaler(target)], [scaler(target)])).toEqual([])
  })

  test('one of the set, where the role may not read the live ones', async () => {
    const cluster = new MemoryApi()
    cluster.list = async () => {
      throw refusal(403, 'Forbidden', 'no')
    }
    const live = new Map([[identityOf(api()), api(5)]])
    expect([...(await scaledByOthers([api(2), scaler(target)], live, cluster, never))]).toHaveLength(1)
    expect([...(await scaledByOthers([api(2)], live, cluster, never))]).toEqual([])
  })

  test('and then is not in what is applied', () => {
    const [left, kept] = leaveReplicas([api(2), { ...api(3), kind: 'StatefulSet' }], new Set([identityOf(api())]))
    expect(left?.['spec']).not.toHaveProperty('replicas')
    expect(kept?.['spec']).toMatchObject({ replicas: 3 })
  })
})

/** An API server that has `live` and notes what is applied; `refuse` answers for it. */
function server(live: KubeObject, refuse: (options: ApplyOptions) => KubeError | undefined = () => undefined) {
  const cluster = new MemoryApi()
  cluster.put(live)
  const applied: unknown[] = []
  cluster.apply = async (object, given) => {
    const options = given ?? {}
    const thrown = refuse(options)
    if (thrown) throw thrown
    applied.push([
      options.manager ?? 'slipway',
      (object['spec'] as { replicas?: number }).replicas,
      options.force ?? false,
    ])
    return object
  }
  const wave = { name: 'workloads', order: 0, objects: [api()] } as const
  const how = (handover: boolean) => ({
    preview: { live: new Map(), scaled: new Set<string>(), handover: new Set(handover ? [identityOf(live)] : []) },
    force: () => false,
    restored: new Set<string>(),
  })
  const apply = (handover = true) => applyWave(wave, how(handover), { cluster, log: recordingLog(), signal: never })
  return { applied, apply }
}
const conflict = (manager: string): KubeError => {
  const causes = [{ reason: 'FieldManagerConflict', message: `conflict with "${manager}"`, field: '.spec.replicas' }]
  return new KubeError({ status: 409, reason: 'Conflict', message: 'conflict', causes })
}

describe('leaving the number of pods', () => {
  test('that we own: the live number is handed over before the field is given up', async () => {
    const { applied, apply } = server(api(5))
    await apply()
    expect(applied).toEqual([
      ['slipway-handover', 5, false],
      ['slipway', undefined, false],
    ])
  })

  test('that the autoscaler has changed just now needs no handover', async () => {
    const { applied, apply } = server(api(5), ({ manager }) =>
      manager === undefined ? undefined : conflict('kube-controller-manager'),
    )
    await apply()
    expect(applied).toEqual([['slipway', undefined, false]])
  })

  test('and taking it back later conflicts with nobody but ourselves', async () => {
    const { applied, apply } = server(api(5), ({ force }) =>
      force === true ? undefined : conflict('slipway-handover'),
    )
    await apply(false)
    expect(applied).toEqual([['slipway', undefined, true]])
    await expect(server(api(5), () => conflict('helm')).apply(false)).rejects.toThrow('conflict')
  })
})
