import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'
import { median } from './support/bench.ts'

const rounds = 15
const mostMs = 100

interface Start {
  /** Whether it was the first step of its job; the others found what that one had compiled. */
  readonly first: boolean
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
    const [cold, warm] = [true, false].map(first => starts.filter(start => start.first === first))
    if (cold?.length !== rounds || warm?.length !== rounds) throw new Error('a start is missing')
    return {
      figure: `${own(cold).toFixed(0)} ms of own time as the first step of a job, ${own(warm).toFixed(0)} ms as a later one`,
      ok: own(cold) <= mostMs,
      details: [
        `medians of ${rounds} starts each of the built action; first write: ${cold[0]?.request ?? ''}`,
        ...[cold, warm].map(of => `${of === cold ? 'first' : 'later'}: ${parts(of)}`),
      ],
    }
  },
}

const own = (starts: readonly Start[]): number => median(starts.map(({ wall, waited }) => wall - waited))

function parts(starts: readonly Start[]): string {
  const middle = (of: (start: Start) => number): string => `${median(starts.map(of)).toFixed(0)} ms`
  return `${middle(({ wall }) => wall)} in all, of which ${middle(({ waited }) => waited)} waiting; processor time of all threads ${middle(({ cpu }) => cpu)}`
}
