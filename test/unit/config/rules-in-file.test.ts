import { expect, test } from '@jest/globals'
import { inputsFromFile } from '../../../src/config/inputs-from-file.ts'
import { parseSlipwayFile } from '../../../src/config/slipway-file.ts'
import { formatRule, parseRules } from '../../../src/scan/policy/rule.ts'

test('rules in slipway.yaml become the text of the input, word for word or condition by condition', () => {
  const file = `
scan:
  fail-on:
    - critical
    - high:fixable:introduced
    - { severity: any, kev: true }
    - { severity: high, fix-older-than: 14d, exploit: true, layer: app, package: 'open*', path: usr/**, epss: 0.5 }
`
  const text = inputsFromFile(parseSlipwayFile(file, 'slipway.yaml'), 'scan', {})['fail-on'] ?? ''
  expect(parseRules(text).map(formatRule)).toEqual([
    'critical',
    'high:fixable:introduced',
    'any:kev',
    'high:exploit:fix>14d:epss>=0.5:app:package=open*:path=usr/**',
  ])
})

test.each([
  [
    '{ severity: severe }',
    'slipway.yaml:1:22: "scan.fail-on[0].severity" is not right: invalid option: expected one of',
  ],
  ['{ severity: high, epps: 0.5 }', 'slipway.yaml:1:38: "scan.fail-on[0].epps" is not known here.'],
  ['{ severity: high, epss: 50 }', 'slipway.yaml:1:38: "scan.fail-on[0].epss" is not right: too big'],
  ['{ severity: high, fix-older-than: 2w }', '"scan.fail-on[0].fix-older-than" is no number of days such as 14d.'],
])('a rule with a mistake is told with its place: %s', (rule, message) => {
  expect(() => parseSlipwayFile(`scan: { fail-on: [ ${rule} ] }`, 'slipway.yaml')).toThrow(
    expect.objectContaining({ code: 'config-invalid', message: expect.stringContaining(message) }),
  )
})
