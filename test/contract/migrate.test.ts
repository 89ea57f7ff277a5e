import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { assumeRole } from '../../src/actions/assume-role.contract.ts'
import { ecrLogin } from '../../src/actions/ecr-login.contract.ts'

const page = readFileSync('docs/migrate.md', 'utf8')
const theirs = JSON.parse(readFileSync('test/fixtures/configure-aws-credentials.json', 'utf8')) as {
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
}

/** Rows of the tables in the section of an action: names on the left, text on the right. */
function rowsOf(action: string): readonly (readonly [names: readonly string[], text: string])[] {
  const section = page.split(/^## /m).find(part => part.startsWith(`From ${action}`)) ?? ''
  return [...section.matchAll(/^\| (.+?) \| (.+) \|$/gm)].map(([, left = '', right = '']) => [codes(left), right])
}

function codes(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

test('every input and output of configure-aws-credentials has an equivalent or a reason, and no other is named', () => {
  const named = rowsOf('aws-actions/configure-aws-credentials').flatMap(([names]) => names)
  expect(named.toSorted()).toEqual([...theirs.inputs, ...theirs.outputs].toSorted())
})

describe.each([
  ['aws-actions/configure-aws-credentials', assumeRole],
  ['aws-actions/amazon-ecr-login', ecrLogin],
] as const)('what the table for %s leads to', (action, contract) => {
  test('is there, where it is called an input or an output', () => {
    const known = new Set([...Object.keys(contract.inputs), ...Object.keys(contract.outputs)])
    for (const [, text] of rowsOf(action)) {
      const [first] = codes(text.split(/[;,:.(]/)[0] ?? '')
      const isName = first !== undefined && /^[a-z][a-z-]*$/.test(first)
      if (isName) expect([...known]).toContain(first)
    }
  })
})
