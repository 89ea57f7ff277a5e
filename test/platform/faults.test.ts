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

jest.setTimeout(240_000)

const platform = attach()
let admin: ClusterClient
beforeAll(async () => {
  admin = await connectAsAdmin(platform.kubeconfig)
})
afterAll(async () => {
  await admin.close()
})

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
  test.each(faultsOfTheWay)('$name', async fault => expectRight(fault, await play(fault, platform, admin)))
})

describe('as an answer of the API server', () => {
  test.each(faultsOfTheAnswer)('$name', async fault => expectRight(fault, await play(fault, platform, admin)))
})

describe('of the control plane itself', () => {
  test.each(faultsOfTheServer)('$name', async fault => expectRight(fault, await play(fault, platform, admin)))
})
