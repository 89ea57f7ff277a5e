import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { freeStuckSets } from '../../../src/rollout/way-back/stuck-sets.ts'
import { recordingLog } from '../../support/context.ts'
import { SkippingClock } from '../../support/manual-clock.ts'
import { MemoryApi, refusal } from '../../support/memory-api.ts'

interface Shape {
  readonly podManagementPolicy?: string
  readonly type?: string
  readonly observedGeneration?: number
}

const set = ({
  podManagementPolicy = 'OrderedReady',
  type = 'RollingUpdate',
  observedGeneration = 3,
}: Shape = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db', namespace: 'shop', uid: 'db', generation: 3 },
  spec: { podManagementPolicy, updateStrategy: { type }, selector: { matchLabels: { app: 'db' } } },
  status: { observedGeneration, updateRevision: 'db-good' },
})

const pod = (name: string, revision: string, ready: boolean, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    labels: { app: 'db', 'controller-revision-hash': revision },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'db', controller: true }],
    ...metadata,
  },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

/** Names of the pods that are deleted before the set moves. */
async function freed(shape: Shape, pods: readonly KubeObject[], version = 'v1.36.4') {
  const api = new MemoryApi()
  api.version = async () => version
  const log = recordingLog()
  api.put(set(shape))
  for (const one of pods) api.put(one)
  await freeStuckSets([set(shape)], {
    cluster: api,
    clock: new SkippingClock(),
    log,
    signal: new AbortController().signal,
  })
  return api.writes.map(write => write.replace('remove Pod shop/', ''))
}

const broken = pod('db-1', 'db-bad', false)
const healthy = pod('db-0', 'db-good', true)

describe('a StatefulSet that was changed back', () => {
  test('is freed of the pod of the bad revision that it waits for', async () => {
    expect(await freed({}, [healthy, broken])).toEqual(['db-1'])
  })

  test.each<[string, Shape, readonly KubeObject[]]>([
    ['a pod of the bad revision that is ready: the controller replaces it', {}, [pod('db-1', 'db-bad', true)]],
    ['a pod of the wanted revision that is not ready yet', {}, [pod('db-1', 'db-good', false)]],
    [
      'a pod that is leaving already',
      {},
      [pod('db-1', 'db-bad', false, { deletionTimestamp: '2026-11-02T09:00:00Z' })],
    ],
    ['a pod of somebody else with the same labels', {}, [pod('db-1', 'db-bad', false, { ownerReferences: [] })]],
    ['pods that only a person replaces (OnDelete)', { type: 'OnDelete' }, [broken]],
  ])('leaves %s', async (_, shape, pods) => {
    expect(await freed(shape, pods)).toEqual([])
  })

  test.each([
    ['v1.34.9', []],
    ['v1.35.0', ['db-1']],
    ['v1.36.4-eks-1a2b3c', ['db-1']],
  ])('with parallel pods is stuck from 1.35 on only: %s', async (version, expected) => {
    expect(await freed({ podManagementPolicy: 'Parallel' }, [broken], version)).toEqual(expected)
  })

  test('that may not delete pods is a warning with what the role needs', async () => {
    const api = new MemoryApi()
    const log = recordingLog()
    for (const one of [set(), broken]) api.put(one)
    api.objection = () => refusal(403, 'Forbidden', 'pods "db-1" is forbidden')
    await freeStuckSets([set()], {
      cluster: api,
      clock: new SkippingClock(),
      log,
      signal: new AbortController().signal,
    })
    expect(log.lines.filter(line => line.startsWith('warning'))).toEqual([
      expect.stringContaining('the verb "delete" on "pods"'),
    ])
  })
})
