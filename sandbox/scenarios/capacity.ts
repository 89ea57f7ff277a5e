/** 28 to 35: nodes, volumes and addresses that are not there, or go away. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { region } from '../world.ts'
import { addNode, appearing, isUnschedulable, ownNodes, pod, pods, postEvent } from './hands.ts'
import { playPods } from './kubelet.ts'
import { installed } from './engine.ts'
import { available, condition, event, exit } from './moments.ts'
import { deployment, simulated, staged, tolerated, type WorkloadFields } from './objects.ts'
import { healthyBound, soakSeconds, type Scenario, type Stage } from './scenario.ts'

const healthyAfter = available('deployments', soakSeconds)
const unschedulable = condition('pods', 'PodScheduled', 'False', 'the scheduler finds no node', 'Unschedulable')

/** On nodes that the scenario brings, or does not. They follow kwok's stock stages: Ready at once. */
const onOwnNodes = (namespace: string, fields: WorkloadFields = {}): WorkloadFields => ({
  ...fields,
  pod: { nodeSelector: ownNodes(namespace), tolerations: [tolerated], ...fields.pod },
})

const autoscaler =
  (stage: Stage, reason: string, message: string, type: 'Normal' | 'Warning' = 'Normal') =>
  async (): Promise<void> => {
    const waiting = await appearing(stage, pod, isUnschedulable)
    await systemClock.sleep(3_000, stage.signal)
    await postEvent(stage, waiting, { reason, message, type, from: 'cluster-autoscaler' })
  }

/** Karpenter's own words: a claim that the cloud cannot fill is deleted, and its end is told in the namespace `default`. */
async function karpenter(stage: Stage): Promise<void> {
  const { namespace, kube, signal } = stage
  const waiting = await appearing(stage, pod, isUnschedulable)
  await systemClock.sleep(2_000, signal)
  const claim = `default-${namespace}`
  const nominated = `Pod should schedule on: nodeclaim/${claim}`
  await postEvent(stage, waiting, { reason: 'Nominated', message: nominated, type: 'Normal', from: 'karpenter' })
  await systemClock.sleep(4_000, signal)
  const about = {
    apiVersion: 'karpenter.sh/v1',
    kind: 'NodeClaim',
    metadata: { name: claim, namespace: 'default', uid: claim },
  }
  const full = `NodeClaim ${claim} event: creating instance, insufficient capacity, with fleet error(s), UnfulfillableCapacity: Unable to fulfill capacity due to your request configuration`
  const fields = { reason: 'InsufficientCapacityError', message: full, type: 'Warning', from: 'karpenter' } as const
  await postEvent({ ...stage, namespace: 'default' }, about, fields)
  stage.atEnd(
    async () =>
      void (await kube.send('DELETE', `/api/v1/namespaces/default/events?fieldSelector=involvedObject.name=${claim}`)),
  )
}

/** A disk of another zone than any node is in, already bound. */
function diskElsewhere(namespace: string): readonly KubeObject[] {
  const volume = `${namespace}-disk`
  const size = { storage: '1Gi' }
  const zone = { key: 'topology.kubernetes.io/zone', operator: 'In', values: [`${region}f`] }
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volume },
      spec: {
        capacity: size,
        accessModes: ['ReadWriteOnce'],
        storageClassName: '',
        persistentVolumeReclaimPolicy: 'Delete',
        claimRef: { namespace, name: 'data' },
        hostPath: { path: '/tmp' },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [zone] }] } },
      },
    },
    claim(namespace, { storageClassName: '', volumeName: volume }),
  ]
}

const claim = (namespace: string, spec: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
})

const mounted = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] }

/** A class that binds at first use, and one volume of it. */
async function lateBinding({ namespace, kube, atEnd }: Stage): Promise<void> {
  await kube.apply(`/apis/storage.k8s.io/v1/storageclasses/${namespace}`, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: namespace },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  })
  await kube.apply(`/api/v1/persistentvolumes/${namespace}`, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: namespace },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: namespace,
      hostPath: { path: '/tmp' },
    },
  })
  atEnd(async () => {
    await kube.send('DELETE', `/apis/storage.k8s.io/v1/storageclasses/${namespace}`)
    await kube.send('DELETE', `/api/v1/persistentvolumes/${namespace}`)
  })
}

const noAddress =
  'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "4f2c": plugin type="aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container'

/** One pod per node, each on a node of the scenario. */
const spread = (namespace: string, sim: string | undefined): WorkloadFields => {
  const affinity = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'api' } } },
      ],
    },
  }
  const fields = onOwnNodes(namespace, { pod: { affinity }, spec: { replicas: 2 } })
  return sim === undefined ? fields : { ...fields, labels: { sim } }
}

const scheduling: readonly Scenario[] = [
  {
    name: 'scale-up',
    number: 28,
    title: 'no room, TriggeredScaleUp, a node 140 s later',
    where: 'kwok',
    objects: ns => [deployment(ns, onOwnNodes(ns))],
    async meanwhile(stage) {
      await autoscaler(stage, 'TriggeredScaleUp', 'pod triggered scale-up: [{ng-1 1->2 (max: 4)}]')()
      await systemClock.sleep(140_000, stage.signal)
      await addNode(stage, `${stage.namespace}-a`)
    },
    expected: { verdict: 'healthy' },
    after: healthyAfter,
    bound: healthyBound,
  },
  {
    name: 'no-scale-up',
    number: 29,
    title: 'NotTriggerScaleUp',
    where: 'kwok',
    objects: ns => [deployment(ns, onOwnNodes(ns))],
    meanwhile: stage =>
      autoscaler(stage, 'NotTriggerScaleUp', "pod didn't trigger scale-up: 1 max node group size reached")(),
    expected: { verdict: 'stalled', cause: 'scale-up-refused' },
    after: event('NotTriggerScaleUp'),
    bound: 30,
  },
  {
    name: 'no-capacity',
    number: 30,
    title: 'Karpenter nominates, then the cloud has no capacity',
    where: 'kwok',
    before: stage => installed(stage, 'karpenter.sh', 'NodeClaim', 'v1', 'Cluster'),
    objects: ns => [deployment(ns, onOwnNodes(ns))],
    meanwhile: karpenter,
    expected: { verdict: 'stalled', cause: 'scale-up-refused' },
    after: event('InsufficientCapacityError'),
    bound: 31,
  },
  {
    name: 'volume-elsewhere',
    number: 31,
    title: 'its volume is in a zone without nodes',
    where: 'kwok',
    objects: ns => [...diskElsewhere(ns), deployment(ns, simulated({ pod: mounted }))],
    expected: { verdict: 'stalled', cause: 'volume-zone-conflict' },
    after: unschedulable,
    bound: 62,
  },
  {
    name: 'late-binding',
    number: 32,
    title: 'WaitForFirstConsumer',
    where: 'node',
    before: lateBinding,
    objects: ns => [claim(ns, { storageClassName: ns }), deployment(ns, { pod: mounted })],
    expected: { verdict: 'healthy' },
    after: healthyAfter,
    bound: healthyBound,
  },
]

export const capacityScenarios: readonly Scenario[] = [
  ...scheduling,
  {
    name: 'no-address',
    number: 33,
    title: 'the subnet has no addresses left',
    where: 'kwok',
    objects: ns => [deployment(ns, staged('scripted'))],
    meanwhile: stage =>
      playPods(stage, async pod => {
        for (;;) {
          await pod.event('FailedCreatePodSandBox', noAddress)
          await pod.pause(13)
        }
      }),
    expected: { verdict: 'stalled', cause: 'ip-exhaustion' },
    after: event('FailedCreatePodSandBox', 'first FailedCreatePodSandBox'),
    bound: 122,
  },
  {
    name: 'spot-eviction',
    number: 34,
    title: 'a pod is evicted mid-rollout, its node goes',
    where: 'kwok',
    async before(stage) {
      await addNode(stage, `${stage.namespace}-a`)
      await addNode(stage, `${stage.namespace}-b`)
      await addNode(stage, `${stage.namespace}-c`)
    },
    objects: ns => [deployment(ns, spread(ns, undefined))],
    async meanwhile(stage) {
      const { kube, namespace } = stage
      const placed = await appearing(stage, pod, object => 'nodeName' in (object['spec'] as object))
      await systemClock.sleep(2_000, stage.signal)
      const { nodeName } = placed['spec'] as { readonly nodeName: string }
      const cordon = { spec: { unschedulable: true } }
      await kube.json('PATCH', `/api/v1/nodes/${nodeName}`, cordon, 'application/merge-patch+json')
      const eviction = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name: placed.metadata.name, namespace },
      }
      await kube.json('POST', `${pods(placed)}/eviction`, eviction)
      await systemClock.sleep(1_000, stage.signal)
      await kube.json('DELETE', `/api/v1/nodes/${nodeName}`)
    },
    expected: { verdict: 'healthy' },
    after: healthyAfter,
    bound: healthyBound,
  },
  {
    name: 'bad-node',
    number: 35,
    title: 'crashes on one node only',
    where: 'kwok',
    async before(stage) {
      await addNode(stage, `${stage.namespace}-good`)
      await addNode(stage, `${stage.namespace}-bad`)
    },
    objects: ns => [deployment(ns, spread(ns, 'scripted'))],
    meanwhile: stage =>
      playPods(stage, async played => {
        await played.runs()
        while (played.node.endsWith('-bad')) {
          await played.pause(2)
          await played.exits(1)
          await played.pause(10)
          await played.runs()
        }
      }),
    expected: { verdict: 'stalled', cause: 'bad-node' },
    after: exit(2),
    bound: 122,
  },
]
