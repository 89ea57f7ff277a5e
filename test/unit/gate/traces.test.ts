import { describe, expect, test } from '@jest/globals'
import { Chance } from './random.ts'
import { eventuallyHealthy, neverHealthy } from './random-story.ts'
import { success } from './story.ts'

/** `SLIPWAY_SEED=17` runs only that seed; `SLIPWAY_TRACES=10000` runs that many each way. */
const { SLIPWAY_SEED: seed, SLIPWAY_TRACES: traces = '300' } = process.env
const seeds = seed === undefined ? Array.from({ length: Number(traces) }, (_, index) => index + 1) : [Number(seed)]
const again = (failing: number): string => `replay it: SLIPWAY_SEED=${failing} npm run test:unit -- traces`

describe(`${seeds.length} random rollouts each way`, () => {
  test('that end well are never called anything else', async () => {
    for (const number of seeds) {
      const { verdict, cause } = await eventuallyHealthy(new Chance(number)).verdict()
      if (!success.includes(verdict))
        throw new Error(`seed ${number}: ${verdict} (${cause?.code}: ${cause?.says}); ${again(number)}`)
    }
    expect(seeds.length).toBeGreaterThan(0)
  }, 600_000)

  test('that never serve are never called healthy', async () => {
    for (const number of seeds) {
      const { story, doom } = neverHealthy(new Chance(number))
      const { verdict } = await story.verdict()
      if (success.includes(verdict)) throw new Error(`seed ${number}: ${verdict}, though ${doom}; ${again(number)}`)
    }
    expect(seeds.length).toBeGreaterThan(0)
  }, 600_000)
})
