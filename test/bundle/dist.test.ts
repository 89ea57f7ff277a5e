import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'

import { expect, test } from '@jest/globals'

import { commands } from '../../scripts/bundle/bundle.ts'
import { contracts } from '../../src/actions/contracts.ts'
import { createExec } from '../../src/runtime/exec.ts'

test('dist/ holds one program and a stub for each action and each tool', () => {
  const folders = readdirSync('dist', { withFileTypes: true }).filter(entry => entry.isDirectory())
  expect(folders.map(({ name }) => name).toSorted()).toEqual(
    [...contracts.map(({ name }) => name), ...commands, 'slipway'].toSorted(),
  )
})

test('what cleans up after a job is one file and uses built-in modules only', () => {
  const program = readFileSync('dist/slipway/post.js', 'utf8')
  const asked = [...program.matchAll(/(?:\bfrom|import|\.url\))\(?["']([^"']+)["']/g)].map(([, name = '']) => name)
  expect(asked.length).toBeGreaterThan(0)
  for (const name of asked) expect(builtinModules).toContain(name.replace('node:', ''))
})

test(
  'dist/ is what the sources give, byte by byte, in another folder',
  async () => {
    const exec = createExec(process.env)
    const { code, stderr } = await exec(process.execPath, ['scripts/check-dist.ts'], { env: { NODE_OPTIONS: '' } })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  },
  5 * 60_000,
)
