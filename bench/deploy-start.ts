import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'
import { median } from './support/bench.ts'

const rounds = 15
const mostMs = 100

interface Start {
  /** All in milliseconds, from the start of the process to the first request that changes something. */
  readonly wall: number
  readonly waited: number
  readonly cpu: number
  readonly request: string
}

export const bench: Bench = {
  name: 'deploy-start',
  demand: `from process start to the first write ≤ ${mostMs} ms of own time, waits for the network apart`,
  peer: 'no peer: kubectl and helm bring no credentials of their own and check nothing before they write',
  async run() {
    const platform = await ensureUp()
    const program = join(root, 'bench/inside/deploy-start.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program, String(rounds)], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const starts = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Start)
    const own = median(starts.map(({ wall, waited }) => wall - waited))
    const middle = (of: (start: Start) => number): string => `${median(starts.map(of)).toFixed(0)} ms`
    return {
      figure: `${own.toFixed(0)} ms of own time`,
      ok: own <= mostMs && starts.length === rounds,
      details: [
        `median of ${rounds} starts of the built action; first write: ${starts[0]?.request ?? ''}`,
        `${middle(({ wall }) => wall)} in all, of which ${middle(({ waited }) => waited)} waiting; processor time of all threads ${middle(({ cpu }) => cpu)}`,
      ],
    }
  },
}
