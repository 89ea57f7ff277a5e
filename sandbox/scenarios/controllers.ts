/** 40 to 52: what controllers make of a release, and what was there before it. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { addNode, appearing, ownNodes, released } from './hands.ts'
import { available, condition, start } from './moments.ts'
import { daemonSet, deployment, job, shell, simulated, staged, statefulSet, tolerated } from './objects.ts'
import { healthyBound, soakSeconds, type Scenario, type Stage } from './scenario.ts'

const healthyAfter = available('deployments', soakSeconds)

const version = (value: string): object => ({ env: [{ name: 'VERSION', value }] })
const quick = (container: object = {}, spec: object = {}) =>
  simulated({ container: { ...container }, spec: { ...spec } })

/** Asks for a status until it is there. */
async function until(
  stage: Stage,
  kind: string,
  fits: (status: Readonly<Record<string, unknown>>) => boolean,
): Promise<void> {
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1'
  await appearing(stage, { apiVersion, kind }, object =>
    fits((object['status'] ?? {}) as Readonly<Record<string, unknown>>),
  )
}

interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
}
const reasonOf = (status: Readonly<Record<string, unknown>>, type: string): string | undefined =>
  ((status['conditions'] ?? []) as readonly Condition[]).find(found => found.type === type)?.reason

/** A rollout whose pods are never ready has passed its progress deadline before ours begins. */
async function overdueBefore(stage: Stage): Promise<void> {
  const slow = staged('never-ready', { spec: { progressDeadlineSeconds: 2 } })
  await stage.cluster.apply(deployment(stage.namespace, slow))
  await until(stage, 'Deployment', status => reasonOf(status, 'Progressing') === 'ProgressDeadlineExceeded')
}

const deployments: readonly Scenario[] = [
  {
    name: 'stale-deadline',
    number: 40,
    title: 'ProgressDeadlineExceeded of the rollout before',
    where: 'kwok',
    before: overdueBefore,
    objects: ns => [deployment(ns, quick(version('2'), { progressDeadlineSeconds: 600 }))],
    expected: { verdict: 'healthy' },
    after: healthyAfter,
    bound: healthyBound,
  },
  {
    name: 'paused',
    number: 41,
    title: 'paused Deployment',
    where: 'control plane',
    objects: ns => [deployment(ns, { spec: { paused: true } })],
    expected: { verdict: 'stalled', cause: 'paused' },
    after: start,
    bound: 3,
  },
  {
    name: 'zero-pods',
    number: 42,
    title: '0 replicas',
    where: 'control plane',
    objects: ns => [deployment(ns, { spec: { replicas: 0 } })],
    expected: { verdict: 'healthy-partial' },
    after: { ...start, name: `start of the release, ${soakSeconds} s soak included` },
    bound: healthyBound + 1,
  },
  {
    name: 'autoscaled',
    number: 43,
    title: 'an HPA scales it up during the rollout',
    where: 'kwok',
    objects: ns => [deployment(ns, quick())],
    async meanwhile({ cluster, namespace, signal }) {
      await systemClock.sleep(2_000, signal)
      await cluster.apply({
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'api', namespace },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
          minReplicas: 3,
          maxReplicas: 5,
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
          ],
        },
      })
    },
    soakMs: 25_000,
    expected: { verdict: 'healthy' },
    after: available('deployments', 25),
    bound: 27,
  },
]

const sets: readonly Scenario[] = [
  {
    name: 'partition',
    number: 45,
    title: 'StatefulSet with a partition',
    where: 'kwok',
    before: stage => released(stage, [statefulSet(stage.namespace, quick(version('1'), { replicas: 2 }))]),
    objects: ns => {
      const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }
      return [statefulSet(ns, quick(version('2'), { replicas: 2, updateStrategy }))]
    },
    expected: { verdict: 'healthy-partial' },
    after: { ...start, name: `start of the release, ${soakSeconds} s soak included` },
    bound: healthyBound + 6,
  },
  {
    name: 'on-delete',
    number: 45,
    title: 'StatefulSet with OnDelete',
    where: 'kwok',
    before: stage => {
      const updateStrategy = { type: 'OnDelete' }
      return released(stage, [statefulSet(stage.namespace, quick(version('1'), { updateStrategy }))])
    },
    objects: ns => [statefulSet(ns, quick(version('2'), { updateStrategy: { type: 'OnDelete' } }))],
    expected: { verdict: 'healthy-partial' },
    after: { ...start, name: `start of the release, ${soakSeconds} s soak included` },
    bound: healthyBound + 2,
  },
  {
    name: 'no-nodes',
    number: 47,
    title: 'DaemonSet that no node wants',
    where: 'control plane',
    objects: ns => [daemonSet(ns, { pod: { nodeSelector: ownNodes(ns) } })],
    expected: { verdict: 'healthy-partial' },
    after: { ...start, name: `start of the release, ${soakSeconds} s soak included` },
    bound: healthyBound + 1,
  },
  {
    name: 'node-churn',
    number: 47,
    title: 'DaemonSet while nodes come and go',
    where: 'kwok',
    async before(stage) {
      for (const name of ['a', 'b', 'c']) await addNode(stage, `${stage.namespace}-${name}`)
    },
    objects: ns => [daemonSet(ns, { pod: { nodeSelector: ownNodes(ns), tolerations: [tolerated] } })],
    async meanwhile(stage) {
      const { kube, namespace, signal } = stage
      await systemClock.sleep(1_000, signal)
      await addNode(stage, `${namespace}-d`)
      await systemClock.sleep(2_000, signal)
      await kube.json('DELETE', `/api/v1/nodes/${namespace}-b`)
      await systemClock.sleep(2_000, signal)
      await addNode(stage, `${namespace}-e`)
    },
    expected: { verdict: 'healthy' },
    after: { ...start, name: `start of the release, ${soakSeconds} s soak included` },
    bound: healthyBound + 8,
  },
]

const complete = condition('jobs', 'Complete', 'True', `Complete, ${soakSeconds} s soak included`)

const failedRun = (namespace: string): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'nightly', namespace },
  spec: {
    schedule: '0 3 * * *',
    jobTemplate: { spec: job(namespace, 'exit 1')['spec'] },
  },
})

/** The last run of the CronJob has failed, as somebody started it by hand. */
async function failedBefore(stage: Stage): Promise<void> {
  const owner = await stage.cluster.apply(failedRun(stage.namespace))
  const { uid = '' } = owner.metadata
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid, controller: true }]
  const run = job(stage.namespace, 'exit 1', { name: 'nightly-1', spec: { backoffLimit: 0 } })
  await stage.cluster.create({ ...run, metadata: { ...run.metadata, ownerReferences } })
  await until(stage, 'Job', status => reasonOf(status, 'Failed') !== undefined)
}

const jobs: readonly Scenario[] = [
  {
    name: 'job-failing',
    number: 48,
    title: 'Job that fails, back-off limit reached',
    where: 'node',
    objects: ns => [job(ns, 'echo cannot migrate; exit 1')],
    expected: { verdict: 'failed', cause: 'job-failed' },
    after: condition('jobs', 'FailureTarget', 'True', 'FailureTarget'),
    bound: 2,
  },
  {
    name: 'job-removed',
    number: 48,
    title: 'Job that completes and is removed by its time to live',
    where: 'node',
    objects: ns => [job(ns, 'echo done', { spec: { ttlSecondsAfterFinished: 0 } })],
    expected: { verdict: 'healthy' },
    after: complete,
    bound: healthyBound,
  },
  {
    name: 'job-suspended',
    number: 48,
    title: 'suspended Job',
    where: 'control plane',
    objects: ns => [job(ns, 'echo done', { spec: { suspend: true } })],
    expected: { verdict: 'healthy-partial' },
    after: { ...start, name: `start of the release, ${soakSeconds} s soak included` },
    bound: healthyBound + 1,
  },
  {
    name: 'cron-job',
    number: 49,
    title: 'CronJob whose last run failed',
    where: 'node',
    before: failedBefore,
    objects: ns => [failedRun(ns), deployment(ns, { container: { ...shell('sleep 3600') } })],
    expected: { verdict: 'healthy' },
    after: healthyAfter,
    bound: healthyBound,
  },
]

export const controllerScenarios: readonly Scenario[] = [...deployments, ...sets, ...jobs]
