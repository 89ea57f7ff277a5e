import { describe, expect, test } from '@jest/globals'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { identityFaults, playFault } from '../support/identity-faults.ts'

/** Those that wait for half a minute are played by `npm run bench -- identity-faults`. */
const quick = identityFaults.filter(({ within }) => within < 30)

describe('trouble on the way to a session', () => {
  test.each(quick.map(fault => [fault.name, fault] as const))(
    '%s',
    async (_, fault) => {
      // The bound of a machine that does other things as well is no part of this test.
      const { wrong } = await playFault({ ...fault, within: 60 }, () => systemClock.now())
      expect(wrong).toBeUndefined()
    },
    60_000,
  )
})
