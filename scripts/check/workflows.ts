import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { program } from '../../sandbox/provision/parts.ts'
import { root, run, wordsOf } from '../project.ts'

/**
 * Runs actionlint on a copy of our workflows and of the starters. It knows neither `$/` (a sibling at the same commit)
 * nor where our released workflows live, so the copy says `./` for both; then it also checks what a caller passes.
 */
export async function lintWorkflows(
  signal: AbortSignal,
): Promise<{ readonly state: 'passed' | 'failed' | 'skipped'; readonly words: string }> {
  const actionlint = provisioned()
  if (!actionlint)
    return { state: 'skipped', words: 'actionlint is not made yet: run "npm run platform -- provision".' }
  const folder = mkdtempSync(join(tmpdir(), 'slipway-workflows-'))
  try {
    copyWorkflows(folder)
    const result = await run(actionlint, ['-no-color', '-shellcheck=', '-pyflakes='], { cwd: folder, signal })
    return { state: result.code === 0 ? 'passed' : 'failed', words: wordsOf(result) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function provisioned(): string | undefined {
  try {
    return program('actionlint')
  } catch {
    return undefined
  }
}

function copyWorkflows(folder: string): void {
  const target = join(folder, '.github/workflows')
  mkdirSync(target, { recursive: true })
  // actionlint takes the folder with .git for the root of the project.
  mkdirSync(join(folder, '.git'))
  // It also looks whether the programs are there that the actions name.
  for (const part of ['actions', 'dist']) cpSync(join(root, part), join(folder, part), { recursive: true })
  for (const [from, prefix] of [
    ['.github/workflows', ''],
    ['workflows', 'starter-'],
  ] as const) {
    for (const name of workflowsIn(join(root, from))) {
      writeFileSync(join(target, prefix + name), here(readFileSync(join(root, from, name), 'utf8')))
    }
  }
}

function workflowsIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter(name => /\.ya?ml$/.test(name)) : []
}

/** What the copy says in place of `$/x` and `OWNER/slipway/x@v1`. */
export function here(workflow: string): string {
  return workflow.replace(/(uses:\s*['"]?)(?:\$\/|OWNER\/slipway\/)([^@\s'"]+)(?:@[^\s'"]+)?/g, '$1./$2')
}
