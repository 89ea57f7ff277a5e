import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from '@jest/globals'

import { contracts } from '../../src/actions/contracts.ts'
import type { ActionContract } from '../../src/runtime/contract.ts'

const page = readFileSync('docs/troubleshooting.md', 'utf8')
const headings = new Set([...page.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading))

/** Codes of all errors that the source makes, wherever it takes their words from. */
function codesInSource(): readonly string[] {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  const texts = files.map(file => readFileSync(join('src', file), 'utf8'))
  return texts.flatMap(text =>
    [...text.matchAll(/(?:User|Denied|Remote)Error\(\s*'([a-z0-9-]+)'/g)].map(([, code = '']) => code),
  )
}

test('every error of the source has its place in docs/troubleshooting.md', () => {
  expect(codesInSource().filter(code => !headings.has(code))).toEqual([])
})

test('so has what each input can be refused with, and a mistake of ours', () => {
  const all: readonly ActionContract[] = contracts
  const names = new Set(all.flatMap(({ inputs }) => Object.keys(inputs)))
  expect(['internal', ...[...names].map(name => `input-${name}`)].filter(code => !headings.has(code))).toEqual([])
})
