import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from '@jest/globals'

import { staleFiles } from '../../scripts/generate.ts'
import { contracts } from '../../src/actions/contracts.ts'
import type { ActionContract } from '../../src/runtime/contract.ts'
import { mapping, readYaml } from '../support/workflow-files.ts'

const all: readonly ActionContract[] = contracts

test('action.yml, tables and schema are what the code says (else: npm run generate)', () => {
  expect(staleFiles()).toEqual([])
})

describe.each(all.map(contract => [contract.name, contract] as const))('%s', (name, contract) => {
  const metadata = readYaml(`actions/${name}/action.yml`)

  test('its metadata file offers the inputs and outputs of the code', () => {
    expect(Object.keys(mapping(metadata['inputs']))).toEqual(Object.keys(contract.inputs))
    expect(Object.keys(mapping(metadata['outputs']))).toEqual(Object.keys(contract.outputs))
  })

  test('its program exists, for main and post, on Node 24', () => {
    const { using, main, post } = mapping(metadata['runs'])
    expect(using).toBe('node24')
    expect(existsSync(join('actions', name, String(main)))).toBe(true)
    expect(post).toBe(contract.post ? String(main).replace('index.js', 'post.js') : undefined)
    if (post !== undefined) expect(existsSync(join('actions', name, String(post)))).toBe(true)
  })

  test('its defaults and examples are accepted by their own parsers', () => {
    for (const [input, { parser, default: fallback, example }] of Object.entries(contract.inputs)) {
      for (const text of [fallback, example]) {
        if (text && !/\$\{\{|…/.test(text)) expect(() => parser.parse(text, input)).not.toThrow()
      }
    }
  })

  test('its sentences are sentences', () => {
    const sentences = [
      contract.description,
      ...Object.values(contract.outputs),
      ...Object.values(contract.inputs).map(({ description }) => description),
    ]
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z`].*\.$/)
  })
})

test('the same input means the same in every action', () => {
  const known = new Map<string, ActionContract['inputs'][string]>()
  for (const { inputs } of all) {
    for (const [name, one] of Object.entries(inputs)) {
      expect({ name, one: known.get(name) ?? one }).toEqual({ name, one })
      known.set(name, one)
    }
  }
})

test('the same output means the same in actions that end with a verdict of the gate', () => {
  const [deploy, rollback, verify] = ['deploy', 'rollback', 'verify'].map(
    name => all.find(contract => contract.name === name)?.outputs,
  )
  for (const output of ['verdict', 'cause', 'seconds', 'report', 'result', 'trace']) {
    expect(deploy?.[output]).toBeDefined()
    expect([rollback?.[output], verify?.[output]]).toEqual([deploy?.[output], deploy?.[output]])
  }
  expect(deploy?.['release']).toBe(rollback?.['release'])
})

test('no name or description holds an expression, which the runner refuses there before the first step', () => {
  const said = (value: unknown): readonly string[] =>
    Object.entries(mapping(value)).flatMap(([key, inner]) =>
      key === 'name' || key === 'description'
        ? [String(inner)]
        : key === 'runs' || typeof inner !== 'object'
          ? []
          : said(inner),
    )
  for (const name of readdirSync('actions')) {
    const words = said(readYaml(`actions/${name}/action.yml`))
    expect(words.length).toBeGreaterThan(2)
    expect({ name, expressions: words.filter(text => text.includes('${{')) }).toEqual({ name, expressions: [] })
  }
})
