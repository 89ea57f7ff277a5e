import { sequenceProblem } from '../test/support/scan-sequences.ts'
import type { Bench } from './support/bench.ts'

const sequences = 5_000

/** Seeded sequences of ECR's answers with a hidden truth (test/support/scan-sequences.ts). */
export const bench: Bench = {
  name: 'scan-sequences',
  demand: `${sequences} sequences of answers (pages, delays, wrong statuses, failures): 0 false passes, 0 false fails, 0 beyond the deadline`,
  peer: 'no measured peer: the four scan actions for ECR that were read take the first answer for the last (their source)',
  async run() {
    const problems: string[] = []
    for (let seed = 1; seed <= sequences; seed++) {
      const problem = await sequenceProblem(seed)
      if (problem !== undefined) problems.push(problem)
    }
    const of = (word: string): number => problems.filter(problem => problem.includes(word)).length
    return {
      figure: `${of('false pass')} false passes, ${of('false fail')} false fails, ${of('too late')} beyond the deadline, ${of('needlessly')} without need inconclusive, in ${sequences} sequences`,
      ok: problems.length === 0,
      details: problems.slice(0, 5),
    }
  },
}
