import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { scenarioOf } from '../sandbox/scenarios/all.ts'
import { root } from '../scripts/project.ts'
import { median, type Bench } from './support/bench.ts'

/** Rounds of a success: enough for its 99th percentile. */
const successes = 100
const failures = 5

interface Round {
  readonly scenario: string
  readonly verdict: string
  readonly cause?: string
  /** After the evidence, by the audit log of the API server. */
  readonly seconds?: number
  readonly kubectl?: string
  readonly kubectlSeconds?: number
  /** From the first write to the answer, of ours and of kubectl's. */
  readonly wholeSeconds?: number
  readonly kubectlWholeSeconds?: number
}

interface Line {
  readonly scenario: string
  readonly says: string
  readonly bound: number
}

const demanded: readonly Line[] = [
  { scenario: 'missing-digest', says: 'digest absent, after the first pull error', bound: 2 },
  { scenario: 'crash', says: 'crash loop, after the second exit', bound: 1 },
  { scenario: 'quota', says: 'quota refuses, after its first refusal', bound: 12 },
  { scenario: 'webhook-denies', says: 'admission refuses, after its first refusal', bound: 12 },
  { scenario: 'no-scale-up', says: 'autoscaler refuses, after its event', bound: 30 },
]

async function measure(): Promise<readonly Round[]> {
  const platform = await ensureUp(process.env['SLIPWAY_BENCH_PLATFORM'])
  const script = join(root, 'bench/inside/gate-speed.ts')
  const { code, stdout, stderr } = await platform.enter('node', [script, String(successes), String(failures)], {
    cwd: root,
  })
  if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Round)
}

const secondsOf = (rounds: readonly Round[]): readonly number[] => rounds.map(({ seconds }) => seconds ?? Infinity)
const seconds = (value: number): string => `${value.toFixed(2)} s`

function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? Number.NaN
}

function failure({ scenario, says, bound }: Line, all: readonly Round[]) {
  const rounds = all.filter(round => round.scenario === scenario)
  const { expected } = scenarioOf(scenario)
  const right = rounds.every(({ verdict, cause }) => verdict === expected.verdict && cause === expected.cause)
  const worst = Math.max(...secondsOf(rounds))
  const middle = median(secondsOf(rounds))
  return {
    ok: rounds.length > 0 && right && worst <= bound,
    figure: `${seconds(worst)} ${says} (≤ ${bound})`,
    detail: `${scenario.padEnd(15)} ${rounds.length} rounds, median ${seconds(middle)}, worst ${seconds(worst)}${right ? '' : ', WRONG verdict or cause'}`,
  }
}

function success(all: readonly Round[]) {
  const rounds = all.filter(({ scenario }) => scenario === 'success')
  const ours = secondsOf(rounds)
  const theirs = rounds.map(({ kubectlSeconds }) => kubectlSeconds ?? Infinity)
  const right = rounds.every(({ verdict, kubectl }) => verdict === 'healthy' && kubectl === 'success')
  const whole = median(rounds.map(({ wholeSeconds }) => wholeSeconds ?? Infinity))
  const theirWhole = median(rounds.map(({ kubectlWholeSeconds }) => kubectlWholeSeconds ?? Infinity))
  const [tail, ratio] = [percentile(ours, 99), Number((whole / theirWhole).toFixed(2))]
  return {
    ok: rounds.length === successes && right && tail <= 0.5 && ratio <= 1,
    figure: `success p99 ${seconds(tail)} after the last needed event (≤ 0.5), ${ratio.toFixed(2)} × kubectl rollout status from the first write to the answer (≤ 1.0)`,
    detail: `success         ${rounds.length} rounds: median ${seconds(median(ours))}, p99 ${seconds(tail)}; kubectl rollout status: median ${seconds(median(theirs))}, p99 ${seconds(percentile(theirs, 99))}; from the first write ${whole.toFixed(3)} s and ${theirWhole.toFixed(3)} s`,
  }
}

export const bench: Bench = {
  name: 'gate-speed',
  demand:
    'digest absent ≤ 2 s, crash loop ≤ 1 s, refused pods ≤ 12 s, autoscaler refuses ≤ 30 s; success ≤ 0.5 s p99 and ≤ 1.0 × kubectl',
  peer: 'kubectl rollout status on the same successes at the same time; of failures it says nothing before 600 s',
  async run() {
    const rounds = await measure()
    const parts = [...demanded.map(line => failure(line, rounds)), success(rounds)]
    return {
      figure: parts.map(({ figure }) => figure).join('; '),
      ok: parts.every(({ ok }) => ok),
      details: [
        'the worst of all rounds, by the microseconds of the audit log; the soak apart',
        ...parts.map(({ detail }) => detail),
      ],
    }
  },
}
