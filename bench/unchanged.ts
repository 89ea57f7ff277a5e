import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import { median, type Bench } from './support/bench.ts'

const rounds = 9
const mostSeconds = 1.5

interface Run {
  /** False: it is built again, from the cache of the builder. */
  readonly reuse: boolean
  readonly seconds: number
  /** It gave the digest of the first run, and pushed nothing. */
  readonly same: boolean
}

export const bench: Bench = {
  name: 'unchanged',
  demand: `≤ ${mostSeconds} s from the start of the built action to its end with the digest, when nothing has changed`,
  peer: 'no measured peer: build-push-action always builds and pushes, and has no step that could be left out',
  async run() {
    const platform = await ensureUp(process.env['SLIPWAY_BENCH_PLATFORM'])
    const program = join(root, 'bench/inside/unchanged.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program, String(rounds)], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const runs = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Run)
    const of = (reuse: boolean): readonly number[] =>
      runs.filter(run => run.reuse === reuse).map(({ seconds }) => seconds)
    const worst = Math.max(...of(true))
    return {
      figure: `median ${median(of(true)).toFixed(2)} s, worst ${worst.toFixed(2)} s; with reuse: false (built again from the builder's cache) median ${median(of(false)).toFixed(2)} s`,
      ok: worst <= mostSeconds && of(true).length === rounds && runs.every(({ same }) => same),
      details: runs
        .filter(({ same }) => !same)
        .map(run => `another digest, or something was pushed: ${JSON.stringify(run)}`),
    }
  },
}
