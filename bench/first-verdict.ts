import { join } from 'node:path'

import { scenarios } from '../sandbox/scenarios.ts'
import { ensureUp } from '../sandbox/platform.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'
import { median } from './support/bench.ts'

const rounds = 5
const mostSeconds = 3

interface Round {
  readonly scenario: string
  readonly verdict: string
  readonly cause?: string
  readonly seconds: number
  readonly afterEvidence?: number
  /** Last line of `kubectl rollout status` on the same scenario; such a line is no round of ours. */
  readonly kubectl?: string
}

const moments: Readonly<Record<string, string>> = {
  crash: 'second exit (exit 3 at start)',
  'missing-tag': 'first pull error (missing tag)',
}

async function measure(): Promise<readonly Round[]> {
  const platform = await ensureUp()
  const { code, stdout, stderr } = await platform.enter(
    'node',
    [join(root, 'bench/support/first-verdict.ts'), String(rounds)],
    { cwd: root },
  )
  if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Round)
}

function isRight({ scenario, verdict, cause }: Round): boolean {
  const expected = scenarios[scenario]?.('any')
  return verdict === expected?.verdict && cause === expected.cause
}

export const bench: Bench = {
  name: 'first-verdict',
  demand: `failed, with the right cause, ≤ ${mostSeconds} s after the second exit and after the first pull error`,
  peer: 'kubectl rollout status on the same releases, cut off at 30 s of its 600',
  async run() {
    const lines = await measure()
    const measured = lines.filter(({ kubectl }) => kubectl === undefined)
    const peers = lines.filter(({ kubectl }) => kubectl !== undefined)
    const worst = (scenario: string): number =>
      Math.max(
        ...measured.filter(round => round.scenario === scenario).map(({ afterEvidence }) => afterEvidence ?? Infinity),
      )
    const delays = Object.keys(moments).map(scenario => ({ scenario, most: worst(scenario) }))
    return {
      figure: [
        delays.map(({ scenario, most }) => `${most.toFixed(2)} s after the ${moments[scenario]}`).join(', '),
        `kubectl: ${peers.map(({ scenario, verdict, seconds }) => `${scenario} ${verdict} after ${seconds.toFixed(1)} s`).join(', ')}`,
      ].join('; '),
      ok: measured.length === 2 * rounds && measured.every(isRight) && delays.every(({ most }) => most <= mostSeconds),
      details: [
        `the longest of ${rounds} rounds each; the API rounds its seconds down, so up to 1 s of it is not ours`,
        ...Object.keys(moments).map(scenario => {
          const own = measured.filter(round => round.scenario === scenario)
          return `${scenario.padEnd(12)} ${own.map(({ verdict, cause }) => `${verdict} (${cause ?? 'no cause'})`)[0] ?? ''}, median ${median(own.map(({ afterEvidence }) => afterEvidence ?? Infinity)).toFixed(2)} s after the evidence, ${median(own.map(({ seconds }) => seconds)).toFixed(2)} s after the apply began`
        }),
        ...peers.map(
          ({ scenario, verdict, seconds, kubectl }) =>
            `${scenario.padEnd(12)} kubectl: ${verdict} after ${seconds.toFixed(1)} s: ${kubectl}`,
        ),
      ],
    }
  },
}
