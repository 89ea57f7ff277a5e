import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, test } from '@jest/globals'

import { commands } from '../../scripts/bundle/bundle.ts'
import { contracts } from '../../src/actions/contracts.ts'
import { createExec } from '../../src/runtime/exec.ts'
import { runBundle } from '../support/run-bundle.ts'

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

test('what a step compiled is kept for the next one in the folder that ends with the job, and nothing outside a job', async () => {
  const temp = mkdtempSync(join(tmpdir(), 'slipway-temp-'))
  try {
    const { errors } = await runBundle('deploy', {}, {}, { RUNNER_TEMP: temp })
    expect(errors).not.toEqual([])
    const kept = readdirSync(join(temp, 'slipway-compiled'), { recursive: true })
    expect(kept.length).toBeGreaterThan(1)
    const again = await runBundle('deploy', {}, {}, { RUNNER_TEMP: temp })
    expect(again.errors).toEqual(errors)
    rmSync(join(temp, 'slipway-compiled'), { recursive: true })
    await runBundle('deploy', {}, {}, { RUNNER_TEMP: '', TMPDIR: temp, HOME: temp })
    expect(existsSync(join(temp, 'slipway-compiled'))).toBe(false)
    expect(readdirSync(temp)).toEqual([])
  } finally {
    rmSync(temp, { recursive: true })
  }
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
