/** 51 and 52: custom resources with conventions of their own. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { installed } from './engine.ts'
import { appearing } from './hands.ts'
import { deployment, simulated } from './objects.ts'
import { condition, type Moment } from './moments.ts'
import { healthyBound, soakSeconds, type Scenario, type Stage } from './scenario.ts'

const custom = (group: string, kind: string, namespace: string): KubeObject => ({
  apiVersion: `${group}/v1`,
  kind,
  metadata: { name: 'api', namespace },
  spec: { size: 1 },
})

/** Writes its status as its controller does. */
async function report({ kube, namespace }: Stage, group: string, plural: string, status: object): Promise<void> {
  const path = `/apis/${group}/v1/namespaces/${namespace}/${plural}/api/status`
  await kube.json('PATCH', path, { status }, 'application/merge-patch+json')
}

const rollout = (namespace: string): KubeObject => {
  const { spec } = deployment(namespace, simulated())
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'api', namespace }, spec }
}

/** What the controller of Argo Rollouts does for a first rollout: a ReplicaSet, and a status with a string in it. */
async function rolloutController(stage: Stage): Promise<void> {
  const { namespace, cluster, kube, signal } = stage
  const owner = await appearing(stage, { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' })
  const at = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/rollouts/api`
  const patch = async (path: string, body: object): Promise<void> =>
    void (await kube.json('PATCH', path, body, 'application/merge-patch+json'))
  const revision = { annotations: { 'rollout.argoproj.io/revision': '1' } }
  await patch(at, { metadata: revision })
  await patch(`${at}/status`, { status: { observedGeneration: '1', phase: 'Progressing' } })
  await systemClock.sleep(2_000, signal)
  const { apiVersion, kind, metadata } = owner
  const ownerReferences = [{ apiVersion, kind, name: 'api', uid: metadata.uid ?? '', controller: true }]
  await cluster.create({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'api-1', namespace, ...revision, ownerReferences },
    spec: owner['spec'],
  })
  await systemClock.sleep(4_000, signal)
  await patch(`${at}/status`, { status: { observedGeneration: '1', phase: 'Healthy', readyReplicas: 1 } })
}

const ready = (status: 'True' | 'False', reason: string): object => ({
  conditions: [{ type: 'Ready', status, reason, message: reason, lastTransitionTime: new Date().toISOString() }],
})

const healthyPhase: Moment = {
  name: `phase Healthy, ${soakSeconds} s soak included`,
  find: writes =>
    writes.find(
      ({ resource, object }) =>
        resource === 'rollouts' && (object?.['status'] as { readonly phase?: string } | undefined)?.phase === 'Healthy',
    )?.at,
}

export const customScenarios: readonly Scenario[] = [
  {
    name: 'rollout',
    number: 51,
    title: 'Argo Rollout, whose observedGeneration is a string',
    where: 'control plane',
    before: stage => installed(stage, 'argoproj.io', 'Rollout', 'v1alpha1'),
    objects: ns => [rollout(ns)],
    meanwhile: rolloutController,
    expected: { verdict: 'healthy' },
    after: healthyPhase,
    bound: healthyBound,
  },
  {
    name: 'external-secret',
    number: 52,
    title: 'ExternalSecret that is synced late',
    where: 'control plane',
    before: stage => installed(stage, 'external-secrets.io', 'ExternalSecret'),
    objects: ns => [custom('external-secrets.io', 'ExternalSecret', ns)],
    async meanwhile(stage) {
      await systemClock.sleep(1_000, stage.signal)
      await report(stage, 'external-secrets.io', 'externalsecrets', ready('False', 'SecretSyncedError'))
      await systemClock.sleep(25_000, stage.signal)
      await report(stage, 'external-secrets.io', 'externalsecrets', ready('True', 'SecretSynced'))
    },
    expected: { verdict: 'healthy' },
    after: condition('externalsecrets', 'Ready', 'True', `Ready, ${soakSeconds} s soak included`),
    bound: healthyBound,
  },
]
