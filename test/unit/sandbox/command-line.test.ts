import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { parse } from '../../../sandbox/lifecycle/command-line.ts'

const cli = resolve(import.meta.dirname, '../../../sandbox/cli.ts')
const empty = mkdtempSync(join(tmpdir(), 'slipway-home-'))

afterAll(() => rmSync(empty, { recursive: true }))

/** The platform's command on a machine where nothing is made yet. */
function platform(...args: string[]) {
  const env = { PATH: process.env['PATH'], SLIPWAY_HOME: empty }
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', env })
  return { status, stdout, stderr }
}

describe('the command line of the platform', () => {
  test.each([
    { args: ['up'], expected: { name: 'default', word: 'up', rest: [] } },
    { args: ['up', '--name', 'two'], expected: { name: 'two', word: 'up', rest: [] } },
    { args: ['--name=two', 'down'], expected: { name: 'two', word: 'down', rest: [] } },
    { args: ['enter', 'ls', '--name', 'x'], expected: { name: 'default', word: 'enter', rest: ['ls', '--name', 'x'] } },
    {
      args: ['enter', '--name', 'two', '--', 'ls', '-l'],
      expected: { name: 'two', word: 'enter', rest: ['ls', '-l'] },
    },
    { args: [], expected: { name: 'default', word: undefined, rest: [] } },
  ])('$args', ({ args, expected }) => {
    expect(parse(args)).toEqual(expected)
  })

  test('--help explains every command', () => {
    const { status, stdout } = platform('--help')
    expect(status).toBe(0)
    for (const word of ['provision', 'up', 'status', 'enter', 'reset', 'down']) expect(stdout).toContain(`\n  ${word}`)
  })

  test('without a command it explains itself and fails', () => {
    expect(platform()).toMatchObject({ status: 2, stdout: expect.stringContaining('usage:') })
  })

  test('an unknown word is named, with what to say instead', () => {
    const { status, stderr } = platform('start')
    expect(status).toBe(1)
    expect(stderr).toContain('"start" is no command of the platform.')
    expect(stderr).toContain('Use provision, up, status')
  })

  test('a word too many is named', () => {
    expect(platform('up', 'now').stderr).toContain('"now" means nothing after "up".')
  })

  test('a name that is no name is refused before anything is done', () => {
    const { status, stderr } = platform('status', '--name', '../other')
    expect(status).toBe(1)
    expect(stderr).toContain('"../other" cannot be a platform\'s name.')
  })

  test('status of a platform that does not run fails and names the parts that are missing', () => {
    const { status, stdout } = platform('status')
    expect(status).toBe(1)
    expect(stdout).toMatch(/parts +0 of \d+; missing: .*kubernetes/)
    expect(stdout).toContain('"default" is down')
  })
})
