import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'

interface Judged {
  readonly what: string
  /** `allowed`, or the code of the error. */
  readonly expected: string
  /** What was not as it must be. */
  readonly wrong?: string
  readonly seconds: number
}

export const bench: Bench = {
  name: 'eks-access',
  demand:
    'token → aws-iam-authenticator → RBAC: allowed, denied, expired, refreshed, and what is in the way, each named right with its fix',
  peer: 'no measured peer: a 401 is a bare `Unauthorized` to others, a closed way an `i/o timeout`',
  async run() {
    const platform = await ensureUp()
    const program = join(root, 'bench/inside/eks-access.ts')
    const { code, stdout, stderr } = await platform.enter('node', [program], { cwd: root })
    if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
    const cases = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as Judged)
    const right = cases.filter(({ wrong }) => wrong === undefined)
    const codes = new Set(cases.map(({ expected }) => expected).filter(expected => expected !== 'allowed'))
    const allowed = cases.filter(({ expected }) => expected === 'allowed').length
    return {
      figure: `${right.length} of ${cases.length} right: ${allowed} allowed, ${cases.length - allowed} refused for ${codes.size} reasons`,
      ok: right.length === cases.length,
      details: cases.map(
        ({ what, expected, wrong, seconds }) =>
          `${wrong === undefined ? '✓' : '✗'} ${what.padEnd(76)} ${expected.padEnd(20)} ${seconds.toFixed(1).padStart(5)} s${wrong === undefined ? '' : `  ${wrong}`}`,
      ),
    }
  },
}
