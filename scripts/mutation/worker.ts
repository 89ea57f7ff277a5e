/**
 * Runs the tests against one mutant after the other, in one process: each gets the modules of the rooms under test anew,
 * with its own text in one of them. Told over IPC which, tells which test noticed it.
 */
import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { join } from 'node:path'

import { root } from '../project.ts'
import { taken } from './harness.ts'
import type { Mutant } from './mutants.ts'

/** A test that takes longer waits for something that the mutant took away. */
const longestTestMs = 60_000
const renewed = ['src/health/', 'src/rollout/', 'test/'].map(folder => pathToFileURL(join(root, folder)).href)
const harness = new URL('harness.ts', import.meta.url).href

const stripped = new Map<string, string>()
let mutant: Mutant | undefined
let generation = 0

function textOf(path: string): string {
  if (mutant !== undefined && join(root, mutant.file) === path) {
    const source = readFileSync(path, 'utf8')
    return stripTypeScriptTypes(source.slice(0, mutant.start) + mutant.after + source.slice(mutant.end))
  }
  const known = stripped.get(path) ?? stripTypeScriptTypes(readFileSync(path, 'utf8'))
  stripped.set(path, known)
  return known
}

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === '@jest/globals') return { url: harness, format: 'module', shortCircuit: true }
    const resolved = next(specifier, context)
    const isRenewed = renewed.some(folder => resolved.url.startsWith(folder)) && !resolved.url.includes('?')
    return isRenewed ? { ...resolved, url: `${resolved.url}?${generation}`, format: 'module' } : resolved
  },
  load(url, context, next) {
    if (!url.includes('?') || !renewed.some(folder => url.startsWith(folder))) return next(url, context)
    return { format: 'module', source: textOf(fileURLToPath(url.slice(0, url.indexOf('?')))), shortCircuit: true }
  },
})

/** The first test that fails, by its file and name; undefined when none does. */
async function noticedBy(files: readonly string[]): Promise<string | undefined> {
  generation++
  for (const file of files) {
    try {
      await import(pathToFileURL(join(root, file)).href)
    } catch {
      return `${file}: does not load`
    }
    for (const { name, run } of taken()) {
      const failure = await failureOf(run)
      if (failure !== undefined) return `${file}: ${name}${failure === 'late' ? ' (no end)' : ''}`
    }
  }
  return undefined
}

async function failureOf(run: () => unknown): Promise<'failed' | 'late' | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>(resolve => {
    timer = setTimeout(() => resolve('late'), longestTestMs)
  })
  try {
    const first = await Promise.race([Promise.resolve(run()).then(() => undefined), late])
    return first
  } catch {
    return 'failed'
  } finally {
    clearTimeout(timer)
  }
}

process.on('unhandledRejection', () => undefined)
process.on('message', (task: { readonly mutant?: Mutant; readonly files: readonly string[] }) => {
  mutant = task.mutant
  void noticedBy(task.files).then(by => process.send?.({ by: by ?? null }))
})
