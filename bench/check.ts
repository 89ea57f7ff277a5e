import { runScript, wordsOf } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

const mostSeconds = 60

export const bench: Bench = {
  name: 'check',
  demand: `\`npm run check\` is green in ≤ ${mostSeconds} s on 2 cores`,
  peer: 'no peer: others spread these checks over several CI jobs',
  async run() {
    const started = performance.now()
    const result = await runScript('scripts/check.ts', [])
    const seconds = (performance.now() - started) / 1_000
    return {
      figure: `${seconds.toFixed(1)} s, ${result.code === 0 ? 'green' : 'not green'}`,
      ok: result.code === 0 && seconds <= mostSeconds,
      details: wordsOf(result).split('\n'),
    }
  },
}
