import { expect, test } from '@jest/globals'
import { hasProfile, withProfile } from '../../../../src/identity/expose/profile.ts'

const profile = {
  name: 'shop',
  region: 'eu-west-1',
  helper: { node: '/node', script: '/s.js' },
  requestFile: '/r.json',
}
const section = '[profile shop]\nregion = eu-west-1\ncredential_process = /node /s.js aws /r.json\n'

test.each([
  ['an empty file', '', section],
  ['a file of others', '[default]\nregion = x\n', `[default]\nregion = x\n\n${section}`],
  [
    'one that has it',
    '[profile shop]\nregion = old\nsso = x\n[profile b]\nc = d\n',
    `[profile b]\nc = d\n\n${section}`,
  ],
  ['one that has it in another spelling', '[ profile "shop" ]\r\nregion = old\r\n', section],
  ['one that has one of a longer name', '[profile shop2]\na = b\n', `[profile shop2]\na = b\n\n${section}`],
])('a profile is added to %s', (_, before, after) => {
  expect(withProfile(before, profile)).toBe(after)
})

test('the default profile has a section of its own kind', () => {
  expect(withProfile('', { ...profile, name: 'default' })).toMatch(/^\[default\]\n/)
})

test('paths with spaces, quotes and backslashes are one word of the command', () => {
  const helper = { node: String.raw`C:\Program Files\node.exe`, script: '/a "b"/s.js' }
  expect(withProfile('', { ...profile, helper })).toContain(
    String.raw`credential_process = "C:\Program Files\node.exe" "/a \"b\"/s.js" aws /r.json`,
  )
})

test.each([
  ['[shop]', true],
  ['[profile shop]', true],
  [' [ shop ] # mine', true],
  ['[shop2]', false],
  ['shop = 1', false],
])('%j has the profile: %s', (line, expected) => {
  expect(hasProfile(`a\n${line}\nb`, 'shop')).toBe(expected)
})
