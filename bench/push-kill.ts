import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

const seeds = 40

interface Killed {
  readonly seed: number
  /** Killed so many milliseconds after this request came by. */
  readonly request: number
  readonly msLater: number
  readonly killed: boolean
  /** Layers that were in the registry after the kill, and those of them that the next run sent again. */
  readonly stored: number
  readonly twice: number
  readonly halfTagged: boolean
  readonly converged: boolean
}

export const bench: Bench = {
  name: 'push-kill',
  demand: `kill -9 at ${seeds} seeded points of a push: the next run converges, no stored layer is sent twice, no tag leads to half an image`,
  peer: 'no measured peer',
  async run() {
    const platform = await ensureUp(process.env['SLIPWAY_BENCH_PLATFORM'])
    const program = join(root, 'bench/inside/push-kill.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program, String(seeds)], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const runs = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Killed)
    const kills = runs.filter(({ killed }) => killed)
    const bad = runs.filter(({ twice, halfTagged, converged }) => twice > 0 || halfTagged || !converged)
    const part = kills.filter(({ stored }) => stored > 0).length
    return {
      figure: `${kills.length} kills in ${runs.length} runs, ${part} of them with layers stored by then; ${runs.length - bad.length} converged, nothing sent twice`,
      ok: bad.length === 0 && runs.length === seeds && kills.length >= seeds / 2,
      details: bad.map(one => `wrong: ${JSON.stringify(one)}`),
    }
  },
}
