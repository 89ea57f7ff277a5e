import { describe, expect, test } from '@jest/globals'

import { retry, retryAfterMs } from '../../../src/runtime/retry.ts'
import type { RetryRules } from '../../../src/runtime/retry.ts'
import { SkippingClock } from '../../support/manual-clock.ts'

const rules: RetryRules = { attempts: 4, baseMs: 100, mostMs: 250, totalMs: 10_000, classify: () => 'yes' }

function failing(times: number): () => Promise<string> {
  let left = times
  return async () => {
    if (left-- > 0) throw new Error(`${left} left`)
    return 'done'
  }
}

test('tries again with growing, bounded, jittered pauses', async () => {
  const clock = new SkippingClock()
  expect(await retry(failing(3), rules, { clock, random: () => 0.5 })).toBe('done')
  expect(clock.slept).toEqual([50, 100, 125])
})

describe('gives up with the last error as it came', () => {
  test('after the last attempt', async () => {
    const clock = new SkippingClock()
    await expect(retry(failing(9), rules, { clock, random: () => 0 })).rejects.toThrow('5 left')
    expect(clock.slept).toHaveLength(3)
  })

  test('at once when the class of the error says so', async () => {
    const clock = new SkippingClock()
    await expect(retry(failing(1), { ...rules, classify: () => 'no' }, { clock, random: () => 0 })).rejects.toThrow(
      '0 left',
    )
    expect(clock.slept).toEqual([])
  })

  test('rather than begin a pause that would pass the bound on everything', async () => {
    const clock = new SkippingClock()
    const slow: RetryRules = { ...rules, totalMs: 1_000, classify: () => ({ afterMs: 1_001 }) }
    await expect(retry(failing(1), slow, { clock, random: () => 0 })).rejects.toThrow('0 left')
  })

  test('when it was aborted meanwhile', async () => {
    const clock = new SkippingClock()
    const controller = new AbortController()
    const work = async (): Promise<never> => {
      controller.abort(new Error('stop'))
      throw new Error('from the work')
    }
    await expect(retry(work, rules, { clock, random: () => 0, signal: controller.signal })).rejects.toThrow(
      'from the work',
    )
  })
})

test('waits as long as the server says', async () => {
  const clock = new SkippingClock()
  await retry(failing(1), { ...rules, classify: () => ({ afterMs: 7_000 }) }, { clock, random: () => 0 })
  expect(clock.slept).toEqual([7_000])
})

test.each([
  ['120', 120_000],
  ['Mon, 02 Nov 2026 09:00:30 GMT', 30_000],
  ['Mon, 02 Nov 2026 08:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After: %s → %s ms', (header, expected) => {
  expect(retryAfterMs(header, Date.UTC(2026, 10, 2, 9))).toBe(expected)
})
