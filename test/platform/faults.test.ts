/**
 * Faults of the control plane and of the way to it, while the gate judges a good release and a bad one: the verdict is
 * right, or `unknown` where nothing can be known; never wrong. Runs inside the platform.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { faultsOfTheAnswer, faultsOfTheServer, faultsOfTheWay } from '../../sandbox/faults/faults.ts'
import { play, type Fault, type Outcome } from '../../sandbox/faults/play.ts'
import { attach } from '../../sandbox/platform.ts'
import { writeResult } from '../../sandbox/scenarios/results.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'

jest.setTimeout(600_000)

const platform = attach()
let admin: ClusterClient
let plays: ReadonlyMap<string, Promise<readonly Outcome[]>>
beforeAll(async () => {
  admin = await connectAsAdmin(platform.kubeconfig)
  // The first request loads its modules, which jest refuses to what goes on between two tests.
  await admin.version()
  plays = playBeside([...faultsOfTheWay, ...faultsOfTheAnswer])
})
afterAll(async () => {
  await Promise.allSettled(plays.values())
  await admin.close()
})

const atOnce = 4

/** What stands between one release and the API server is nobody else's: several at once, because nearly all is waiting. */
function playBeside(faults: readonly Fault[]): ReadonlyMap<string, Promise<readonly Outcome[]>> {
  const lanes = Array.from({ length: atOnce }, () => Promise.resolve<unknown>(undefined))
  return new Map(
    faults.map((fault, index) => {
      const lane = index % atOnce
      const outcomes = (lanes[lane] ?? Promise.resolve()).then(() => play(fault, platform, admin))
      // The next one begins whatever became of this one, which its own test tells.
      lanes[lane] = outcomes.catch(() => undefined)
      return [fault.name, outcomes]
    }),
  )
}

async function outcomesOf({ name }: Fault): Promise<readonly Outcome[]> {
  const outcomes = await plays.get(name)
  if (outcomes === undefined) throw new Error(`"${name}" was not played`)
  return outcomes
}

function expectRight(fault: Fault, outcomes: readonly Outcome[]): void {
  for (const { kind, verdict, cause, seconds, right } of outcomes) {
    if (fault.scenario !== undefined) {
      writeResult({
        number: fault.scenario,
        title: `${fault.name}, ${kind} release`,
        where: 'control plane',
        verdict,
        ...(cause === undefined ? {} : { cause }),
        seconds,
        bound: fault.bound,
        after: 'start of the gate',
        ok: right && seconds <= fault.bound,
      })
    }
  }
  expect(outcomes.filter(({ right }) => !right)).toEqual([])
  expect(outcomes.filter(({ seconds }) => seconds > fault.bound)).toEqual([])
  expect(outcomes.map(({ kind }) => kind)).toEqual(['good', 'bad'])
}

describe('on the way to the API server', () => {
  test.each(faultsOfTheWay)('$name', async fault => expectRight(fault, await outcomesOf(fault)))
})

describe('as an answer of the API server', () => {
  test.each(faultsOfTheAnswer)('$name', async fault => expectRight(fault, await outcomesOf(fault)))
})

describe('of the control plane itself', () => {
  beforeAll(async () => void (await Promise.allSettled(plays.values())))

  test.each(faultsOfTheServer)('$name', async fault => expectRight(fault, await play(fault, platform, admin)))
})
