import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

interface Judged {
  readonly what: string
  /** `ok`, or the code of the error. */
  readonly expected: string
  readonly wrong?: string
  readonly seconds: number
}

export const bench: Bench = {
  name: 'push-faults',
  demand: "every row of the fault matrix succeeds, or fails with the registry's own words; none in silence",
  peer: "buildx --push fails at once on 429 with Retry-After, lost uploads and 403, without the registry's words; docker push on a single 500 (knowledge of 2026-11)",
  async run() {
    const platform = await ensureUp(process.env['SLIPWAY_BENCH_PLATFORM'])
    const program = join(root, 'bench/inside/push-faults.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const rows = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Judged)
    const right = rows.filter(({ wrong }) => wrong === undefined)
    const passed = right.filter(({ expected }) => expected === 'ok').length
    return {
      figure: `${right.length} of ${rows.length} rows as they must be: ${passed} succeed, ${right.length - passed} fail with the registry's words`,
      ok: right.length === rows.length,
      details: rows.map(
        ({ what, expected, wrong, seconds }) =>
          `${wrong === undefined ? '✓' : '✗'} ${what.padEnd(64)} ${expected.padEnd(24)} ${seconds.toFixed(1).padStart(6)} s${wrong === undefined ? '' : `  ${wrong}`}`,
      ),
    }
  },
}
