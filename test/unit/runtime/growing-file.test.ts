import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterEach, beforeEach, expect, test } from '@jest/globals'

import { growingFile } from '../../../src/runtime/files.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-growing-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('what is written is in the file at once, in order', () => {
  const troubles: unknown[] = []
  const file = growingFile(folder, 'a.jsonl', trouble => troubles.push(trouble))
  file.write('1\n')
  expect(readFileSync(file.path, 'utf8')).toBe('1\n')
  file.write('2\n')
  expect(readFileSync(file.path, 'utf8')).toBe('1\n2\n')
  expect(troubles).toEqual([])
})

test('two files of one name do not meet', () => {
  const [a, b] = [growingFile(folder, 'a', () => {}), growingFile(folder, 'a', () => {})]
  expect(a.path).not.toBe(b.path)
})

test('trouble is told once, and never thrown', () => {
  const troubles: unknown[] = []
  const file = growingFile(folder, 'a', trouble => troubles.push(trouble))
  rmSync(dirname(file.path), { recursive: true })
  file.write('1')
  file.write('2')
  expect(troubles).toEqual([expect.objectContaining({ code: 'ENOENT' })])
})

test('a folder that cannot be made is such a trouble too', () => {
  const troubles: unknown[] = []
  const file = growingFile(join(folder, 'nowhere'), 'a', trouble => troubles.push(trouble))
  file.write('1')
  expect([file.path, troubles]).toEqual(['', [expect.objectContaining({ code: 'ENOENT' })]])
})
