import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { running, stamp, start, Story, waiting } from './story.ts'

const ago = (seconds: number): string => stamp(start - seconds * 1_000)

const ingress: KubeObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'web', namespace: 'shop', uid: 'web', generation: 1 },
}

describe('a refusal of the load balancer controller', () => {
  const refused = (story: Story, count: number, at = story.now): void =>
    story.event('web', 'FailedBuildModel', 'no certificate found for host', { count, at })

  test('from before the release says nothing, however often it was repeated', async () => {
    const story = new Story().gate(ingress)
    refused(story, 4, ago(1_800))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 20 })
  })

  test('that goes on has 10 s to end: the count of its event is partly from before', async () => {
    const story = new Story().gate(ingress)
    refused(story, 4, ago(1_800))
    story
      .at(2, () => refused(story, 5))
      .at(8, () => story.event('web', 'SuccessfullyReconciled', 'Successfully reconciled'))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 28 })
  })

  test('that stays fails after 10 s', async () => {
    const story = new Story().gate(ingress)
    story.at(2, () => refused(story, 5))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 12, cause: { code: 'route-refused' } })
  })

  test('that is repeated within milliseconds has the same 10 s: its Service may be the next to come', async () => {
    const story = new Story().gate(ingress)
    for (const [count, second] of [2, 2.01, 2.03, 2.07, 2.15].entries())
      story.at(second, () => refused(story, count + 1))
    story.at(4, () => story.event('web', 'SuccessfullyReconciled', 'Successfully reconciled'))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 24 })
  })

  test('that was taken back within the same second is over', async () => {
    const story = new Story().gate(ingress)
    story.at(2.2, () => refused(story, 1)).at(2.6, () => story.event('web', 'SuccessfullyReconciled', 'Reconciled'))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 22.6 })
  })

  test('that a dead watch still shows is looked at again', async () => {
    const story = new Story().gate(ingress)
    story
      .at(2, () => refused(story, 1))
      .at(3, () => story.cluster.cut('Event', { silently: true }))
      .at(8, () => story.event('web', 'SuccessfullyReconciled', 'Successfully reconciled'))
      .at(40, () => story.cluster.mend('Event'))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 60 })
  })
})

describe('events of a pod', () => {
  test('about a volume that was missing before the release say nothing', async () => {
    const story = new Story()
    story.event('pod-a', 'FailedMount', 'configmap "shop" not found', { count: 9, at: ago(600) })
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('ContainerCreating')]))
      .at(90, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
  })

  test.each([
    ['CreateContainerConfigError', 'configmap "late" not found'],
    ['CreateContainerError', 'the mount is not there yet'],
  ])('about failed pulls do not take the time from %s', async (reason, message) => {
    const story = new Story()
    story
      .at(1, () => story.observed())
      .at(2, () => story.event('pod-a', 'Failed', 'Failed to pull image "x": i/o timeout'))
      .at(3, () => story.event('pod-a', 'Failed', 'Failed to pull image "x": i/o timeout', { count: 3 }))
      .at(4, () => story.pod('a', [waiting(reason, message)]))
      .at(9, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 29 })
  })

  test('configuration that stays missing fails 20 s after it was missed, pulls or not', async () => {
    const story = new Story()
    story
      .at(1, () => story.observed())
      .at(2, () => story.event('pod-a', 'Failed', 'Failed to pull image "x": i/o timeout', { count: 3 }))
      .at(4, () => story.pod('a', [waiting('CreateContainerConfigError', 'configmap "late" not found')]))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 24, cause: { code: 'config-missing' } })
  })
})

describe('pods that cannot be created', () => {
  const owners = {
    Job: { apiVersion: 'batch/v1', spec: {} },
    StatefulSet: { apiVersion: 'apps/v1', spec: { replicas: 1 }, status: { updateRevision: 'r1' } },
    DaemonSet: { apiVersion: 'apps/v1', spec: {}, status: { desiredNumberScheduled: 1 } },
  } as const

  const owner = (kind: keyof typeof owners): KubeObject => ({
    ...owners[kind],
    kind,
    metadata: { name: 'work', namespace: 'shop', uid: 'work', creationTimestamp: stamp(start) },
  })

  const texts = {
    'quota-exceeded': 'pods "work-0" is forbidden: exceeded quota: small',
    'service-account-missing':
      'pods "work-0" is forbidden: error looking up service account shop/no: serviceaccount "no" not found',
    'pod-security': 'pods "work-0" is forbidden: violates PodSecurity "restricted:latest"',
    'admission-denied': 'admission webhook "policy.example.com" denied the request: no label',
  } as const
  const cases = (['Job', 'StatefulSet', 'DaemonSet'] as const).flatMap(kind =>
    Object.entries(texts).map(([code, text]) => ({ kind, code, text })),
  )

  test.each(cases)('$kind: $code, after 10 s', async ({ kind, code, text }) => {
    const story = new Story().gate(owner(kind))
    story.at(1, () => story.event('work', 'FailedCreate', text))
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 11,
      cause: { code, subject: `${kind} shop/work` },
    })
  })

  test.each(['Job', 'StatefulSet', 'DaemonSet'] as const)(
    '%s: a refusal of before the release says nothing, and one that was overcome is over',
    async kind => {
      const story = new Story().gate(owner(kind))
      story.event('work', 'FailedCreate', texts['quota-exceeded'], { count: 7, at: ago(60) })
      story
        .at(1, () => story.event('work', 'FailedCreate', texts['service-account-missing']))
        .at(5, () => story.event('work', 'SuccessfulCreate', 'created'))
      story.request = { timeoutMs: 60_000 }
      const { verdict, cause, evidence } = await story.verdict()
      expect([verdict, cause?.code]).toEqual(['stalled', 'timed-out'])
      expect(evidence.map(({ code }) => code)).toEqual(['service-account-missing'])
    },
  )

  test('a Job that is refused a dozen times within a second, because its service account comes late, is well', async () => {
    const story = new Story().gate(owner('Job'))
    for (let count = 1; count <= 12; count++)
      story.at(0.5 + count / 20, () => story.event('work', 'FailedCreate', texts['service-account-missing'], { count }))
    story
      .at(3, () => story.event('work', 'SuccessfulCreate', 'Created pod: work-1'))
      .at(5, () =>
        story.cluster.put({ ...owner('Job'), status: { conditions: [{ type: 'Complete', status: 'True' }] } }),
      )
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 25 })
  })

  test('a Job that has pods goes on with them', async () => {
    const story = new Story().gate(owner('Job'))
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'work-1',
        namespace: 'shop',
        uid: 'work-1',
        creationTimestamp: stamp(start),
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'work', uid: 'work', controller: true }],
      },
      spec: { restartPolicy: 'Never', containers: [{ name: 'work' }] },
      status: { phase: 'Running' },
    }
    story
      .at(0.5, () => story.cluster.put(pod))
      .at(1, () => story.event('work', 'FailedCreate', texts['quota-exceeded'], { count: 3 }))
      .at(500, () =>
        story.cluster.put({ ...owner('Job'), status: { conditions: [{ type: 'Complete', status: 'True' }] } }),
      )
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 520 })
  })
})
