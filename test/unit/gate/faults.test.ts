import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { exited, goodStory, image, running, stamp, start, Story, waiting } from './story.ts'

describe('never healthy on stale or missing data', () => {
  test('no pods at all are no success, though the counts of an earlier generation agree', async () => {
    const story = new Story({ revision: 2 })
    story.at(0, () =>
      story.change(deployment => ({
        ...deployment,
        status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 },
      })),
    )
    story.request = { timeoutMs: 60_000 }
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled' })
  })

  test('a ReplicaSet of the release before is not the newest, however ready its pods are', async () => {
    const story = new Story({ revision: 2 })
    story
      .at(0, () => story.replicaSet(1))
      .at(0, () => story.pod('old', [running(story)], { revision: 1 }))
      .at(1, () => story.settle({ replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 }))
    story.request = { timeoutMs: 60_000 }
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled' })
  })

  test('half an updated set is not done', async () => {
    const story = new Story({ replicas: 2 })
    story
      .at(0, () => story.replicaSet(0, {}, 'rs-0'))
      .at(0, () => story.pod('old', [running(story)], { revision: 0 }))
      .at(1, () => story.observed())
      .at(2, () => story.pod('new', [running(story)]))
    story.request = { timeoutMs: 60_000 }
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      cause: { says: expect.stringContaining('1 of 2 pods created') },
    })
  })

  test('old pods that do not leave are told', async () => {
    const story = new Story()
    story
      .at(0, () => story.pod('old', [running(story)], { revision: 0 }))
      .at(1, () => story.observed())
      .at(2, () => story.pod('new', [running(story)]))
    story.request = { timeoutMs: 60_000 }
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      cause: { says: expect.stringContaining('1 old pod still running') },
    })
  })

  test('a watch that is dead without knowing it: the fresh read disagrees', async () => {
    const story = goodStory()
    story
      .at(4, () => story.cluster.cut('Pod', { silently: true }))
      .at(4, () => story.cluster.cut('Deployment', { silently: true }))
      .at(5, () => story.pod('a', [exited(story, 1, 0)]))
    story.request = { timeoutMs: 60_000 }
    expect((await story.verdict()).verdict).not.toMatch(/healthy/)
  })

  test('nor failed: an error that persists only in a dead watch is looked at again', async () => {
    const story = new Story()
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('CreateContainerConfigError', 'configmap "late" not found')]))
      .at(3, () => story.cluster.cut('Pod', { silently: true }))
      .at(8, () => story.pod('a', [running(story)]))
      .at(30, () => story.cluster.mend('Pod'))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 50 })
  })

  test('a watch that is broken for more than 30 s is unknown', async () => {
    const story = goodStory()
    story.at(5, () => story.cluster.cut('Pod'))
    expect(await story.verdict()).toMatchObject({
      verdict: 'unknown',
      seconds: 35,
      cause: { code: 'api-unreachable', blame: 'network' },
    })
  })

  test('a watch that comes back in time is as good as new, and a fault of meanwhile is seen', async () => {
    const story = goodStory()
    story
      .at(5, () => story.cluster.cut('Pod'))
      .at(10, () => story.pod('a', [exited(story, 1, 1)]))
      .at(20, () => story.cluster.mend('Pod'))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 20 })
  })

  test('a fresh read that keeps failing is unknown', async () => {
    const story = goodStory()
    story.at(3, () => void (story.cluster.unreachable = new Error('connection refused')))
    expect(await story.verdict()).toMatchObject({ verdict: 'unknown', seconds: 52, cause: { code: 'api-unreachable' } })
  })

  test('a fresh read that fails once is repeated', async () => {
    const story = goodStory()
    story
      .at(3, () => void (story.cluster.unreachable = new Error('429')))
      .at(25, () => void (story.cluster.unreachable = undefined))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 25 })
  })

  test('time in the dark is not time in health: 15 s of soak are left when a watch is back', async () => {
    const story = goodStory()
    story.at(5, () => story.cluster.cut('Pod')).at(15, () => story.cluster.mend('Pod'))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 30 })
  })

  test('a crash that the kubelet could not report in the dark is seen in the soak after it', async () => {
    const story = goodStory()
    story
      .at(15, () => story.cluster.cut('Pod'))
      .at(21, () => story.cluster.mend('Pod'))
      .at(24, () => story.pod('a', [exited(story, 1, 1)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 24 })
  })

  test('a fresh read that was long in coming is no proof that kubelets could write: it must soak on', async () => {
    const story = goodStory()
    story
      .at(3, () => void (story.cluster.unreachable = new Error('etcd is paused')))
      .at(30, () => void (story.cluster.unreachable = undefined))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 45 })
  })

  test('a liveness probe that fails holds a ready pod back: it will be killed after the soak', async () => {
    const story = new Story()
    const containers = [{ name: 'api', image, livenessProbe: { periodSeconds: 10 } }]
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [running(story)], { containers }))
      .at(12, () => story.event('pod-a', 'Unhealthy', 'Liveness probe failed: HTTP 500'))
    story.request = { timeoutMs: 25_000 }
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled', cause: { code: 'liveness-failing' } })
    const recovered = new Story()
    recovered
      .at(1, () => recovered.observed())
      .at(2, () => recovered.pod('a', [running(recovered)], { containers }))
      .at(12, () => recovered.event('pod-a', 'Unhealthy', 'Liveness probe failed: HTTP 500'))
    expect(await recovered.verdict()).toMatchObject({ verdict: 'healthy', seconds: 54 })
  })

  test('pods that may not be read make it unknown, naming the permission', async () => {
    const story = goodStory()
    story.cluster.forbidden.add('Pod')
    expect(await story.verdict()).toMatchObject({
      verdict: 'unknown',
      seconds: 0,
      cause: { code: 'permission-lost', blame: 'policy', says: expect.stringContaining('Pod is forbidden') },
    })
  })
})

describe('never failed for what was there before, or what is not its own', () => {
  const exceeded = (story: Story, replicaSet: string): Readonly<Record<string, unknown>> => ({
    conditions: [
      {
        type: 'Progressing',
        status: 'False',
        reason: 'ProgressDeadlineExceeded',
        message: `ReplicaSet "${replicaSet}" has timed out progressing.`,
        lastUpdateTime: replicaSet === 'api-0' ? stamp(start - 60_000) : story.now,
      },
    ],
  })

  test('a progress deadline of the release before is inert', async () => {
    const story = new Story()
    story.at(1, () => story.observed(exceeded(story, 'api-0'))).at(8, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
  })

  test('a progress deadline from before is inert though it names the newest ReplicaSet, which a way back uses again', async () => {
    const story = new Story()
    const [before] = exceeded(story, 'api-0')['conditions'] as readonly object[]
    const conditions = [{ ...before, message: 'ReplicaSet "api-1" has timed out progressing.' }]
    story.at(1, () => story.observed({ conditions })).at(8, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
  })

  test('a progress deadline of this release counts', async () => {
    const story = new Story()
    story.at(1, () => story.observed()).at(50, () => story.settle(exceeded(story, 'api-1')))
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      seconds: 50,
      cause: { code: 'progress-deadline' },
    })
  })

  test('restarts from before the release are forgotten; what comes now counts', async () => {
    const story = new Story()
    const before = { exitCode: 1, reason: 'Error', finishedAt: stamp(start - 600_000) }
    const metadata = { creationTimestamp: stamp(start - 3_600_000) }
    story
      .at(1, () => story.observed())
      .at(1, () =>
        story.pod('a', [running(story, { restartCount: 7, lastState: { terminated: before } })], {}, { metadata }),
      )
      .at(5, () => story.pod('a', [exited(story, 1, 7)], {}, { metadata }))
      .at(7, () =>
        story.pod('a', [running(story, { restartCount: 8, lastState: exited(story, 1, 7).state })], {}, { metadata }),
      )
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 37 })
  })

  test('a pod from before brings its restarts along even when a new exit is the first thing seen', async () => {
    const story = new Story()
    const metadata = { creationTimestamp: stamp(start - 3_600_000) }
    story
      .at(1, () => story.pod('a', [exited(story, 1, 7)], {}, { metadata }))
      .at(1, () => story.observed())
      .at(7, () =>
        story.pod('a', [running(story, { restartCount: 8, lastState: exited(story, 1, 7).state })], {}, { metadata }),
      )
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 37 })
  })

  test.each([
    ['Complete', 'healthy', undefined],
    ['Failed', 'failed', 'job-failed'],
  ])('a Job that its time to live removes after it was %s is %s', async (type, verdict, cause) => {
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate', namespace: 'shop', uid: 'job-uid', generation: 1 },
      spec: { ttlSecondsAfterFinished: 0 },
    }
    const story = new Story().gate(job)
    story
      .at(3, () => story.cluster.put({ ...job, status: { conditions: [{ type, status: 'True', reason: 'Test' }] } }))
      .at(3, () => story.cluster.drop({ ...job, status: { conditions: [{ type, status: 'True', reason: 'Test' }] } }))
    const result = await story.verdict()
    expect({ verdict: result.verdict, cause: result.cause?.code }).toEqual({ verdict, cause })
  })

  test('a crash loop of the release before says nothing', async () => {
    const story = new Story()
    story
      .at(0, () => story.pod('old', [exited(story, 1, 5)], { revision: 0 }))
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [running(story)]))
      .at(4, () =>
        story.cluster.drop({
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'old', namespace: 'shop', uid: 'pod-old' },
        }),
      )
      .at(4, () => story.settle())
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 24 })
  })

  test('a pod that is being deleted says nothing', async () => {
    const story = goodStory()
    story.at(3, () => story.pod('b', [exited(story, 143, 4)], {}, { metadata: { deletionTimestamp: story.now } }))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
  })
})

describe('somebody else', () => {
  const changedBy =
    (manager: string) =>
    (deployment: KubeObject): KubeObject => ({
      ...deployment,
      metadata: {
        ...deployment.metadata,
        generation: 2,
        managedFields: [
          { manager: 'slipway', time: stamp(start) },
          { manager, time: stamp(start + 5_000) },
        ],
      },
      spec: {
        ...(deployment['spec'] as object),
        template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } },
      },
    })

  test('a newer release takes over: superseded', async () => {
    const story = goodStory()
    story.at(5, () => story.change(changedBy('slipway')))
    expect(await story.verdict()).toMatchObject({ verdict: 'superseded', seconds: 5, cause: { code: 'superseded' } })
  })

  test('another tool changes the pod template: superseded, naming it', async () => {
    const story = goodStory()
    story.at(5, () => story.change(changedBy('kubectl-rollout')))
    expect(await story.verdict()).toMatchObject({
      verdict: 'superseded',
      cause: { code: 'foreign-change', says: expect.stringContaining('kubectl-rollout') },
    })
  })

  test('deletes the object, or makes it anew', async () => {
    const deleted = goodStory()
    deleted.at(5, () =>
      deleted.cluster.drop({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'api', namespace: 'shop', uid: 'deployment-uid' },
      }),
    )
    expect(await deleted.verdict()).toMatchObject({ verdict: 'superseded', cause: { code: 'object-deleted' } })
    const recreated = goodStory()
    recreated.at(5, () =>
      recreated.change(deployment => ({ ...deployment, metadata: { ...deployment.metadata, uid: 'another' } })),
    )
    expect(await recreated.verdict()).toMatchObject({ verdict: 'superseded', cause: { code: 'object-recreated' } })
  })

  test('cancels the run: cancelled, and every watch is closed', async () => {
    const story = new Story()
    story.at(3, () => story.cancel.abort())
    expect(await story.verdict()).toMatchObject({ verdict: 'cancelled', seconds: 3, cause: { code: 'cancelled' } })
    expect(story.cluster.openWatches).toBe(0)
  })
})
