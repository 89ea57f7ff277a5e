/**
 * The scenarios of docs/scenarios.md on the real control plane, a real kubelet, and simulated nodes. They run beside each
 * other, because nearly all of each is waiting; each is a test of its own. Runs inside the platform.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { attach } from '../../sandbox/platform.ts'
import { numberedScenarios } from '../../sandbox/scenarios/all.ts'
import {
  leastSeconds,
  openTheatre,
  playAll,
  resultOf,
  type Played,
  type Theatre,
} from '../../sandbox/scenarios/play.ts'
import { writeResult } from '../../sandbox/scenarios/results.ts'

jest.setTimeout(600_000)

let theatre: Theatre
let plays: ReadonlyMap<string, Promise<Played>>
beforeAll(async () => {
  theatre = await openTheatre(attach())
  plays = playAll(numberedScenarios, theatre)
})
afterAll(async () => {
  await Promise.allSettled(plays.values())
  await theatre.close()
})

const cases = numberedScenarios.map(scenario => {
  const { number, title, expected, bound, after } = scenario
  const cause = expected.cause === undefined ? '' : `, ${expected.cause}`
  return { name: `${number} ${title} → ${expected.verdict}${cause}, ≤ ${bound} s after: ${after.name}`, scenario }
})

test.each(cases)('$name', async ({ scenario }) => {
  const played = await plays.get(scenario.name)
  if (played === undefined) throw new Error(`${scenario.name} was not played`)
  const result = resultOf(scenario, played)
  writeResult(result)
  const { verdict, cause, back, told = [] } = played.ending
  const { told: part = '', ...expected } = scenario.expected
  // Its sentence is shown when the rest is wrong.
  expect({ verdict, cause: cause?.code, back, says: cause?.says }).toEqual({ ...expected, says: cause?.says })
  if (part !== '') expect(told.join('\n')).toContain(part)
  expect(result.seconds).toBeLessThanOrEqual(scenario.bound)
  expect(result.seconds).toBeGreaterThanOrEqual(leastSeconds(scenario))
})
