import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { skewBound, skewOf, startLine } from '../../../src/rollout/gate/server-time.ts'
import { exited, image, running, stamp, start, Story } from './story.ts'

const minute = 60_000

describe.each([
  ['right', 0],
  ['a minute ahead', minute],
  ['ten minutes ahead', 10 * minute],
  ['a minute behind', -minute],
  ['ten minutes behind', -10 * minute],
])("the runner's clock is %s", (_, aheadMs) => {
  test('a crash in the first seconds of an update counts', async () => {
    const story = new Story({ revision: 2, aheadMs })
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [exited(story, 3, 0)]))
      .at(3, () => story.pod('a', [exited(story, 3, 1)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 3, cause: { code: 'crash-loop' } })
  })

  test('a crash counts on while its container runs for a moment in between', async () => {
    const story = new Story({ revision: 2, aheadMs })
    story.at(1, () => story.observed())
    for (const [restarts, second] of [2, 8, 20].entries()) {
      const last = restarts === 0 ? {} : { lastState: exited(story, 3, restarts).state }
      story
        .at(second, () => story.pod('a', [running(story, { restartCount: restarts, ...last })]))
        .at(second + 2, () => story.pod('a', [exited(story, 3, restarts)]))
    }
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 10, cause: { code: 'crash-loop' } })
  })

  test('a restart is forgiven after 30 s, not sooner and not much later', async () => {
    const story = new Story({ revision: 2, aheadMs })
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [exited(story, 1, 0)]))
      .at(3, () => story.pod('a', [running(story, { restartCount: 1, lastState: exited(story, 1, 0).state })]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 33 })
  })

  test('restarts of a pod from before, that a way back uses again, do not count', async () => {
    const story = new Story({ revision: 2, aheadMs })
    const before = (seconds: number): string => stamp(start - aheadMs - seconds * 1_000)
    const terminated = { exitCode: 1, reason: 'Error', finishedAt: before(20) }
    const metadata = { creationTimestamp: before(3_600) }
    const old = { state: { running: { startedAt: before(19) } }, ready: true, restartCount: 7 }
    story
      .at(1, () => story.pod('a', [{ ...old, lastState: { terminated } }], {}, { metadata }))
      .at(1, () => story.observed())
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 21 })
  })

  test('what events told before the release is inert', async () => {
    const story = new Story({ revision: 2, aheadMs })
    const at = stamp(start - aheadMs - 20_000)
    story.event('pod-a', 'Unhealthy', 'Liveness probe failed: HTTP 500', { count: 2, at })
    const containers = [{ name: 'api', image, livenessProbe: { periodSeconds: 30 } }]
    const startedAt = stamp(start - aheadMs - 600_000)
    story
      .at(1, () => story.pod('a', [{ state: { running: { startedAt } }, ready: true }], { containers }))
      .at(1, () => story.observed())
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 21 })
  })
})

test('a refused Ingress of which only annotations changed has failed though the clock is ahead', async () => {
  const at = stamp(start - minute)
  const story = new Story({ aheadMs: minute }).gate({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: 'web',
      managedFields: [{ manager: 'slipway', operation: 'Apply', time: at }],
    },
  })
  story.at(2, () => story.event('web', 'FailedBuildModel', 'no certificate found'))
  expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 12, cause: { code: 'route-refused' } })
})

describe('the start line', () => {
  const request = { startedAt: start + 500, timeoutMs: 0, soakMs: 0 }
  const object = (creationTimestamp: string, generation: number, time: string): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'api',
      creationTimestamp,
      generation,
      managedFields: [
        { manager: 'kube-controller-manager', operation: 'Update', subresource: 'status', time: stamp(start - 90_000) },
        { manager: 'slipway', operation: 'Apply', time },
      ],
    },
  })
  const [hourAgo, minuteAgo] = [stamp(start - 60 * minute), stamp(start - minute)]
  test.each([
    ['what it created', { object: object(minuteAgo, 1, minuteAgo) }, -minute],
    ['what it changed', { object: object(hourAgo, 5, minuteAgo), previousGeneration: 4 }, -minute],
    [
      'the last write where no generation moved',
      { object: object(hourAgo, 5, minuteAgo), previousGeneration: 5 },
      -minute,
    ],
    [
      'its own clock where that write must be of a later wave',
      { object: object(hourAgo, 5, stamp(start + minute)), previousGeneration: 5 },
      0,
    ],
    ['its own clock when nothing was written', { object: object(hourAgo, 5, hourAgo), previousGeneration: 5 }, 0],
    ['its own clock when the object is far older than it was told', { object: object(hourAgo, 5, hourAgo) }, 0],
  ])('is the time of %s', (_, applied, expected) => {
    expect(startLine({ ...request, applied: [applied] }) - start).toBe(expected)
  })
})

test('a clock is thought wrong only where it is further off than news may be late, and AWS would still accept it', () => {
  const seen = [{ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'a', managedFields: [{ time: stamp(start) }] } }]
  const skewAt = (now: number): number => skewOf(skewBound(Infinity, seen, now))
  expect([-minute, -9_000, 0, 9_000, minute, 16 * minute].map(ms => skewAt(start + ms))).toEqual([
    -minute,
    0,
    0,
    0,
    minute,
    0,
  ])
  expect(skewOf(skewBound(Infinity, [], start))).toBe(0)
})
