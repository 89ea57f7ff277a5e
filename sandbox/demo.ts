/**
 * `npm run demo [-- --json FILE] [--name NAME] [--verbose]`: a commit of the sample becomes a healthy pod, a bad one is
 * rolled back, a vulnerable one is stopped. Everything is real but what the README lists as simulated.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { messageOf, SlipwayError } from '../src/runtime/errors.ts'
import { copySlipway, createSample } from './demo/repositories.ts'
import { runActs } from './demo/run-acts.ts'
import type { ActOutcome } from './demo/run-acts.ts'
import { seedSample } from './demo/seed.ts'
import { requireName, runningPid } from './lifecycle/state.ts'
import { down } from './lifecycle/down.ts'
import { ensureUp } from './platform.ts'

const root = dirname(import.meta.dirname)
const folder = join(root, '.slipway', 'demo')
const say = (line: string): void => console.log(line)

const usage = `usage: npm run demo -- [--json FILE] [--name NAME] [--verbose] [--keep]
  --json FILE   write what came out: [{act, verdict, cause, seconds, requests, failedRequests, problems}]
  --name NAME   platform to use (demo); one that was up before stays up
  --verbose     every line of every step
  --keep        leave the platform up`

const options = {
  json: { type: 'string' },
  name: { type: 'string', default: 'demo' },
  verbose: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

function readFlags(): ReturnType<typeof parseArgs<{ options: typeof options }>>['values'] {
  try {
    const { values } = parseArgs({ options })
    requireName(values.name)
    return values
  } catch (error) {
    console.error(`✗ ${messageOf(error)}\n${usage}`)
    return process.exit(2)
  }
}

const flags = readFlags()
if (flags.help) {
  say(usage)
  process.exit(0)
}

async function demo(name: string, signal: AbortSignal): Promise<readonly ActOutcome[]> {
  const platform = await ensureUp(name, say)
  signal.throwIfAborted()
  await platform.reset()
  await seedSample(platform)
  const repository = join(folder, 'shop')
  const slipway = join(folder, 'slipway')
  mkdirSync(folder, { recursive: true })
  copySlipway(slipway)
  createSample(repository)
  const onLine = flags.verbose ? (line: string): void => say(`  │ ${line}`) : verdictsOnly
  return runActs({ platform, repository, slipway, reports: join(folder, 'reports'), say, onLine, signal })
}

/** The last line of each step is its verdict; the rest is in the log file. */
function verdictsOnly(line: string): void {
  if (/^(✓|✗|\?) |^ {2,4}(rolled back|NOT rolled back|next:|shop: )/.test(line)) say(`  │ ${line}`)
}

async function main(): Promise<number> {
  const startedAt = Date.now()
  const wasUp = runningPid(flags.name) !== undefined
  const abort = new AbortController()
  // Every time: npm, the shell and the terminal may each send it, and a second one must not end the cleaning up.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => abort.abort(new Error('interrupted')))
  try {
    const outcomes = await demo(flags.name, abort.signal)
    if (flags.json !== undefined) writeFileSync(resolve(flags.json), `${JSON.stringify(outcomes, undefined, 2)}\n`)
    say(`\nsummaries (Markdown, HTML) and logs: ${join(folder, 'reports')}`)
    const good = outcomes.filter(({ problems }) => problems.length === 0).length
    say(`${good} of ${outcomes.length} acts went as they must, in ${((Date.now() - startedAt) / 1000).toFixed(0)} s`)
    return good === outcomes.length ? 0 : 1
  } catch (error) {
    if (abort.signal.aborted) say('\ninterrupted: cleaning up')
    else say(`✗ ${messageOf(error)}${error instanceof SlipwayError ? `\n  ${error.why ?? ''}\n  ${error.todo}` : ''}`)
    return abort.signal.aborted ? 130 : 1
  } finally {
    if (!wasUp && !flags.keep) await down(flags.name, say)
  }
}

process.exitCode = await main()
