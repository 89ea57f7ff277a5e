import { expect } from '@jest/globals'

import { reportOn, wrongAbout, type Ending } from '../world/seeds.ts'
import { ourGate } from './gate-in-world.ts'

/** `npm test` asks for 10,000 of each; a run of the unit tests alone for a few hundred. */
export const count = Number(process.env['SLIPWAY_TRACES'] ?? '60')

/** Each world is judged as its hidden truth demands; the first that is not is told with the smallest world that shows it. */
export async function expectRightVerdicts(ending: Ending): Promise<void> {
  let played = 0
  for (let number = 1; number <= count; number++) {
    const wrong = await wrongAbout({ ending, number }, ourGate)
    if (wrong !== undefined) throw new Error(await reportOn({ ending, number }, wrong, ourGate))
    played++
  }
  expect(played).toBe(count)
}
