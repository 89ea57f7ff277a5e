/**
 * `npm test`: the parts without a platform, then those inside the local platform.
 * `npm run test:unit [-- PATTERN]`: only the former; `npm test -- platform [PATTERN]`: only the latter.
 * The last line counts what jest's own reports say.
 */
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { down } from '../sandbox/lifecycle/down.ts'
import { ensureUp } from '../sandbox/platform.ts'
import { messageOf, SlipwayError } from '../src/runtime/errors.ts'
import { root } from './project.ts'
import { jestEnvironment, jestLine } from './test/jest.ts'
import { add, countsOf, nothing, summaryLine } from './test/counts.ts'
import type { Counts } from './test/counts.ts'
import { waitFor } from './test/wait.ts'
import { spawn } from 'node:child_process'

const reports = join(root, '.slipway/test')
const withoutPlatform = ['test/unit', 'test/contract', 'test/bundle']
const insidePlatform = 'test/platform'

async function unitTests(patterns: readonly string[]): Promise<Counts> {
  const report = join(reports, 'unit.json')
  const { command, args } = jestLine(patterns.length > 0 ? patterns : withoutPlatform, report)
  const env = { SLIPWAY_TRACES: traces, ...process.env, ...jestEnvironment }
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env })
  return countsOf(report, await waitFor(child, 30))
}

const platformName = 'test'
const say = (line: string): void => console.log(line)

/**
 * Started (and provisioned) first; one test at a time, because they share the cluster.
 * A whole run gets a platform of its own that is new; a run with a pattern keeps it for the next one.
 */
async function platformTests(patterns: readonly string[]): Promise<Counts> {
  if (patterns.length > 0) return runInside(patterns)
  await down(platformName, say)
  try {
    return await runInside([insidePlatform])
  } finally {
    await down(platformName, say)
  }
}

async function runInside(patterns: readonly string[]): Promise<Counts> {
  const report = join(reports, 'platform.json')
  const platform = await ensureUp(platformName, say)
  const { command, args } = jestLine(['--runInBand', ...patterns], report)
  const env = { ...jestEnvironment, ...(process.env['CI'] ? { CI: process.env['CI'] } : {}) }
  const child = platform.spawn(command, args, { cwd: root, stdio: 'inherit', env })
  return countsOf(report, await waitFor(child, 60))
}

/** A machine that cannot carry the platform: loud, and a failure where everything must be there. */
function withoutThePlatform(thrown: unknown): Counts {
  const files = readdirSync(join(root, insidePlatform)).filter(name => name.endsWith('.test.ts')).length
  const advice = thrown instanceof SlipwayError ? `${thrown.why ?? ''} ${thrown.todo}` : ''
  console.error(`\n✗ The local platform is not there: ${messageOf(thrown)} ${advice}`)
  if (process.env['CI'] === 'true') return { ...nothing, failed: 1 }
  console.error(`! NOT RUN: the ${files} files of ${insidePlatform}. With CI=true this is a failure.`)
  return { ...nothing, skipped: files }
}

mkdirSync(reports, { recursive: true })
const [mode, ...patterns] = process.argv.slice(2)
/** Simulated worlds of each ending that the gate has to judge: enough for a proof, or for a quick answer. */
const traces = mode === undefined || process.env['CI'] === 'true' ? '10000' : '60'
const unit = mode === 'platform' ? nothing : await unitTests(patterns)
const platform = mode === 'unit' ? nothing : await platformTests(patterns).catch(withoutThePlatform)
const counts = add(unit, platform)
console.log(summaryLine(counts))
if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1
