/** 63 and 65: somebody else changes what is being released. */
import { systemClock } from '../../src/runtime/system-clock.ts'
import { appearing } from './hands.ts'
import { start, write } from './moments.ts'
import { deployment, server } from './objects.ts'
import type { Scenario, Stage } from './scenario.ts'

const path = (namespace: string): string => `/apis/apps/v1/namespaces/${namespace}/deployments/api`
/** Not ready before it is changed. */
const slow = { ...server('/'), readinessProbe: { httpGet: { path: '/', port: 8000 }, initialDelaySeconds: 30 } }

/** As `kubectl replace --force` does it. */
async function recreate({ namespace, kube }: Stage): Promise<void> {
  await kube.json('DELETE', path(namespace))
  await kube.json('POST', path(namespace).replace(/\/api$/, ''), deployment(namespace, { container: slow }))
}

export const changeScenarios: readonly Scenario[] = [
  {
    name: 'recreated',
    number: 63,
    title: 'deleted and created again after its apply, before the gate looks',
    where: 'control plane',
    objects: ns => [deployment(ns, { container: slow })],
    applied: recreate,
    expected: { verdict: 'superseded', cause: 'object-recreated' },
    after: start,
    bound: 3,
  },
  {
    name: 'deleted',
    number: 63,
    title: 'deleted, and created again, while the gate looks on',
    where: 'control plane',
    objects: ns => [deployment(ns, { container: slow })],
    async meanwhile(stage) {
      await appearing(stage, { apiVersion: 'apps/v1', kind: 'Deployment' })
      await systemClock.sleep(3_000, stage.signal)
      await recreate(stage)
    },
    expected: { verdict: 'superseded', cause: 'object-deleted' },
    after: write('delete', 'deployments', 'deleted'),
    bound: 1,
  },
  {
    name: 'foreign-rollout',
    number: 65,
    title: 'kubectl rolls out another image during the release',
    where: 'node',
    objects: ns => [deployment(ns, { container: slow })],
    async meanwhile(stage) {
      const { namespace, kube, signal } = stage
      await appearing(stage, { apiVersion: 'apps/v1', kind: 'Deployment' })
      await systemClock.sleep(3_000, signal)
      const spec = { template: { spec: { containers: [{ name: 'api', env: [{ name: 'HOTFIX', value: '1' }] }] } } }
      await kube.json('PATCH', path(namespace), { spec }, 'application/strategic-merge-patch+json')
    },
    expected: { verdict: 'superseded', cause: 'foreign-change' },
    after: write('patch', 'deployments', 'the other rollout'),
    bound: 1,
  },
]
