import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

const rounds = 20

interface Race {
  readonly same: boolean
  readonly right: boolean
}

export const bench: Bench = {
  name: 'push-race',
  demand: `two processes at once on one immutable tag, ${rounds} times: one wins, the other names the winner; with the same image both succeed; what is stored is whole`,
  peer: 'no measured peer; buildx says only "400 Bad Request" of an immutable tag (knowledge of 2026-11)',
  async run() {
    const platform = await ensureUp(process.env['SLIPWAY_BENCH_PLATFORM'])
    const program = join(root, 'bench/inside/push-race.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program, String(rounds)], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const races = stdout
      .trim()
      .split('\n')
      .map(line => ({ line, ...(JSON.parse(line) as Race) }))
    const right = races.filter(race => race.right)
    const same = right.filter(race => race.same).length
    return {
      figure: `${right.length} of ${races.length} races as they must be: ${right.length - same} with one winner, ${same} with the same image twice`,
      ok: right.length === races.length && races.length === rounds,
      details: races.filter(race => !race.right).map(({ line }) => `wrong: ${line}`),
    }
  },
}
