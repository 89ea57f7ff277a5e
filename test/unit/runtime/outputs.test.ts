import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'

import { createMasker } from '../../../src/runtime/mask.ts'
import { createResults, shorten } from '../../../src/runtime/outputs.ts'

const variables = ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_STEP_SUMMARY'] as const
const before = new Map(variables.map(name => [name, process.env[name]]))
let folder = ''

/** The toolkit reads the names of the files from the process. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-outputs-'))
  for (const name of variables) {
    writeFileSync(join(folder, name), '')
    process.env[name] = join(folder, name)
  }
})
afterEach(() => {
  rmSync(folder, { recursive: true })
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

const file = (name: (typeof variables)[number]): string => readFileSync(join(folder, name), 'utf8')

describe('what a step leaves', () => {
  test('is written once, with names as in action.yml and any number of lines', async () => {
    const results = createResults(process.env, createMasker())
    results.outputs.set({ rolledBack: true, seconds: 3, cause: undefined })
    results.outputs.set({ seconds: 4, report: 'a\nb' })
    results.state.save('isPost', 'true')
    await results.flush()
    const once = file('GITHUB_OUTPUT')
    await results.flush()
    expect(file('GITHUB_OUTPUT')).toBe(once)
    expect(once).toMatch(
      /^rolled-back<<(ghadelimiter_\S+)\ntrue\n\1\nseconds<<(\S+)\n4\n\2\nreport<<(\S+)\na\nb\n\3\n$/,
    )
    expect(file('GITHUB_STATE')).toContain('isPost<<')
  })

  test('holds no secret', async () => {
    const masker = createMasker()
    masker.add('hunter22')
    const results = createResults(process.env, masker)
    results.outputs.set({ report: 'password hunter22' })
    results.summary.add('password hunter22')
    await results.flush()
    expect(file('GITHUB_OUTPUT') + file('GITHUB_STEP_SUMMARY')).not.toContain('hunter22')
  })
})

describe('a summary', () => {
  test('that is too long is cut at a line, and says so', () => {
    const cut = shorten(`${'ü'.repeat(40)}\n${'line\n'.repeat(100)}`, 200)
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(200)
    expect(cut).toMatch(/line\n\n… shortened: a step summary holds 1 MiB at most\.\n$/)
  })

  test('that fits stays as it is', () => {
    expect(shorten('short', 200)).toBe('short')
  })
})
