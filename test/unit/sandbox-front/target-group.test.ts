import { afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import type { HealthCheck } from '../../../sandbox/front/load-balancer/routes.ts'
import { createTargetGroup } from '../../../sandbox/front/load-balancer/target-group.ts'

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

const one = { ip: '10.201.0.4', port: 8000 }
const two = { ip: '10.201.0.5', port: 8000 }
const check: HealthCheck = {
  path: '/',
  port: undefined,
  intervalMs: 5000,
  timeoutMs: 1000,
  healthyAfter: 2,
  unhealthyAfter: 2,
  accepts: status => status === 200,
}
const failure = { reason: 'Target.Timeout', description: 'Request timed out' }

function group() {
  const sick = new Set<string>()
  const targets = createTargetGroup(async ({ ip }) => (sick.has(ip) ? failure : undefined))
  const states = (): readonly string[] => targets.health().map(({ state }) => state)
  return { targets, sick, states }
}

test('a new target takes requests after its first good probe', async () => {
  const { targets, states } = group()
  targets.sync([one], check, 1000)
  expect(states()).toEqual(['initial'])
  await jest.advanceTimersByTimeAsync(0)
  expect(states()).toEqual(['healthy'])
})

test('a new target that never passes becomes unhealthy at the second bad probe', async () => {
  const { targets, sick, states } = group()
  sick.add(one.ip)
  targets.sync([one], check, 1000)
  await jest.advanceTimersByTimeAsync(0)
  expect(states()).toEqual(['initial'])
  await jest.advanceTimersByTimeAsync(500)
  expect(targets.health()).toMatchObject([{ state: 'unhealthy', ...failure }])
  sick.clear()
  await jest.advanceTimersByTimeAsync(10_000)
  expect(states()).toEqual(['healthy'])
})

test('a healthy target becomes unhealthy at the second bad probe and healthy again at the second good one', async () => {
  const { targets, sick, states } = group()
  targets.sync([one], check, 1000)
  await jest.advanceTimersByTimeAsync(0)
  sick.add(one.ip)
  await jest.advanceTimersByTimeAsync(5000)
  expect(states()).toEqual(['healthy'])
  await jest.advanceTimersByTimeAsync(5000)
  expect(targets.health()).toMatchObject([{ state: 'unhealthy', ...failure }])
  sick.clear()
  await jest.advanceTimersByTimeAsync(10_000)
  expect(states()).toEqual(['healthy'])
})

test('requests go round the healthy targets', async () => {
  const { targets, sick } = group()
  sick.add(two.ip)
  targets.sync([one, two], check, 1000)
  await jest.advanceTimersByTimeAsync(10_000)
  expect([targets.next()?.ip, targets.next()?.ip]).toEqual([one.ip, one.ip])
  sick.clear()
  await jest.advanceTimersByTimeAsync(20_000)
  expect(new Set([targets.next()?.ip, targets.next()?.ip])).toEqual(new Set([one.ip, two.ip]))
})

test('when no target is healthy every registered one is tried', async () => {
  const { targets, sick } = group()
  sick.add(one.ip)
  targets.sync([one], check, 1000)
  await jest.advanceTimersByTimeAsync(10_000)
  expect(targets.next()?.ip).toBe(one.ip)
})

test('a deregistered target gets nothing new and stays until its last request is done', async () => {
  const { targets, states } = group()
  targets.sync([one], check, 30_000)
  await jest.advanceTimersByTimeAsync(0)
  const busy = targets.next()
  if (!busy) throw new Error('no target')
  targets.begin(busy)
  targets.sync([], check, 30_000)
  expect(states()).toEqual(['draining'])
  expect(targets.next()).toBeUndefined()
  targets.finish(busy)
  expect(states()).toEqual([])
})

test('the deregistration delay cuts what still runs', async () => {
  const { targets, states } = group()
  targets.sync([one], check, 30_000)
  const busy = targets.next()
  if (!busy) throw new Error('no target')
  targets.begin(busy)
  targets.sync([], check, 30_000)
  await jest.advanceTimersByTimeAsync(30_000)
  expect(busy.abort.signal.aborted).toBe(true)
  expect(states()).toEqual([])
})
