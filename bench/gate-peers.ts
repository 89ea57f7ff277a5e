import { join } from 'node:path'

import { ensureUp } from '../sandbox/platform.ts'
import { scenarioOf } from '../sandbox/scenarios/all.ts'
import { markdownTable } from '../scripts/generated/sections.ts'
import { root } from '../scripts/project.ts'
import type { Bench } from './support/bench.ts'
import type { Saying, Tool } from './support/peers.ts'

/** Every tool is cut off here, unless SLIPWAY_BENCH_FULL=1 leaves each its own limits (kubectl 600 s, helm 300 s). */
const full = process.env['SLIPWAY_BENCH_FULL'] === '1'
const limitSeconds = full ? 0 : 90

/** Those that matter, worst surprise first. */
const names = [
  'good',
  'crash',
  'missing-tag',
  'never-ready',
  'quota',
  'missing-secret',
  'set-crash',
  'none-needed',
] as const

const ours: Tool = 'slipway'
const columns: readonly Tool[] = ['kubectl rollout status', 'helm --wait', 'helm --rollback-on-failure', ours]

async function measure(): Promise<readonly Saying[]> {
  const platform = await ensureUp(process.env['SLIPWAY_BENCH_PLATFORM'])
  const script = join(root, 'bench/inside/gate-peers.ts')
  const { code, stdout, stderr } = await platform.enter('node', [script, String(limitSeconds), ...names], { cwd: root })
  if (code !== 0) throw new Error(`the measurement ended with ${code}: ${stderr.trim()}`)
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Saying)
}

const isGood = (scenario: string): boolean => scenarioOf(scenario).expected.verdict === 'healthy'

/** Right: a success of a good release, a failure of a bad one. No answer is not right. */
const isRight = ({ scenario, answer }: Saying): boolean => answer === (isGood(scenario) ? 'success' : 'failure')

function cell(saying: Saying | undefined): string {
  if (saying === undefined) return '–'
  const { answer, seconds, tool, says } = saying
  const mark = isRight(saying) ? '✓' : '✗'
  if (answer === 'none') return `${mark} no answer in ${limitSeconds} s`
  const cause = tool === ours && answer === 'failure' ? `, ${says}` : ''
  return `${mark} ${answer} after ${seconds.toFixed(1)} s${cause}`
}

const sayingOf = (sayings: readonly Saying[], scenario: string, tool: Tool): Saying | undefined =>
  sayings.find(saying => saying.scenario === scenario && saying.tool === tool)

function longTable(sayings: readonly Saying[]): string {
  const rows = names.map(name => [
    scenarioOf(name).title,
    ...columns.flatMap(tool => {
      const saying = sayingOf(sayings, name, tool)
      return [cell(saying), String(saying?.requests ?? '–')]
    }),
  ])
  const head = columns.flatMap(tool => [tool === ours ? 'Slipway' : `\`${tool}\``, 'requests'])
  return `${introduction()}\n\n${markdownTable(['release', ...head], rows)}`
}

function introduction(): string {
  const date = new Date().toISOString().slice(0, 10)
  const cut = full
    ? 'Every tool had its own limits.'
    : `Every tool was cut off at ${limitSeconds} s (kubectl's own limit is 600 s, helm's 300 s).`
  return `The same releases in the same run (${date}; kubectl 1.36, helm 4.2): seconds from the first write to the answer, and requests in the namespace until then (a watch counts once). ${cut} Slipway's success includes a soak of 20 s. ✓: a success of a good release, a failure of a bad one. \`npm run bench -- gate-peers --record\``
}

function shortTable(sayings: readonly Saying[]): string {
  const shown: readonly Tool[] = ['kubectl rollout status', 'helm --rollback-on-failure', ours]
  const rows = names.map(name => [scenarioOf(name).title, ...shown.map(tool => cell(sayingOf(sayings, name, tool)))])
  const head = ['release', '`kubectl rollout status`', '`helm upgrade --wait --rollback-on-failure`', 'Slipway']
  return markdownTable(head, rows)
}

export const bench: Bench = {
  name: 'gate-peers',
  demand: 'Slipway right in every scenario, with its cause; peers beside it in the same run',
  peer: `kubectl rollout status, helm upgrade --install --wait, and the same with --rollback-on-failure${full ? '' : `, cut off at ${limitSeconds} s`}`,
  async run() {
    const sayings = await measure()
    const score = (tool: Tool): string => {
      const own = sayings.filter(saying => saying.tool === tool)
      return `${tool} ${own.filter(isRight).length} of ${own.length} right`
    }
    const own = sayings.filter(({ tool }) => tool === ours)
    const caused = own.every(({ scenario, says }) => isGood(scenario) || says === scenarioOf(scenario).expected.cause)
    return {
      figure: columns.toReversed().map(score).join(', '),
      ok: own.length === names.length && own.every(isRight) && caused,
      details: sayings.map(
        saying =>
          `${saying.scenario.padEnd(15)} ${saying.tool.padEnd(26)} ${cell(saying)} (${saying.requests} requests): ${saying.says}`,
      ),
      sections: [
        { file: 'docs/bench.md', name: 'peers', content: longTable(sayings) },
        { file: 'README.md', name: 'peers', content: shortTable(sayings) },
      ],
    }
  },
}
