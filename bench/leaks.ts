import { fuzzedBundleRun } from '../test/support/leaks-of-bundle.ts'
import { fuzzedRun, type LeakFound } from '../test/support/leaks.ts'
import type { Bench } from './support/bench.ts'

const runs = 10_000
const bundles = 200

export const bench: Bench = {
  name: 'leaks',
  demand: `${runs} fuzzed runs of the run wrapper, and ${bundles} of the built action: 0 bytes of a secret in log, outputs, state, variables, summary; 0 foreign workflow commands`,
  peer: 'configure-aws-credentials and amazon-ecr-login print some before they are masked, and hand others out as outputs (their source)',
  async run() {
    const found: LeakFound[] = []
    for (let seed = 1; seed <= runs; seed++) {
      const leak = await fuzzedRun(seed)
      if (leak !== undefined) found.push(leak)
    }
    for (let seed = 1; seed <= bundles; seed += 4) {
      const leaks = await Promise.all([0, 1, 2, 3].map(more => fuzzedBundleRun(seed + more)))
      found.push(...leaks.filter(leak => leak !== undefined))
    }
    return {
      figure: `${found.length} leaks in ${runs} runs of the wrapper and ${bundles} of the built action`,
      ok: found.length === 0,
      details: found.slice(0, 20).map(({ seed, where, what }) => `seed ${seed}, ${where}: ${what}`),
    }
  },
}
