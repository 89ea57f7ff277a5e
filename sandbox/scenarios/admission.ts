/** 36 to 39: pods that the API server does not take. */
import { denying, silent } from './webhook.ts'
import { refused } from './moments.ts'
import { deployment } from './objects.ts'
import { confirmedBound, type Scenario, type Stage } from './scenario.ts'

async function quota({ namespace, cluster }: Stage): Promise<void> {
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'pods', namespace },
    spec: { hard: { pods: '0' } },
  })
}

async function restricted({ namespace, cluster }: Stage): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } })
}

export const admissionScenarios: readonly Scenario[] = [
  {
    name: 'quota',
    number: 36,
    title: 'quota refuses the pods',
    where: 'control plane',
    before: quota,
    objects: ns => [deployment(ns)],
    expected: { verdict: 'failed', cause: 'quota-exceeded' },
    after: refused,
    bound: confirmedBound,
  },
  {
    name: 'webhook-denies',
    number: 37,
    title: 'an admission webhook denies the pods',
    where: 'control plane',
    before: stage => denying(stage, 'images must be signed'),
    objects: ns => [deployment(ns)],
    expected: { verdict: 'failed', cause: 'admission-denied' },
    after: refused,
    bound: confirmedBound,
  },
  {
    name: 'webhook-silent',
    number: 38,
    title: 'an admission webhook does not answer',
    where: 'control plane',
    before: silent,
    objects: ns => [deployment(ns)],
    expected: { verdict: 'stalled', cause: 'webhook-failing' },
    after: refused,
    bound: 123,
  },
  {
    name: 'pod-security',
    number: 39,
    title: 'Pod Security refuses the pods',
    where: 'control plane',
    before: restricted,
    objects: ns => [deployment(ns)],
    expected: { verdict: 'failed', cause: 'pod-security' },
    after: refused,
    bound: confirmedBound,
  },
]
