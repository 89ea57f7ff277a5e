import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

import { contracts } from '../src/actions/contracts.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'
import { median } from './support/bench.ts'

const rounds = 25
/** 66 ms is what a lazily loaded SDK reached where bare Node took 28; the ratio holds on other machines too. */
const mostRatio = 66 / 28

const bare = ['--eval', '0']

/** Milliseconds from start to exit. */
function timed(args: readonly string[], exitCode: number): number {
  const started = performance.now()
  const { status } = spawnSync(process.execPath, args, {
    env: { PATH: process.env['PATH'], INPUT_REGION: 'us-east-l' },
  })
  const took = performance.now() - started
  if (status !== exitCode) throw new Error(`node ${args.join(' ')} ended with ${status}, not ${exitCode}`)
  return took
}

export const bench: Bench = {
  name: 'cold-start',
  demand: `an input error takes ≤ ${mostRatio.toFixed(1)} × bare Node (66 ms where that takes 28)`,
  peer: 'configure-aws-credentials 4.0 ×, amazon-ecr-login 3.6 ×, google auth 2.8 ×',
  async run() {
    const programs = contracts.map(({ name }) => ({
      name,
      args: [join(root, 'dist', name, 'index.js')],
      took: [] as number[],
    }))
    const bareTook: number[] = []
    // Interleaved, so that whatever else the machine does falls on all of them alike.
    for (let round = 0; round < rounds; round++) {
      bareTook.push(timed(bare, 0))
      for (const { args, took } of programs) took.push(timed(args, 1))
    }
    const base = median(bareTook)
    const medians = programs.map(({ name, took }) => ({ name, ms: median(took) }))
    const slowest = medians.reduce((a, b) => (b.ms > a.ms ? b : a))
    return {
      figure: `${(slowest.ms / base).toFixed(2)} × (${slowest.name}: ${slowest.ms.toFixed(0)} ms, bare Node ${base.toFixed(0)} ms)`,
      ok: slowest.ms / base <= mostRatio,
      details: medians.map(
        ({ name, ms }) => `${name.padEnd(12)} ${ms.toFixed(1)} ms, ${(ms / base).toFixed(2)} × bare Node`,
      ),
    }
  },
}
