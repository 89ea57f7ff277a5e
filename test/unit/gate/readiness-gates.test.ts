import { expect, test } from '@jest/globals'
import { object } from '../../support/objects.ts'
import { behindBalancer, binding, service } from './balancer.ts'

const labels = { 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled' }

/** A workload whose pods run and get no gate: the webhook of the load balancer's controller did not answer. */
function ungated(requireReadinessGates: boolean) {
  const { story, balancer } = behindBalancer(['a'])
  story.cluster.put({ ...binding(), metadata: { ...binding().metadata, creationTimestamp: '2026-11-20T00:00:00Z' } })
  for (const address of ['10.0.0.1', '10.0.0.2']) balancer.states.set(address, { state: 'healthy' })
  const around = [{ ...object('Namespace', 'shop'), metadata: { name: 'shop', labels } }, service()]
  story.request = { around, ...(requireReadinessGates ? { requireReadinessGates } : {}) }
  return story
}

test('pods without their readiness gate fail a release that requires gates', async () => {
  expect(await ungated(true).verdict()).toMatchObject({
    verdict: 'failed',
    cause: { code: 'readiness-gate-missing', blame: 'platform' },
  })
})

test('and are a word in the log of any other', async () => {
  const story = ungated(false)
  expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
  expect(story.said.join('\n')).toContain('no readiness gate of the load balancer')
})
