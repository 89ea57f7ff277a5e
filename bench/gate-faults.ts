import { join } from 'node:path'

import type { Outcome } from '../sandbox/faults/play.ts'
import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

const says = ({ verdict, cause, seconds }: Told): string =>
  `${verdict}${cause === undefined ? '' : ` (${cause})`} after ${seconds.toFixed(1)} s`

type Told = Omit<Outcome, 'result'>

export const bench: Bench = {
  name: 'gate-faults',
  demand:
    'a good and a bad release under each fault of the control plane: the verdict is right or `unknown`, never wrong',
  peer: 'no peer: others know no `unknown`',
  async run() {
    const platform = await ensureUp()
    const program = join(root, 'bench/inside/gate-faults.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const outcomes = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Told)
    const count = (holds: (outcome: Told) => boolean): number => outcomes.filter(holds).length
    const byFault = Map.groupBy(outcomes, ({ fault }) => fault)
    const wrong = count(outcome => outcome.wrong)
    return {
      figure: `${byFault.size} faults, ${outcomes.length} verdicts: ${wrong} wrong, ${count(({ verdict }) => verdict === 'unknown')} unknown, ${count(outcome => !outcome.wrong && outcome.verdict !== 'unknown')} right`,
      ok: wrong === 0 && outcomes.every(({ right }) => right),
      details: [...byFault].map(
        ([fault, told]) => `${fault.padEnd(64)} ${told.map(one => `${one.kind}: ${says(one)}`).join('; ')}`,
      ),
    }
  },
}
