import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import * as toolkit from '@actions/core'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { keyValue, runnerFiles } from '../../../src/runtime/runner-files.ts'

const variables = ['GITHUB_OUTPUT', 'GITHUB_STATE', 'GITHUB_ENV', 'GITHUB_STEP_SUMMARY'] as const
type Variable = (typeof variables)[number]

describe("beside GitHub's toolkit", () => {
  const before = new Map(variables.map(name => [name, process.env[name]]))
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-toolkit-'))
    // The toolkit reads the names of the files from the process.
    for (const name of variables) process.env[name] = join(folder, name)
  })
  afterAll(() => {
    rmSync(folder, { recursive: true })
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })

  /** What the toolkit leaves in a file that was empty before. */
  async function toolkitsWords(name: Variable, write: () => unknown): Promise<string> {
    writeFileSync(join(folder, name), '')
    await write()
    return readFileSync(join(folder, name), 'utf8')
  }

  const values = [
    '',
    'plain',
    'a\nb\n\nc',
    '\n',
    'a\r\nb\rc',
    '::set-output name=a::b',
    'x<<EOF\ny\nEOF',
    'name=value',
    '50 %0A %25',
    'ghadelimiter_',
    'ü € 😀 \u2028 \u0000',
    ' \t spaced \t ',
    'x'.repeat(70_000),
  ]

  test.each(values)('outputs, state and variables are the same bytes, but for the delimiter: %j', async value => {
    const ways = [
      ['GITHUB_OUTPUT', () => toolkit.setOutput('a-name', value)],
      ['GITHUB_STATE', () => toolkit.saveState('a-name', value)],
      ['GITHUB_ENV', () => toolkit.exportVariable('a-name', value)],
    ] as const
    for (const [file, write] of ways) {
      const [ours = ''] = written(files => files.set(file, 'a-name', value))
      expect(withoutDelimiter(ours)).toBe(withoutDelimiter(await toolkitsWords(file, write)))
    }
    delete process.env['a-name']
  })

  test.each(values.filter(value => value !== ''))('pages are the same bytes: %j', async markdown => {
    const [ours] = written(files => files.page(markdown))
    expect(ours).toBe(await toolkitsWords('GITHUB_STEP_SUMMARY', () => toolkit.summary.addRaw(markdown, true).write()))
  })
})

/** Texts that are appended, in order. */
function written(use: (files: ReturnType<typeof runnerFiles>) => void): readonly string[] {
  const texts: string[] = []
  const env = Object.fromEntries(variables.map(name => [name, name]))
  use(runnerFiles(env, (_, text) => void texts.push(text)))
  return texts
}

function withoutDelimiter(text: string): string {
  const [, delimiter = ''] = /<<(ghadelimiter_[0-9a-f-]{36})\n/.exec(text) ?? []
  expect(delimiter).not.toBe('')
  return text.replaceAll(delimiter, '…')
}

describe('a value', () => {
  test('has a delimiter of its own each time, so that no value can end itself', () => {
    const texts = written(files => {
      for (let i = 0; i < 50; i++) files.set('GITHUB_OUTPUT', 'a', 'b')
    })
    expect(new Set(texts).size).toBe(50)
  })

  test('that knows its delimiter is refused', () => {
    expect(() => keyValue('a', 'x\nEOF\nb=c', 'EOF')).toThrow('holds its own delimiter')
  })

  test.each(['', 'a=b', 'a<<b', 'a\nb', '1a', 'ä'])('is refused under the name %j', name => {
    expect(() => keyValue(name, 'x', 'EOF')).toThrow('is no name')
  })
})

test('where the runner names no file, nothing is written', () => {
  const files = runnerFiles({}, () => {
    throw new Error('written')
  })
  files.set('GITHUB_OUTPUT', 'a', 'b')
  files.page('x')
})
