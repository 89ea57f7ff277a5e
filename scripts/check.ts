/** `npm run check [-- --fix]`: everything that a tool can hold about the sources, without running a test. */
import { availableParallelism } from 'node:os'

import { messageOf } from '../src/runtime/errors.ts'
import { inParallel } from '../src/runtime/parallel.ts'
import { lintWorkflows } from './check/workflows.ts'
import { interruption, run, runScript, wordsOf } from './project.ts'

/** `words` is shown when the check fails, or when it could not be made. */
interface Finding {
  readonly state: 'passed' | 'failed' | 'skipped'
  readonly words: string
}

interface Check {
  readonly name: string
  /** What it holds, for the one who sees it fail. */
  readonly holds: string
  run(signal: AbortSignal): Promise<Finding>
}

/** The long ones first: they share the cores with the rest. */
const checks: readonly Check[] = [
  { name: 'dist', holds: 'dist/ is what the sources give, in any folder', run: script('scripts/check-dist.ts') },
  { name: 'lint', holds: 'rules with types, and import boundaries', run: tool('oxlint', '--type-aware') },
  { name: 'types', holds: 'TypeScript at its strictest', run: tool('tsc', '-p', 'tsconfig.json') },
  { name: 'format', holds: 'one format', run: tool('oxfmt', '--check', '.') },
  { name: 'dead code', holds: 'no unused file, export or package', run: tool('knip') },
  {
    name: 'generated',
    holds: 'action.yml, tables and schema follow from the code',
    run: script('scripts/generate.ts', '--check'),
  },
  { name: 'lock', holds: 'npm ci accepts package-lock.json', run: script('scripts/complete-lock.ts', '--check') },
  { name: 'workflows', holds: 'workflows are well formed and call what exists', run: lintWorkflows },
]

function tool(command: string, ...args: readonly string[]): Check['run'] {
  return async signal => {
    const result = await run(command, args, { signal })
    return { state: result.code === 0 ? 'passed' : 'failed', words: wordsOf(result) }
  }
}

function script(path: string, ...args: readonly string[]): Check['run'] {
  return async signal => {
    const result = await runScript(path, args, { signal })
    return { state: result.code === 0 ? 'passed' : 'failed', words: wordsOf(result) }
  }
}

/** Formats, and repairs what the linter can repair. */
async function fix(): Promise<boolean> {
  const lint = await run('oxlint', ['--type-aware', '--fix'])
  const format = await run('oxfmt', ['.'])
  if (lint.code !== 0) console.log(wordsOf(lint))
  if (format.code !== 0) console.log(wordsOf(format))
  return lint.code === 0 && format.code === 0
}

async function checkAll(signal: AbortSignal): Promise<boolean> {
  const started = performance.now()
  const states = await inParallel(checks, availableParallelism(), async check => {
    const from = performance.now()
    const { state, words } = await check.run(signal).catch(failedToRun)
    console.log(`${marks[state]} ${check.name.padEnd(10)} ${seconds(from).padStart(7)}  ${check.holds}`)
    if (state !== 'passed') console.log(indented(words))
    return state
  })
  const count = (wanted: Finding['state']): number => states.filter(state => state === wanted).length
  console.log(
    `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped in ${seconds(started)}`,
  )
  return count('failed') === 0 && (count('skipped') === 0 || process.env['CI'] !== 'true')
}

const marks: Readonly<Record<Finding['state'], string>> = { passed: '✓', failed: '✗', skipped: '!' }

function failedToRun(thrown: unknown): Finding {
  return { state: 'failed', words: messageOf(thrown) }
}

function seconds(from: number): string {
  return `${((performance.now() - from) / 1_000).toFixed(1)} s`
}

function indented(words: string): string {
  return words.replace(/^/gm, '    ')
}

const good = process.argv.includes('--fix') ? await fix() : await checkAll(interruption())
if (!good) process.exitCode = 1
