import { join } from 'node:path'

import { partPath } from '../sandbox/provision/parts.ts'
import { compareWith, startTrustOracle } from '../test/support/trust-oracle.ts'
import { trustPair } from '../test/support/trust-pairs.ts'
import type { Bench } from './support/bench.ts'

const count = 20_000

/** Needs the part "node" of the platform, which has the independent evaluator; the platform need not be up. */
export const bench: Bench = {
  name: 'trust-agreement',
  demand: `0 disagreements in ${count} seeded pairs of trust policy and token`,
  peer: '@cloud-copilot/iam-simulate, which decides for the platform',
  async run() {
    const oracle = await startTrustOracle(join(partPath('node'), 'node_modules'))
    try {
      const { both, disagreements } = await compareWith(oracle, trustPair, { count })
      return {
        figure: `${disagreements.length} disagreements in ${count} pairs`,
        ok: disagreements.length === 0,
        details: [
          `both say allowed ${both.allowed}, not allowed ${both['not-allowed']}, explicitly denied ${both.denied}`,
          'left out of the pairs, where it is known to differ from what AWS documents: test/fixtures/trust/differences.json',
          ...disagreements
            .slice(0, 5)
            .map(
              ({ pair, ours, theirs }) => `seed ${pair.seed}: ours ${ours}, theirs ${theirs}: ${JSON.stringify(pair)}`,
            ),
        ],
      }
    } finally {
      oracle.stop()
    }
  },
}
