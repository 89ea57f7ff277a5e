import { describe, expect, test } from '@jest/globals'
import { baseAlone, upgradePlan, without } from '../../../src/scan/advice/upgrades.ts'
import type { Finding } from '../../../src/scan/findings.ts'
import type { Judged } from '../../../src/scan/model.ts'
import { finding } from '../../support/findings.ts'

function blocks(
  id: string,
  fixedIn: string | undefined,
  extra: Partial<Finding> = {},
  part: 'base' | 'app' = 'app',
): Judged {
  const about = finding(id, 'high', { ...(fixedIn === undefined ? {} : { fixedIn, fix: 'yes' }), ...extra })
  return { finding: about, facts: { change: 'introduced', part }, decision: 'blocks', rule: 'high' }
}

const lodash = (version: string, path: string): Partial<Finding> => ({
  package: { name: 'lodash', version, manager: 'NODEPKG', path },
})

describe('the plan', () => {
  test('takes for each package the smallest version that has all its fixes', () => {
    const plan = upgradePlan([
      blocks('CVE-1', '4.9.0', lodash('4.8.0', 'a')),
      blocks('CVE-2', '4.17.21', lodash('4.17.20', 'b')),
      blocks('CVE-3', '3.0.16'),
    ])
    expect(plan).toEqual([
      {
        package: 'lodash',
        manager: 'NODEPKG',
        from: ['4.8.0', '4.17.20'],
        to: '4.17.21',
        part: 'app',
        fixes: ['CVE-1', 'CVE-2'],
        leaves: [],
        paths: ['a', 'b'],
      },
      { package: 'openssl', from: ['3.0.15'], to: '3.0.16', part: 'app', fixes: ['CVE-3'], leaves: [], paths: [] },
    ])
  })

  test('says what an update leaves open, and has no step where nothing has a fix', () => {
    expect(upgradePlan([blocks('CVE-1', '3.0.16'), blocks('CVE-2', undefined)])).toMatchObject([
      { fixes: ['CVE-1'], leaves: ['CVE-2'] },
    ])
    expect(upgradePlan([blocks('CVE-1', undefined)])).toEqual([])
  })

  test('of fixes in several branches takes the smallest step', () => {
    expect(upgradePlan([blocks('CVE-1', '4.17.21, 5.0.1', lodash('4.8.0', 'a'))])).toMatchObject([{ to: '4.17.21' }])
  })

  test('leaves out what does not block', () => {
    const passes: Judged = {
      finding: finding('CVE-1', 'low', { fixedIn: '2' }),
      facts: { change: 'unchanged', part: 'app' },
      decision: 'passes',
    }
    expect(upgradePlan([passes])).toEqual([])
  })

  test('is a rebuild of the base when all of it is in there', () => {
    const base = [blocks('CVE-1', '3.0.16', {}, 'base')]
    expect(baseAlone(upgradePlan(base))).toBe(true)
    expect(baseAlone(upgradePlan([...base, blocks('CVE-2', '5', lodash('4', 'a'))]))).toBe(false)
    expect(baseAlone([])).toBe(false)
  })
})

test('after the plan is gone what its steps fix, and nothing else', () => {
  const fixed = blocks('CVE-1', '3.0.16')
  const open = blocks('CVE-2', undefined)
  const elsewhere = blocks('CVE-1', '9', { package: { name: 'glibc', version: '1' } })
  const plan = upgradePlan([fixed, open])
  expect(
    without(
      [fixed, open, elsewhere].map(one => one.finding),
      plan,
    ).map(({ id, package: { name } }) => [id, name]),
  ).toEqual([
    ['CVE-2', 'openssl'],
    ['CVE-1', 'glibc'],
  ])
})
