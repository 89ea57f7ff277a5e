import { describe, expect, test } from '@jest/globals'
import type { ImageCheck } from '../../../src/rollout/model.ts'
import { exited, image, running, Story, waiting } from './story.ts'

const notFound = `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": ${image}: not found`

describe('a good release', () => {
  test('is healthy after its soak and a fresh read, and says when it was ready', async () => {
    const story = new Story({ replicas: 2 })
      .at(1, () => story.observed())
      .at(2, () => ['a', 'b'].forEach(name => story.pod(name, [waiting('ContainerCreating')])))
      .at(3, () => story.pod('a', [running(story)]))
      .at(4, () => story.pod('b', [running(story)]))
    const result = await story.verdict()
    expect(result).toMatchObject({ verdict: 'healthy', seconds: 24 })
    expect(result.readyAt).toBe(result.endedAt - 20_000)
    expect(result.cause).toBeUndefined()
    expect(story.cluster.requests).toContain('list Pod')
    expect(story.cluster.openWatches).toBe(0)
  })

  test('may restart once: it is healthy when the restarted container has run for 30 s', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [exited(story, 1, 0)]))
      .at(3, () => story.pod('a', [running(story, { restartCount: 1, lastState: exited(story, 1, 0).state })]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 33 })
  })

  test('may have a flaky pull', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('ErrImagePull', 'dial tcp: i/o timeout')]))
      .at(15, () => story.pod('a', [waiting('ImagePullBackOff', 'Back-off pulling image')]))
      .at(40, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 60 })
  })

  test('may wait for its configuration for a few seconds', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('CreateContainerConfigError', 'configmap "shop" not found')]))
      .at(7, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
  })

  test('may wait minutes for a node when the autoscaler has promised one', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', 'unscheduled'))
      .at(10, () => story.event('pod-a', 'TriggeredScaleUp', 'pod triggered scale-up'))
      .at(400, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
  })

  test('may lose a pod to an eviction: its replacement is judged', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [exited(story, 137, 3)], {}, { status: { reason: 'Evicted', phase: 'Failed' } }))
      .at(5, () =>
        story.cluster.drop({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'shop', uid: 'pod-a' } }),
      )
      .at(6, () => story.pod('b', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 26 })
  })

  test('may be scaled by an autoscaler on its way', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [running(story)]))
      .at(5, () =>
        story.change(deployment => ({
          ...deployment,
          metadata: { ...deployment.metadata, generation: 2 },
          spec: { ...(deployment['spec'] as object), replicas: 2 },
        })),
      )
      .at(6, () =>
        story.change(deployment => ({
          ...deployment,
          metadata: { ...deployment.metadata, generation: 2 },
          status: { ...(deployment['status'] as object), observedGeneration: 2 },
        })),
      )
    story.request = { timeoutMs: 30_000 }
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      cause: { code: 'timed-out', says: expect.stringContaining('1 of 2 pods') },
    })
  })
})

describe('a broken release fails', () => {
  test('at the second exit, in the same second, naming container, code and last log lines', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [running(story)]))
      .at(2.5, () => story.pod('a', [exited(story, 3, 0)]))
      .at(3.5, () => story.pod('a', [exited(story, 3, 1)]))
    story.cluster.logTexts.set('a/api', 'starting\nboom: DATABASE_URL is not set\n')
    const result = await story.verdict()
    expect(result).toMatchObject({
      verdict: 'failed',
      seconds: 3.5,
      cause: {
        code: 'crash-loop',
        blame: 'code',
        confidence: 'certain',
        container: 'api',
        says: 'container "api" exited with 3 twice',
      },
      logs: [{ pod: 'a', container: 'api', previous: false, lines: ['starting', 'boom: DATABASE_URL is not set'] }],
    })
  })

  test('with the words of the instance that is still there when the kubelet has removed the one before', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [exited(story, 3, 0)]))
      .at(3, () => story.pod('a', [exited(story, 3, 1)]))
    const gone = 'failed to try resolving symlinks in path "/var/log/pods/shop_a_1/api/0.log": lstat: no such file'
    story.cluster.logTexts.set('a/api/previous', `${gone}\n`)
    story.cluster.logTexts.set('a/api', 'boom: DATABASE_URL is not set\n')
    const { logs } = await story.verdict()
    expect(logs).toEqual([{ pod: 'a', container: 'api', previous: false, lines: ['boom: DATABASE_URL is not set'] }])
  })

  test('when its image is not in the registry: at once when the registry agrees', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('ErrImagePull', notFound)]))
    story.images = { check: () => Promise.resolve('absent') }
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 2,
      cause: { code: 'image-not-found', confidence: 'certain', says: `${image} is not in the registry` },
    })
  })

  test.each<[string, ImageCheck | undefined]>([
    ['nobody can be asked', undefined],
    ['the registry cannot tell', { check: () => Promise.resolve('unknown') }],
    ['asking fails', { check: () => Promise.reject(new Error('throttled')) }],
  ])('when its image is not found: after 10 s when %s', async (_why, images) => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('ErrImagePull', notFound)]))
      .at(5, () => story.pod('a', [waiting('ImagePullBackOff', `Back-off pulling image: ErrImagePull: ${notFound}`)]))
    story.images = images
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 12,
      cause: { code: 'image-not-found', confidence: 'likely' },
    })
  })

  test('not for a pull error of an image that the registry has: that only stalls', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('ErrImagePull', notFound)]))
    story.images = { check: () => Promise.resolve('present') }
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      seconds: 122,
      cause: { code: 'image-pull-failing', blame: 'network' },
    })
  })

  test('when its configuration stays missing', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('CreateContainerConfigError', 'secret "shop" not found')]))
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 22,
      cause: { code: 'config-missing', blame: 'config' },
    })
  })

  test('when an init container keeps failing', async () => {
    const story = new Story()
    const init = [{ name: 'migrate', image }]
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [exited(story, 1, 0, { name: 'migrate' }), waiting('PodInitializing')], { init }))
      .at(4, () => story.pod('a', [exited(story, 1, 1, { name: 'migrate' }), waiting('PodInitializing')], { init }))
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 4,
      cause: { code: 'crash-loop', container: 'migrate' },
    })
  })

  test('when a native sidecar keeps failing while the main container runs', async () => {
    const story = new Story()
    const init = [{ name: 'proxy', image, restartPolicy: 'Always' }]
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [exited(story, 2, 0, { name: 'proxy' }), running(story)], { init }))
      .at(4, () => story.pod('a', [exited(story, 2, 1, { name: 'proxy' }), running(story)], { init }))
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 4,
      cause: { code: 'crash-loop', container: 'proxy' },
    })
  })

  test('when it is out of memory twice', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [exited(story, 137, 0, { reason: 'OOMKilled' })]))
      .at(3, () => story.pod('a', [exited(story, 137, 1, { reason: 'OOMKilled' })]))
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 3,
      cause: { code: 'oom-killed', blame: 'config' },
    })
  })

  test('when the liveness probe kills it twice, whatever its exit code', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(31, () => story.event('pod-a', 'Killing', 'Container api failed liveness probe, will be restarted'))
      .at(31, () => story.pod('a', [exited(story, 0, 0)]))
      .at(61, () =>
        story.event('pod-a', 'Killing', 'Container api failed liveness probe, will be restarted', { count: 2 }),
      )
      .at(61, () => story.pod('a', [exited(story, 0, 1)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 61, cause: { code: 'liveness-kill' } })
  })

  test('when a crash after ready falls into the soak and repeats', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [running(story)]))
      .at(15, () => story.pod('a', [exited(story, 1, 0)]))
      .at(17, () => story.pod('a', [running(story, { restartCount: 1, lastState: exited(story, 1, 0).state })]))
      .at(30, () => story.pod('a', [exited(story, 1, 1)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 30, cause: { code: 'crash-loop' } })
  })

  test('when a quota lets no pod be created', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () =>
        story.replicaSet(1, {
          replicas: 0,
          conditions: [
            {
              type: 'ReplicaFailure',
              status: 'True',
              reason: 'FailedCreate',
              message: 'pods "api-1-x" is forbidden: exceeded quota: small',
              lastTransitionTime: story.now,
            },
          ],
        }),
      )
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 12,
      cause: { code: 'quota-exceeded', blame: 'capacity' },
    })
  })
})

describe('one of several pods', () => {
  test('that crashes twice is not enough while others run: the third exit is', async () => {
    const story = new Story({ replicas: 3 })
      .at(1, () => story.observed())
      .at(2, () => ['b', 'c'].forEach(name => story.pod(name, [running(story)])))
      .at(2, () => story.pod('a', [exited(story, 1, 0)]))
      .at(4, () => story.pod('a', [exited(story, 1, 1)]))
      .at(20, () => story.pod('a', [exited(story, 1, 2)]))
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 20,
      cause: { code: 'crash-loop', says: 'container "api" exited with 1, 3 times' },
    })
  })

  test('that fails on one node while the others run elsewhere blames the node, and only stalls', async () => {
    const story = new Story({ replicas: 3 })
      .at(1, () => story.observed())
      .at(2, () => ['b', 'c'].forEach(name => story.pod(name, [running(story)], { node: 'node-2' })))
      .at(2, () => story.pod('a', [exited(story, 1, 0)], { node: 'node-1' }))
      .at(4, () => story.pod('a', [exited(story, 1, 1)], { node: 'node-1' }))
      .at(20, () => story.pod('a', [exited(story, 1, 2)], { node: 'node-1' }))
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      cause: { code: 'bad-node', blame: 'platform', says: expect.stringContaining('node-1') },
    })
  })

  test('and another with the same cause is proof', async () => {
    const story = new Story({ replicas: 3 })
      .at(1, () => story.observed())
      .at(2, () => ['a', 'b', 'c'].forEach(name => story.pod(name, [exited(story, 1, 0)])))
      .at(4, () => story.pod('a', [exited(story, 1, 1)]))
      .at(5, () => story.pod('b', [exited(story, 1, 1)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 5 })
  })
})
