import { describe, expect, test } from '@jest/globals'
import {
  compareApk,
  compareDebian,
  compareLoose,
  comparePep440,
  compareRpm,
  compareSemver,
  versionOrder,
} from '../../../src/scan/advice/versions.ts'
import type { VersionOrder } from '../../../src/scan/advice/versions.ts'

/** Each list from the oldest to the newest. */
const ordered: Readonly<Record<string, readonly [VersionOrder, ...(readonly string[])[]]>> = {
  Debian: [
    compareDebian,
    ['1.0~~', '1.0~~a', '1.0~', '1.0', '1.0a', '1.0+', '1.0.1', '1.10', '1:0.9'],
    ['3.0.15-1~deb12u1', '3.0.15-1', '3.0.15-1ubuntu3.4', '3.0.15-1ubuntu3.10', '3.0.15-2'],
    ['2.36-9+deb12u9', '2.36-9+deb12u10', '2.36-10'],
    ['0:1.2.3', '1:1.0', '2:0.1'],
    ['1.2-3', '1.2.0-1'],
  ],
  RPM: [
    compareRpm,
    ['1.0~rc1', '1.0', '1.0^git1', '1.0.1', '1.0.1a', '1.0.1.1', '1.10'],
    ['3.0.7-24.el9', '3.0.7-25.el9', '1:0.1-1.el9'],
    ['1.0a', '1.0aa', '1.0b', '1.0.1'],
  ],
  Alpine: [
    compareApk,
    ['1.2_alpha', '1.2_beta2', '1.2_pre', '1.2_rc1', '1.2', '1.2-r1', '1.2_p1', '1.2b', '1.2.1', '1.10'],
    ['3.1.4-r1', '3.1.4-r5', '3.1.4-r10'],
  ],
  'semantic versions': [
    compareSemver,
    [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      'v1.0.0',
      '1.0.1',
      '1.2.0',
      '1.10.0',
      '2',
    ],
    ['v0.0.0-20230101000000-abc', 'v0.0.0-20240101000000-abc', 'v0.1.0'],
  ],
  'PEP 440': [
    comparePep440,
    [
      '1.0.dev1',
      '1.0a1.dev2',
      '1.0a1',
      '1.0b2',
      '1.0rc1',
      '1.0',
      '1.0.post1.dev3',
      '1.0.post1',
      '1.1.dev1',
      '1.1',
      '1.10',
      '1!0.1',
    ],
    ['2.31.0', '2.32.0', '2.32.4'],
  ],
  'anything else': [compareLoose, ['1.0-rc1', '1.0', '1.0.1', '1.10'], ['9.0.1', '9.0.10']],
}

describe.each(Object.entries(ordered))('versions of %s', (_, [order, ...lists]) => {
  test.each(lists.map(list => [list.join(' < '), list] as const))('%s', (_text, list) => {
    expect(list.toReversed().toSorted(order)).toEqual(list)
    for (const version of list) expect(order(version, version)).toBe(0)
  })
})

test.each([
  ['1.0', '1.0.0', comparePep440],
  ['1.0', '1.0.0', compareSemver],
  ['1.0+build', '1.0', compareSemver],
  ['0:1.0', '1.0', compareDebian],
  ['1.0', '1.0-0', compareDebian],
  ['1.05', '1.5', compareRpm],
] as const)('%s and %s are the same version', (a, b, order) => {
  expect(order(a, b)).toBe(0)
})

test.each([
  ['OS', '3.1.4-r5', compareApk],
  ['OS', '3.0.7-25.el9', compareRpm],
  ['OS', '5.10.0-1.amzn2023', compareRpm],
  ['OS', '3.0.15-1~deb12u1', compareDebian],
  [undefined, '3.0.15', compareDebian],
  ['PYTHONPKG', '1.0', comparePep440],
  ['NODEPKG', '1.0.0', compareSemver],
  ['JAR', '1.0', compareLoose],
] as const)('a package of %s at %s is ordered by its own rules', (manager, version, order) => {
  expect(versionOrder(manager, version)).toBe(order)
})
