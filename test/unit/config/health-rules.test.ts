import { describe, expect, test } from '@jest/globals'
import { healthRules } from '../../../src/actions/health-rules.ts'
import { inputsFromFile } from '../../../src/config/inputs-from-file.ts'
import { parseSlipwayFile } from '../../../src/config/slipway-file.ts'

const file = (rule: string): string => `health:\n  - ${rule}\n`
const database = `{ apiVersion: db.example.com/v1, kind: Database, success: ['status.phase == "Ready"'], observed-generation: false }`

test('rules of slipway.yaml reach the actions that gate as one input', () => {
  const parsed = parseSlipwayFile(file(database), 'slipway.yaml')
  const rules = inputsFromFile(parsed, 'deploy', {})['health-rules'] ?? ''
  expect(healthRules.parse(rules, 'health-rules')).toEqual([
    {
      apiVersion: 'db.example.com/v1',
      kind: 'Database',
      success: ['status.phase == "Ready"'],
      observedGeneration: false,
    },
  ])
  for (const action of ['rollback', 'verify']) expect(inputsFromFile(parsed, action, {})).toHaveProperty('health-rules')
  expect(inputsFromFile(parsed, 'scan', {})).not.toHaveProperty('health-rules')
  expect(inputsFromFile(parseSlipwayFile('health: []', 'slipway.yaml'), 'deploy', {})).toEqual({})
})

describe('a mistake in slipway.yaml is told with its place', () => {
  test.each([
    [
      `{ apiVersion: db.example.com/v1, kind: Database, success: ['status.phase = "Ready"'] }`,
      'slipway.yaml:2:65: "health[0].success[0]" "status.phase = "Ready"" is no condition: unexpected = at character 14.',
    ],
    [
      `{ apiVersion: apps/v1, kind: Deployment, success: ['true'] }`,
      'slipway.yaml:2:7: "health[0].apiVersion" is not the apiVersion of a custom resource, such as example.com/v1.',
    ],
    [
      `{ apiVersion: db.example.com/v1, kind: Database, success: [] }`,
      'slipway.yaml:2:54: "health[0].success" is not right: too small: expected array to have >=1 items.',
    ],
  ])('%s', (rule, message) => {
    expect(() => parseSlipwayFile(file(rule), 'slipway.yaml')).toThrow(
      expect.objectContaining({ code: 'config-invalid', message }),
    )
  })
})

describe('a mistake in the input is told with its place', () => {
  const good = { apiVersion: 'db.example.com/v1', kind: 'Database', success: ['true'] }

  test.each([
    ['{', 'health-rules is not JSON.'],
    ['{}', 'health-rules: it is no list.'],
    ['[1]', 'health-rules: [0] is no rule.'],
    [
      [{ ...good, apiVersion: 'v1' }],
      'health-rules: [0].apiVersion is not that of a custom resource, such as example.com/v1.',
    ],
    [[good, { ...good, kind: '' }], 'health-rules: [1].kind is missing.'],
    [[{ ...good, success: [] }], 'health-rules: [0].success is missing.'],
    [[{ ...good, failure: 'true' }], 'health-rules: [0].failure is no list.'],
    [[{ ...good, failure: [1] }], 'health-rules: [0].failure[0] is no text.'],
    [[{ ...good, progress: ['x'] }], /^health-rules: \[0]\.progress\[0] "x" is no condition: unknown name x/],
    [[{ ...good, message: 'status.' }], /^health-rules: \[0]\.message "status\." is no condition: it ends too early/],
  ])('%j', (value, message) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const parse = (): unknown => healthRules.parse(text, 'health-rules')
    expect(parse).toThrow(message)
    expect(parse).toThrow(expect.objectContaining({ code: 'input-health-rules' }))
  })
})
