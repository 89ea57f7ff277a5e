/** From a role to what it may do in a cluster, and every way in which that can fail. Runs inside the platform. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { inParallel } from '../../src/runtime/parallel.ts'
import { changingCases, judge, readingCases, type Played } from '../support/access-cases.ts'
import { createAccessWorld, type AccessWorld } from '../support/access-world.ts'

jest.setTimeout(60_000)

let world: AccessWorld
let read: ReadonlyMap<string, Played>

beforeAll(async () => {
  world = await createAccessWorld()
  const played = await inParallel(readingCases, 4, async one => [one.what, await one.play(world)] as const)
  read = new Map(played)
})
afterAll(() => world.remove())

describe('a step that looks for its cluster', () => {
  test.each(readingCases)('$what: $expected', one => {
    const played = read.get(one.what)
    expect(played && judge(one, played)).toBeUndefined()
    expect(played).toBeDefined()
  })
})

describe('one after the other', () => {
  test.each(changingCases)('$what: $expected', async one => {
    expect(judge(one, await one.play(world))).toBeUndefined()
  })
})
