import { describe, expect, test } from '@jest/globals'
import { exited, image, running, Story, waiting } from './story.ts'

describe('waiting that is over its bound stalls', () => {
  test('for readiness', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () =>
        story.pod('a', [running(story, { ready: false })], {
          containers: [{ name: 'api', image, readinessProbe: { periodSeconds: 5, failureThreshold: 3 } }],
        }),
      )
      .at(10, () =>
        story.event('pod-a', 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503', {
          count: 3,
        }),
      )
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      seconds: 77,
      cause: { code: 'not-ready', container: 'api', says: expect.stringContaining('statuscode: 503') },
    })
  })

  test('for readiness that comes and goes, also when the time is over while it is there', async () => {
    const story = new Story().at(1, () => story.observed())
    for (let second = 2; second < 60; second += 8) {
      story.at(second, () => story.pod('a', [running(story)]))
      story.at(second + 5, () => story.pod('a', [running(story, { ready: false })]))
    }
    story.request = { timeoutMs: 36_000 }
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled', seconds: 36, cause: { code: 'not-ready' } })
  })

  test('for a node: two minutes without a word of an autoscaler', async () => {
    const story = new Story().at(1, () => story.observed()).at(2, () => story.pod('a', 'unscheduled'))
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      seconds: 122,
      cause: { code: 'unschedulable', blame: 'capacity' },
    })
  })

  test('not while other pods of the same release still make progress', async () => {
    const story = new Story({ replicas: 2 })
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', 'unscheduled'))
      .at(100, () => story.pod('b', [running(story)]))
      .at(200, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 220 })
  })

  test('not while the replacement of an evicted pod still makes progress', async () => {
    const story = new Story()
    const gone = { status: { phase: 'Failed', reason: 'Evicted' } }
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [running(story, { ready: false })]))
      .at(20, () => story.pod('a', [], {}, gone))
      .at(25, () => story.pod('b', 'unscheduled'))
      .at(30, () => story.event('pod-b', 'TriggeredScaleUp', 'pod triggered scale-up'))
      .at(550, () => story.pod('b', [running(story, { ready: false })]))
      .at(605, () => story.pod('b', [running(story)]))
    story.at(22, () => {
      const evicted = story.cluster.find('Pod', 'a')
      if (evicted !== undefined) story.cluster.drop(evicted)
      story.settle()
    })
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 625 })
  })

  test('for a node: soon after the autoscaler refused', async () => {
    const story = new Story()
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', 'unscheduled'))
      .at(12, () => story.event('pod-a', 'NotTriggerScaleUp', 'pod did not trigger scale-up'))
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      seconds: 37,
      cause: { code: 'scale-up-refused' },
    })
  })

  test('for anything: when nothing moves for ten minutes', async () => {
    const story = new Story().at(1, () => story.observed())
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled', cause: { code: 'no-progress' } })
  })

  test('at the overall timeout, saying what was awaited', async () => {
    const story = new Story().at(1, () => story.observed())
    story.request = { timeoutMs: 60_000 }
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      seconds: 60,
      cause: { code: 'timed-out', says: expect.stringContaining('0 of 1 pod created') },
    })
  })

  test('when the Deployment is paused', async () => {
    const story = new Story({ spec: { paused: true } }).at(1, () => story.observed())
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled', cause: { code: 'paused' } })
  })
})

describe('a stall is named by the wait that is over', () => {
  const refused = (story: Story): void =>
    story.event('pod-b', 'NotTriggerScaleUp', "pod didn't trigger scale-up: 1 max node group size reached")
  const roomOrPull = (): Story => {
    const story = new Story({ replicas: 2 })
    return story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('ErrImagePull', '429 Too Many Requests')]))
      .at(2, () => story.pod('b', 'unscheduled'))
  }

  test('not by the trouble of another pod that is within its own bound', async () => {
    const story = roomOrPull()
    const { cause } = await story.at(3, () => refused(story)).verdict()
    expect(cause?.code).toBe('scale-up-refused')
    expect(cause?.evidence.map(({ uid }) => uid)).not.toContain('pod-a')
  })

  test('by both when both are over', async () => {
    const { cause, seconds } = await roomOrPull().verdict()
    expect(seconds).toBe(122)
    expect(cause?.evidence.map(({ code }) => code)).toEqual(['image-pull-failing', 'unschedulable'])
  })

  test('not by a single restart, but by one that was repeated', async () => {
    const withRestarts = (restartCount: number): Story => {
      const story = new Story({ replicas: 3 })
      const again = (): void => story.pod('a', [running(story, { restartCount, lastState: exited(story, 1, 0).state })])
      return story
        .at(1, () => story.observed())
        .at(2, () => story.pod('b', 'unscheduled'))
        .at(2, () => story.pod('c', [running(story)]))
        .at(3, () => refused(story))
        .at(4, again)
    }
    expect((await withRestarts(1).verdict()).cause?.code).toBe('scale-up-refused')
    expect((await withRestarts(2).verdict()).cause?.code).toBe('crash-loop')
  })

  test('by all that there is when the workload itself is late', async () => {
    const story = new Story()
    const late = {
      type: 'Progressing',
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: 'ReplicaSet "api-1" has timed out progressing.',
    }
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', 'unscheduled'))
      .at(3, () => story.event('pod-a', 'TriggeredScaleUp', 'pod triggered scale-up'))
      .at(60, () => story.settle({ conditions: [{ ...late, lastUpdateTime: story.now }] }))
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled', seconds: 60, cause: { code: 'unschedulable' } })
  })
})

test('of two watches that are silent the first one counts', async () => {
  const story = new Story()
    .at(1, () => story.observed())
    .at(10, () => story.cluster.cut('Pod'))
    .at(25, () => story.cluster.cut('ReplicaSet'))
  expect(await story.verdict()).toMatchObject({
    verdict: 'unknown',
    seconds: 40,
    cause: { code: 'api-unreachable', says: expect.stringContaining('did not answer for 30 s') },
  })
})
