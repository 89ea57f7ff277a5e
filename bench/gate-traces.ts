import { isRight, playMany, saysOf } from '../scripts/traces/play-many.ts'
import type { Bench } from './support/bench.ts'

const each = 10_000

/** Worlds with a hidden truth (test/world); `npm run traces -- 100000` plays more of them. */
export const bench: Bench = {
  name: 'gate-traces',
  demand: `0 false failures and 0 false successes in ${each} worlds that end well and ${each} that never serve`,
  peer: 'no other tool publishes such a proof',
  async run() {
    const begun = performance.now()
    const tally = await playMany(each, () => undefined)
    const minutes = ((performance.now() - begun) / 60_000).toFixed(1)
    return {
      figure: saysOf(tally),
      ok: isRight(tally),
      details: [`${tally.played} worlds in ${minutes} min`, ...tally.reports.slice(0, 5)],
    }
  },
}
