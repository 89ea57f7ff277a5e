import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { keyOf } from '../../../sandbox/provision/key.ts'
import { openLog } from '../../../sandbox/provision/log.ts'
import type { Part } from '../../../sandbox/provision/part.ts'
import { parts } from '../../../sandbox/provision/parts.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-parts-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

function part(name: string, text: string, more: Partial<Part> = {}): Part {
  const file = join(folder, `${name}.lock`)
  writeFileSync(file, text)
  return { name, inputs: [file], recipe: 1, build: () => Promise.resolve(), ...more }
}

describe('the key of a part', () => {
  test('is 12 hex digits and the same each time', () => {
    const one = part('one', 'a')
    expect(keyOf(one, [one])).toMatch(/^[0-9a-f]{12}$/)
    expect(keyOf(one, [one])).toBe(keyOf(one, [one]))
  })

  test('changes with its lock file and with its recipe', () => {
    const before = part('one', 'a')
    const key = keyOf(before, [before])
    const recipe = { ...before, recipe: 2 }
    expect(keyOf(recipe, [recipe])).not.toBe(key)
    const lock = part('one', 'b')
    expect(keyOf(lock, [lock])).not.toBe(key)
  })

  test('changes with the key of what it needs', () => {
    const upper = part('upper', 'u', { needs: ['lower'] })
    const before = keyOf(upper, [upper, part('lower', 'a')])
    expect(keyOf(upper, [upper, part('lower', 'b')])).not.toBe(before)
  })

  test('an unknown need is named', () => {
    const upper = part('upper', 'u', { needs: ['nothing'] })
    expect(() => keyOf(upper, [upper])).toThrow('there is no part "nothing"')
  })
})

describe('the parts', () => {
  test('have names of their own', () => {
    const names = parts.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })

  test('every lock folder belongs to one', () => {
    const locks = readdirSync(resolve(import.meta.dirname, '../../../sandbox/locks'))
    expect(parts.map(({ name }) => name)).toEqual(expect.arrayContaining(locks))
  })

  test('every Python package is pinned by hash', async () => {
    const file = resolve(import.meta.dirname, '../../../sandbox/locks/python/requirements.txt')
    const lines = (await readFile(file, 'utf8')).split('\n').filter(line => line !== '' && !line.startsWith('#'))
    expect(lines.length).toBeGreaterThan(20)
    for (const line of lines) expect(line).toMatch(/^[a-z0-9-]+==\S+ --hash=sha256:[0-9a-f]{64}$/)
  })
})

describe('a command of a build', () => {
  const open = () =>
    openLog(
      'thing',
      join(folder, 'thing.log'),
      () => {},
      name => name,
    )

  test('leaves its output in the log and gives it back', async () => {
    const log = open()
    expect(await log.read('sh', ['-c', 'echo one; echo two >&2'])).toBe('one')
    await log.close()
    expect(await readFile(join(folder, 'thing.log'), 'utf8')).toMatch(/\$ sh -c .*\n(one\ntwo|two\none)\n/)
  })

  test('that fails says its last words and where the rest is', async () => {
    const log = open()
    await expect(log.run('sh', ['-c', 'echo no such module >&2; exit 3'])).rejects.toMatchObject({
      message: expect.stringMatching(/`sh -c` ended with 3:\n {2}no such module/),
      todo: expect.stringContaining('thing.log'),
    })
    await log.close()
  })

  test('that had no network says so', async () => {
    const log = open()
    const words = 'dial tcp: lookup proxy.invalid: no such host'
    await expect(log.run('sh', ['-c', `echo "${words}"; exit 1`])).rejects.toMatchObject({
      why: 'The network did not answer.',
      todo: expect.stringContaining('finished parts are kept'),
    })
    await log.close()
  })

  test('that does not exist is named', async () => {
    const log = open()
    await expect(log.run('no-such-program', [])).rejects.toThrow('ENOENT')
    await log.close()
  })
})
