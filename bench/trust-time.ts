import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

interface Judged {
  readonly what: string
  /** What was not as it must be. */
  readonly wrong?: string
  readonly seconds: number
}

const mostSeconds = 3

export const bench: Bench = {
  name: 'trust-time',
  demand: `each of ≥ 40 mistakes of a trust policy is refused by STS, and the condition is named with expected and found value in < ${mostSeconds} s from the start of the step`,
  peer: 'configure-aws-credentials v6.2.3: median 111 s and 12 equal calls, without the condition (measured elsewhere, knowledge of 2026-11)',
  async run() {
    const platform = await ensureUp()
    const program = join(root, 'bench/inside/trust-time.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const cases = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Judged)
    const right = cases.filter(({ wrong }) => wrong === undefined)
    const slowest = Math.max(...cases.map(({ seconds }) => seconds))
    return {
      figure: `${right.length} of ${cases.length} mistakes named right, the slowest after ${slowest.toFixed(2)} s`,
      ok: right.length === cases.length && cases.length >= 40 && slowest < mostSeconds,
      details: cases.map(
        ({ what, wrong, seconds }) =>
          `${wrong === undefined ? '✓' : '✗'} ${what.padEnd(64)} ${seconds.toFixed(2).padStart(5)} s${wrong === undefined ? '' : `  ${wrong}`}`,
      ),
    }
  },
}
