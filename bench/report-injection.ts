import { injectionProblems } from '../test/support/report-injection.ts'
import type { Bench } from './support/bench.ts'

const cases = 2_000

export const bench: Bench = {
  name: 'report-injection',
  demand: `${cases} scans with hostile names, titles, paths and reasons: every renderer (HTML, Markdown, JSON, SARIF, CSV, JUnit) gives the shape that it gives for harmless ones; 0 tags, links, formulas, commands`,
  peer: 'no measured peer',
  run() {
    const found = Array.from({ length: cases }, (_, index) => index + 1).flatMap(seed =>
      injectionProblems(seed).map(problem => `seed ${seed}, ${problem}`),
    )
    return Promise.resolve({
      figure: `${found.length} injections in ${cases} scans through 6 renderers`,
      ok: found.length === 0,
      details: found.slice(0, 20),
    })
  },
}
