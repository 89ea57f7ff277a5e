import { expect, test } from '@jest/globals'
import { compareWith } from '../../../src/scan/diff/change.ts'
import type { Baseline } from '../../../src/scan/diff/change.ts'
import type { Finding } from '../../../src/scan/findings.ts'
import { finding } from '../../support/findings.ts'

const base: Baseline = {
  image: 'host/shop/api@sha256:1',
  why: 'runs in prod',
  findings: [],
  layers: new Set(['sha256:aa']),
  sourceUpdatedAt: 100,
}
const npm = (path: string, id = 'CVE-1'): Finding =>
  finding(id, 'high', { package: { name: 'lodash', version: '4', manager: 'NODEPKG', path } })

test.each<[string, Finding, Partial<Baseline>, number | undefined, string]>([
  ['in both is unchanged', finding('CVE-1', 'high'), { findings: [finding('CVE-1', 'high')] }, 100, 'unchanged'],
  [
    'under an alias in the baseline is unchanged',
    finding('GHSA-1', 'high', { aliases: ['CVE-1'] }),
    { findings: [finding('CVE-1', 'high')] },
    100,
    'unchanged',
  ],
  [
    'in another version of the package is unchanged',
    finding('CVE-1', 'high', { package: { name: 'openssl', version: '9' } }),
    { findings: [finding('CVE-1', 'high')] },
    100,
    'unchanged',
  ],
  [
    'in another package is new',
    finding('CVE-1', 'high', { package: { name: 'glibc', version: '9' } }),
    { findings: [finding('CVE-1', 'high')] },
    100,
    'introduced',
  ],
  [
    'in a second copy of a package is new',
    npm('b/package.json'),
    { findings: [npm('a/package.json')] },
    100,
    'introduced',
  ],
  [
    'in a layer that the baseline has was only disclosed',
    finding('CVE-1', 'high', { layer: 'sha256:aa' }),
    {},
    200,
    'newly-disclosed',
  ],
  ['in a layer of its own is introduced', finding('CVE-1', 'high', { layer: 'sha256:bb' }), {}, 200, 'introduced'],
  ['without a layer, by data as old, is introduced', finding('CVE-1', 'high'), {}, 100, 'introduced'],
  ['without a layer, by newer data, may be either', finding('CVE-1', 'high'), {}, 101, 'unknown'],
  ['without a layer, by data of an unknown age, may be either', finding('CVE-1', 'high'), {}, undefined, 'unknown'],
  [
    'of a baseline whose layers nobody could read may be either',
    finding('CVE-1', 'high', { layer: 'sha256:aa' }),
    { layers: new Set() },
    101,
    'unknown',
  ],
])('a finding %s', (_, head, change, sourceUpdatedAt, expected) => {
  expect(compareWith([head], { ...base, ...change }, sourceUpdatedAt).changeOf(head)).toBe(expected)
})

test('what only the baseline has is fixed', () => {
  const gone = finding('CVE-2', 'high')
  const kept = finding('CVE-1', 'high', { aliases: ['GHSA-1'] })
  expect(compareWith([finding('GHSA-1', 'high')], { ...base, findings: [gone, kept] }, 100).fixed).toEqual([gone])
})
