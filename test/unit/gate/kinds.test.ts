import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { surroundings } from '../../../src/rollout/surroundings.ts'
import { SimulatedCluster } from './simulated-cluster.ts'
import { goodStory, stamp, start, Story } from './story.ts'

type Fields = Readonly<Record<string, unknown>>

function made(apiVersion: string, kind: string, metadata: Fields, fields: Fields = {}): KubeObject {
  const common = { name: 'it', namespace: 'shop', uid: 'it', generation: 1, creationTimestamp: stamp(start) }
  return { apiVersion, kind, metadata: { ...common, ...metadata }, ...fields }
}

const node = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, uid: name },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
})

function ownedPod(name: string, owner: string, labels: Fields, fields: Fields): KubeObject {
  const reference = { apiVersion: 'apps/v1', kind: 'x', name: owner, uid: owner, controller: true }
  return made('v1', 'Pod', { name, uid: name, labels, ownerReferences: [reference] }, fields)
}

const ready = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }

describe('a DaemonSet on a fleet that grows', () => {
  const set = (desired: number, updated: number): KubeObject =>
    made(
      'apps/v1',
      'DaemonSet',
      {},
      {
        spec: { template: { spec: { containers: [] } } },
        status: {
          observedGeneration: 1,
          desiredNumberScheduled: desired,
          updatedNumberScheduled: updated,
          numberAvailable: 1,
        },
      },
    )
  const pod = (on: string): KubeObject =>
    ownedPod(`on-${on}`, 'it', {}, { spec: { nodeName: on, containers: [] }, status: ready })

  test('settles on the nodes that were there when it began', async () => {
    const story = new Story().gate(set(1, 0))
    story.cluster.put(node('a'))
    story
      .at(2, () => story.cluster.put(node('b')))
      .at(3, () => story.cluster.put(set(2, 1)))
      .at(4, () => story.cluster.put(pod('a')))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 24 })
    expect(story.said).toContain(
      'DaemonSet shop/it: ready: 1 node left out: new since the start, cordoned or not ready',
    )
  })

  test('waits for a node that was there', async () => {
    const story = new Story().gate(set(2, 1))
    for (const name of ['a', 'b']) story.cluster.put(node(name))
    story.cluster.put(pod('a'))
    story.request = { timeoutMs: 60_000 }
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled', seconds: 60 })
  })
})

describe('an Ingress of the AWS Load Balancer Controller with the address of before', () => {
  const ingress = made(
    'networking.k8s.io/v1',
    'Ingress',
    {},
    {
      spec: { ingressClassName: 'alb' },
      status: { loadBalancer: { ingress: [{ hostname: 'old.elb.amazonaws.com' }] } },
    },
  )
  const changed = (story: Story): Story => {
    story.request = {
      applied: [{ object: story.gate(ingress).cluster.all('Ingress')[0] ?? ingress, reconfigured: true }],
    }
    return story
  }

  test('is not ready before its controller has answered to the change', async () => {
    const story = changed(new Story())
    story.at(30, () => story.event('it', 'SuccessfullyReconciled', 'Successfully reconciled'))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 50 })
  })

  test('stalls when there is no answer', async () => {
    expect(await changed(new Story()).verdict()).toMatchObject({
      verdict: 'stalled',
      seconds: 300,
      cause: { code: 'load-balancer-pending', blame: 'network' },
    })
  })

  test('fails when the answer is no, for longer than a retry takes', async () => {
    const story = changed(new Story())
    story.at(5, () => story.event('it', 'FailedDeployModel', 'no certificate found for host'))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 15, cause: { code: 'route-refused' } })
  })
})

describe('an autoscaler', () => {
  const lost = (story: Story): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'lost', namespace: 'default', creationTimestamp: story.now },
    involvedObject: { kind: 'NodeClaim', name: 'default-a', uid: 'claim' },
    reason: 'InsufficientCapacityError',
    message: 'NodeClaim default-a event: all requested instance types were unavailable',
    lastTimestamp: story.now,
  })
  const waiting = (): Story => {
    const story = new Story()
    return story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', 'unscheduled'))
      .at(4, () => story.event('pod-a', 'Nominated', 'Pod should schedule on: nodeclaim/default-a'))
      .at(60, () => story.cluster.put(lost(story)))
  }

  test('whose node does not come has refused: heard in the namespace where Karpenter tells it', async () => {
    const story = waiting()
    story.request = { karpenter: true }
    const result = await story.verdict()
    expect(result).toMatchObject({ verdict: 'stalled', cause: { code: 'scale-up-refused', blame: 'capacity' } })
    expect(result.seconds - 60).toBeLessThanOrEqual(30)
  })

  test('is not listened to where there is no Karpenter', async () => {
    const story = waiting()
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled', cause: { code: 'unschedulable' } })
    expect(story.cluster.requests.filter(request => request === 'watch Event')).toHaveLength(1)
  })
})

test('a StatefulSet that waits for a broken pod of before stalls with the pod that somebody has to delete', async () => {
  const set = made(
    'apps/v1',
    'StatefulSet',
    {},
    {
      spec: { replicas: 1 },
      status: { observedGeneration: 1, replicas: 1, readyReplicas: 0, currentRevision: 'r1', updateRevision: 'r2' },
    },
  )
  const story = new Story().gate(set)
  const crashed = { name: 'api', restartCount: 2, state: { waiting: { reason: 'CrashLoopBackOff' } } }
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }], containerStatuses: [crashed] }
  const labels = { 'controller-revision-hash': 'r1' }
  story.cluster.put(ownedPod('it-0', 'it', labels, { spec: { nodeName: 'a', containers: [] }, status }))
  expect(await story.verdict()).toMatchObject({
    verdict: 'stalled',
    seconds: 75,
    cause: { code: 'stateful-set-stuck', evidence: [{ uid: 'it-0', facts: { pod: 'Pod shop/it-0' } }] },
  })
})

test('a custom resource is judged by the rule that was declared for it', async () => {
  const database = (phase: string): KubeObject =>
    made('db.example.com/v1', 'Database', {}, { status: { observedGeneration: 1, phase } })
  const story = new Story().gate(database('Creating'))
  const success = ['status.phase == "Ready"']
  story.request = { healthRules: [{ apiVersion: 'db.example.com/v1', kind: 'Database', success }] }
  story.at(30, () => story.cluster.put(database('Ready')))
  expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 50 })
})

test('a pod of before that only starts, or has no node yet, has longer until its StatefulSet counts as stuck', async () => {
  const status = { observedGeneration: 1, replicas: 1, readyReplicas: 0, currentRevision: 'r1', updateRevision: 'r2' }
  const judged = async (pod: Readonly<Record<string, unknown>>): Promise<number> => {
    const story = new Story().gate(made('apps/v1', 'StatefulSet', {}, { spec: { replicas: 1 }, status }))
    story.cluster.put(ownedPod('it-0', 'it', { 'controller-revision-hash': 'r1' }, pod))
    return (await story.verdict()).seconds
  }
  const conditions = [{ type: 'Ready', status: 'False' }]
  expect(await judged({ spec: { nodeName: 'a', containers: [] }, status: { conditions } })).toBe(120)
  expect(await judged({ spec: { containers: [] }, status: { conditions } })).toBe(600)
})

describe('what is watched', () => {
  const claim = made(
    'v1',
    'PersistentVolumeClaim',
    {},
    { spec: { storageClassName: 'gp3' }, status: { phase: 'Pending' } },
  )
  const gp3 = {
    ...made('storage.k8s.io/v1', 'StorageClass', { name: 'gp3', namespace: undefined }),
    volumeBindingMode: 'WaitForFirstConsumer',
  }

  test('storage classes where there is a claim, which then waits for its pod', async () => {
    const story = new Story().gate(claim)
    story.cluster.put(gp3)
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 20 })
    expect(story.said).toContain('PersistentVolumeClaim shop/it: ready: binds when its first pod is scheduled')
  })

  test('no more than what a Deployment needs', async () => {
    const story = goodStory()
    await story.verdict()
    expect(story.cluster.requests.filter(request => request.startsWith('watch')).toSorted()).toEqual([
      'watch Deployment',
      'watch Event',
      'watch Node',
      'watch Pod',
      'watch ReplicaSet',
    ])
  })

  test('bindings of target groups where the namespace asks for readiness gates', async () => {
    const story = goodStory()
    const labels = { 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled' }
    story.request = { around: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels } }] }
    await story.verdict()
    expect(story.cluster.requests).toContain('watch TargetGroupBinding')
  })
})

describe.each([
  ['CronJob', 'batch/v1'],
  ['PodDisruptionBudget', 'policy/v1'],
])('a %s', (kind, apiVersion) => {
  test('that may not be watched is done when it is stored', async () => {
    const story = new Story().gate(made(apiVersion, kind, {}))
    story.cluster.forbidden.add(kind)
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
  })
})

describe('what stands around a release', () => {
  const silent = {
    info: () => undefined,
    warn: () => undefined,
    debug: () => undefined,
    group: <T>(_: string, work: () => Promise<T>) => work(),
  }
  const shop = made('v1', 'Namespace', { name: 'shop', namespace: undefined })

  test('is its namespaces and service accounts, no Secret, and whether Karpenter is served', async () => {
    const cluster = new SimulatedCluster(() => start)
    cluster.put(shop)
    const set = [made('apps/v1', 'Deployment', {}), made('v1', 'Secret', {}), made('v1', 'ServiceAccount', {})]
    const found = await surroundings(set, {
      cluster: Object.assign(cluster, { get: () => Promise.resolve(shop), namespaced: () => Promise.resolve(false) }),
      log: silent,
      signal: new AbortController().signal,
    })
    expect(found.around.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Namespace'])
    expect(found.karpenter).toBe(true)
  })

  test('costs nothing when it may not be read', async () => {
    const refuse = (): Promise<never> => Promise.reject(new Error('forbidden'))
    const cluster = Object.assign(new SimulatedCluster(() => start), { get: refuse, namespaced: refuse })
    const signal = new AbortController().signal
    expect(await surroundings([made('apps/v1', 'Deployment', {})], { cluster, log: silent, signal })).toEqual({
      around: [],
      karpenter: false,
    })
  })
})
