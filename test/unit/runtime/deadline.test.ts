import { expect, test } from '@jest/globals'

import { within } from '../../../src/runtime/deadline.ts'
import { systemClock } from '../../../src/runtime/system-clock.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const late = (): Error => new Error('too late')
const never = (): Promise<never> => new Promise(() => {})

test('work that is done in time gives its result, and nobody sleeps on', async () => {
  const clock = new ManualClock()
  expect(await within(1_000, late, clock, async () => 'done')).toBe('done')
  expect(clock.sleepers).toBe(0)
})

test('work that never ends is given up, and its signal aborts with the reason', async () => {
  const clock = new ManualClock()
  let heard: unknown
  const work = within(1_000, late, clock, signal => {
    signal.addEventListener('abort', () => (heard = signal.reason))
    return never()
  })
  clock.advance(1_000)
  await clock.sleeping(5_000, 5_000)
  expect(heard).toMatchObject({ message: 'too late' })
  clock.advance(5_000)
  await expect(work).rejects.toThrow('too late')
  expect(clock.sleepers).toBe(0)
})

test('work that is told to end takes down what it put up before anyone hears of the end', async () => {
  const clock = new ManualClock()
  const events: string[] = []
  const { promise: takenDown, resolve: takeDown } = Promise.withResolvers<void>()
  const work = within(1_000, late, clock, async signal => {
    try {
      await clock.sleep(60_000, signal)
    } finally {
      await takenDown
      events.push('taken down')
    }
  }).catch((thrown: unknown) => events.push(String(thrown)))
  clock.advance(1_000)
  await clock.sleeping(5_000, 5_000)
  expect(events).toEqual([])
  takeDown()
  await work
  expect(events).toEqual(['taken down', 'Error: too late'])
  expect(clock.sleepers).toBe(0)
})

test('the reason is the deadline, whatever the aborted work throws', async () => {
  const clock = new ManualClock()
  const work = within(1_000, late, clock, signal =>
    clock.sleep(60_000, signal).catch(() => Promise.reject(new Error('the socket was closed'))),
  )
  clock.advance(1_000)
  await expect(work).rejects.toThrow('too late')
})

test('the signal of the caller ends it first', async () => {
  const controller = new AbortController()
  const clock = new ManualClock()
  const work = within(1_000, late, clock, signal => clock.sleep(60_000, signal), controller.signal)
  controller.abort(new Error('cancelled'))
  await expect(work).rejects.toThrow('cancelled')
})

test('work that cannot be begun leaves no timer behind', async () => {
  const clock = new ManualClock()
  const work = within(1_000, late, clock, () => {
    throw new Error('no such thing')
  })
  await expect(work).rejects.toThrow('no such thing')
  expect(clock.sleepers).toBe(0)
})

test("the machine's clock wakes, and stops sleeping when it is told to", async () => {
  await systemClock.sleep(1)
  const controller = new AbortController()
  const sleep = systemClock.sleep(60_000, controller.signal)
  controller.abort(new Error('enough'))
  await expect(sleep).rejects.toThrow('enough')
  await expect(systemClock.sleep(60_000, controller.signal)).rejects.toThrow('enough')
})
