/** What the demo's workflow runs on: the sample's repository with its three commits, and Slipway as `@v1` gives it. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { github } from '../world.ts'

const root = dirname(dirname(import.meta.dirname))

/** The three acts of the demo: what the commit changes, and how it must end. */
export const acts = [
  { name: 'good', patch: undefined, says: 'a good commit' },
  { name: 'crash', patch: 'crash.patch', says: 'a commit whose process dies at start' },
  { name: 'critical', patch: 'critical.patch', says: 'a commit whose image has a critical finding' },
] as const

export type ActName = (typeof acts)[number]['name']

/**
 * A copy of what a consumer gets from `OWNER/slipway@v1`. act does not know `uses: $/…` (this repository at the
 * running commit) yet, so it is written out in the copy.
 */
export function copySlipway(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  for (const part of ['actions', 'dist', '.github/workflows', 'package.json']) {
    cpSync(join(root, part), join(folder, part), { recursive: true })
  }
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.ya?ml$/.test(entry.name)) continue
    const file = join(entry.parentPath, entry.name)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/uses: \$\/(\S+)/g, `uses: ${github.slipway}/$1@v1`))
  }
  git(folder, ['init', '-q', '-b', 'main'])
  commitAll(folder, 'slipway')
}

/** The sample as a repository on GitHub would be checked out: `examples/shop` with the starter workflow. */
export function createSample(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, '.github/workflows'), { recursive: true })
  const skipped = new Set([join(root, 'examples/shop/demo')])
  cpSync(join(root, 'examples/shop'), folder, { recursive: true, filter: source => !skipped.has(source) })
  cpSync(join(root, 'workflows/push-to-main.yml'), join(folder, '.github/workflows/push-to-main.yml'))
  git(folder, ['init', '-q', '-b', 'main'])
  commitAll(folder, 'the shop takes orders')
  git(folder, ['remote', 'add', 'origin', `https://github.com/${github.repository}.git`])
}

/** Makes the commit of an act on top of the good one; returns its SHA. */
export function commitAct(folder: string, act: (typeof acts)[number]): string {
  if (act.patch !== undefined) {
    git(folder, ['reset', '-q', '--hard', git(folder, ['rev-list', '--max-parents=0', 'HEAD']).trim()])
    git(folder, ['apply', join(root, 'examples/shop/demo', act.patch)])
    commitAll(folder, act.says)
  }
  return git(folder, ['rev-parse', 'HEAD']).trim()
}

function commitAll(folder: string, message: string): void {
  git(folder, ['add', '-A'])
  git(folder, ['-c', 'user.name=dev', '-c', 'user.email=dev@acme.example', 'commit', '-q', '-m', message])
}

function git(folder: string, args: readonly string[]): string {
  return execFileSync('git', args, { cwd: folder, encoding: 'utf8' })
}
