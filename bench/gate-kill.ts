import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

interface Killed {
  readonly story: string
  readonly step: string
  readonly killed: boolean
  readonly converged: boolean
  readonly whole: boolean
}

/** A lock lasts 30 s from its last renewal; the one who waits looks every 2 s. */
const mostLockSeconds = 33

export const bench: Bench = {
  name: 'gate-kill',
  demand: `kill -9 before each step of a release, of one that fails and is brought back, and of a rollback: the next run converges, takes the lock over within ${mostLockSeconds} s, and the record is whole`,
  peer: 'helm 4 is left in `pending-upgrade` and refuses the next run until somebody rolls back',
  async run() {
    const platform = await ensureUp()
    const program = join(root, 'bench/inside/gate-kill.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Killed | { readonly lockSeconds: number })
    const runs = lines.filter((line): line is Killed => 'step' in line)
    const lockSeconds = lines.find(line => 'lockSeconds' in line)?.lockSeconds ?? Infinity
    const bad = runs.filter(({ killed, converged, whole }) => !killed || !converged || !whole)
    return {
      figure: `${runs.length} kills, ${runs.length - bad.length} converged with a whole record; the lock taken over after ${lockSeconds.toFixed(1)} s`,
      ok: bad.length === 0 && runs.length > 0 && lockSeconds <= mostLockSeconds,
      details: bad.map(({ story, step }) => `not whole: ${story} killed before ${step}`),
    }
  },
}
