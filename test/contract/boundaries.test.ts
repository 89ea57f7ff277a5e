import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { createExec } from '../../src/runtime/exec.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-boundaries-'))
  for (const file of ['oxlint.config.ts', 'package.json', 'tsconfig.json']) cpSync(file, join(folder, file))
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Codes of the rules that a file with this text breaks at this place. */
async function broken(path: string, text: string): Promise<string> {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${text}\n`)
  const exec = createExec(process.env)
  const { stdout } = await exec(resolve('node_modules/.bin/oxlint'), ['-f', 'unix', path], {
    cwd: folder,
    env: { NODE_OPTIONS: '' },
  })
  rmSync(file)
  return stdout
}

test.each([
  [
    'a pure room reads a file',
    'src/health/a.ts',
    "import { readFileSync } from 'node:fs'\nexport const a = readFileSync",
  ],
  ['a pure room takes code from another room', 'src/health/a.ts', "export { run } from '../kubernetes/b.ts'"],
  ['a pure room asks for the time', 'src/report/a.ts', 'export const a = (): number => Date.now()'],
  ['a system imports an engine', 'src/registry/a.ts', "export { run } from '../rollout/b.ts'"],
  ['an engine imports an action', 'src/rollout/a.ts', "export const a = () => import('../actions/b.ts')"],
  ['a room touches the process', 'src/image/a.ts', 'export const a = process.env'],
  ['a room uses the toolkit', 'src/actions/a.ts', "export { setFailed } from '@actions/core'"],
  ['the product imports the bench', 'src/identity/a.ts', "export { run } from '../../sandbox/b.ts'"],
])('the linter refuses: %s', async (_, path, text) => {
  expect(await broken(path, text)).toMatch(/no-restricted-(imports|globals|properties)/)
})

test('types may come from anywhere', async () => {
  expect(await broken('src/health/a.ts', "export type { B } from '../kubernetes/b.ts'")).not.toContain('no-restricted')
})
