import { describe, expect, test } from '@jest/globals'
import { DeniedError } from '../../../src/runtime/errors.ts'
import { address, behindBalancer, binding, healthy, refused, serve } from './balancer.ts'
import { exited, start, waiting } from './story.ts'

describe('pods behind a load balancer', () => {
  test('are healthy when each of them is a healthy target, not when they are ready', async () => {
    const { story, balancer } = behindBalancer(['a', 'b'])
    story
      .at(11, () => balancer.states.set(address(1), healthy))
      .at(31, () => balancer.states.set(address(2), healthy))
      .at(3, () => balancer.states.set(address(2), { state: 'initial', reason: 'Elb.InitialHealthChecking' }))
    const result = await story.verdict()
    expect(result).toMatchObject({ verdict: 'healthy', seconds: 52 })
    expect(story.said).toContain('Deployment shop/api: 1 of 2 new targets healthy in k8s-shop-api-0a1b2c3d4e')
  })

  test('have failed when a load balancer refuses one for threshold × interval, with its own words', async () => {
    const { story, balancer } = behindBalancer()
    story.at(10, () => balancer.states.set(address(1), refused))
    const result = await story.verdict()
    expect(result).toMatchObject({
      verdict: 'failed',
      seconds: 42,
      cause: { code: 'target-unhealthy', blame: 'network', subject: 'Deployment shop/api' },
    })
    expect(result.cause?.says).toMatch(
      /10\.0\.0\.1:8000 is unhealthy in k8s-shop-api-0a1b2c3d4e \(Target\.ResponseCodeMismatch: .*\[500\]\)$/,
    )
  })

  test.each(['Target.Timeout', 'Target.FailedHealthChecks'])('fail for %s too', async reason => {
    const { story, balancer } = behindBalancer()
    story.at(10, () => balancer.states.set(address(1), { state: 'unhealthy', reason }))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', cause: { code: 'target-unhealthy' } })
  })

  test('may be refused for a while, and again: a target that flaps has not failed', async () => {
    const { story, balancer } = behindBalancer()
    for (const [second, state] of [
      [10, refused],
      [30, healthy],
      [40, refused],
      [60, healthy],
    ] as const)
      story.at(second, () => balancer.states.set(address(1), state))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 82 })
  })

  test('that are refused in the soak go back to waiting', async () => {
    const { story, balancer } = behindBalancer()
    balancer.states.set(address(1), healthy)
    story.at(15, () => balancer.states.set(address(1), refused))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 52 })
  })

  test.each(['initial', 'unused', 'draining', 'unavailable'])('only wait while a target is %s', async state => {
    const { story, balancer } = behindBalancer()
    balancer.states.set(address(1), { state })
    expect(await story.verdict()).toMatchObject({
      verdict: 'stalled',
      seconds: 302,
      cause: { code: 'target-unhealthy', confidence: 'possible' },
    })
  })

  test('only wait while a pod is not registered, whatever the targets of the pods before are', async () => {
    const { story, balancer } = behindBalancer()
    balancer.states.set(address(200), refused)
    balancer.states.set(address(201), healthy)
    story.at(60, () => balancer.states.set(address(1), healthy))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 82 })
  })

  test('are a healthy target only on the port that the Service leads to', async () => {
    const { story, balancer } = behindBalancer()
    balancer.states.set(address(1), { ...healthy, port: 9000 })
    story.request = { timeoutMs: 60_000 }
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled' })
  })

  test('that crash have the cause of the crash', async () => {
    const { story, balancer } = behindBalancer()
    balancer.states.set(address(1), { state: 'unhealthy', reason: 'Target.FailedHealthChecks' })
    story.at(4, () => serve(story, 'a', 1, exited(story, 3, 0))).at(6, () => serve(story, 'a', 1, exited(story, 3, 1)))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 6, cause: { code: 'crash-loop' } })
  })

  test('that one node alone keeps from the load balancer make that node the suspect', async () => {
    const { story, balancer } = behindBalancer(['a', 'b'])
    balancer.states.set(address(1), healthy)
    balancer.states.set(address(2), { state: 'unhealthy', reason: 'Target.Timeout' })
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled', cause: { code: 'bad-node' } })
  })

  test('are asked about every 10 s, from when one is up', async () => {
    const { story, balancer } = behindBalancer(['a'], { upAt: 30 })
    story.at(2, () => serve(story, 'a', 1, waiting('ContainerCreating')))
    story.at(45, () => balancer.states.set(address(1), healthy))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 70 })
    expect(balancer.asked.map(at => (at - start) / 1_000)).toEqual([30, 40, 50, 60, 70])
  })
})

describe('a load balancer that cannot be asked', () => {
  const denied = new DeniedError('aws-read-denied', 'role/deploy may not elasticloadbalancing:DescribeTargetHealth.', {
    todo: 'Allow it.',
  })

  test('by this role is noted, once, and the pods alone decide', async () => {
    const { story, balancer } = behindBalancer()
    balancer.failure = denied
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 22 })
    expect(story.said.filter(line => line.includes('may not elasticloadbalancing'))).toHaveLength(2)
    expect(balancer.asked).toHaveLength(1)
  })

  test('for a minute counts as none', async () => {
    const { story, balancer } = behindBalancer()
    balancer.failure = new Error('Rate exceeded')
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 82 })
  })

  test('for a moment is asked again', async () => {
    const { story, balancer } = behindBalancer()
    balancer.failure = new Error('Rate exceeded')
    story.at(20, () => {
      balancer.failure = undefined
      balancer.states.set(address(1), refused)
    })
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 52 })
  })

  test('any more leaves standing what it said last, if that was bad', async () => {
    const { story, balancer } = behindBalancer()
    balancer.states.set(address(1), refused)
    story.at(5, () => (balancer.failure = new Error('Rate exceeded')))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', cause: { code: 'target-unhealthy' } })
  })

  test('because it never answers counts as none after a minute', async () => {
    const { story } = behindBalancer()
    story.targets = { read: () => new Promise(() => undefined) }
    const { verdict, seconds } = await story.verdict()
    expect(verdict).toBe('healthy')
    expect(seconds).toBeGreaterThan(62)
    expect(seconds).toBeLessThan(120)
  })

  test('because bindings may not be listed is noted', async () => {
    const { story, balancer } = behindBalancer()
    story.cluster.forbidden.add('TargetGroupBinding')
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 22 })
    expect(balancer.asked).toEqual([])
    expect(story.said.join('\n')).toContain('note: load balancers are not asked about the pods in shop')
  })
})

describe('a load balancer is not asked', () => {
  test('when it has nothing to do with the release', async () => {
    const { story, balancer } = behindBalancer(['a'], { service: { app: 'other' } })
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 22 })
    expect(balancer.asked).toEqual([])
  })

  test('when its targets are nodes, which is said', async () => {
    const { story, balancer } = behindBalancer(['a'], { binding: { targetType: 'instance' } })
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 22 })
    expect(balancer.asked).toEqual([])
    expect(story.said.join('\n')).toContain('targets of TargetGroupBinding shop/k8s-api are nodes')
  })

  test('when the cluster does not know bindings', async () => {
    const { story, balancer } = behindBalancer()
    story.cluster.namespaced = () => Promise.resolve(undefined)
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 22 })
    expect(story.cluster.requests).not.toContain('watch TargetGroupBinding')
    expect(balancer.asked).toEqual([])
  })
})

test('a binding that comes with the release is found when it comes', async () => {
  const { story, balancer } = behindBalancer()
  story.cluster.drop(binding())
  story.at(8, () => story.cluster.put(binding())).at(25, () => balancer.states.set(address(1), healthy))
  expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 48 })
})

test('a release that needs no soak still waits to hear whether there is a load balancer', async () => {
  const { story, balancer } = behindBalancer()
  story.request = { soakMs: 0 }
  story.at(15, () => balancer.states.set(address(1), healthy))
  const served = story.cluster.namespaced.bind(story.cluster)
  story.cluster.namespaced = async () => {
    await story.time.sleep(4_000)
    return served()
  }
  expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 24 })
})
