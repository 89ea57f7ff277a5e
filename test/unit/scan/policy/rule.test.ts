import { describe, expect, test } from '@jest/globals'
import type { Finding } from '../../../../src/scan/findings.ts'
import { formatRule, meets, parseRules } from '../../../../src/scan/policy/rule.ts'
import type { FindingFacts, Meets } from '../../../../src/scan/policy/rule.ts'
import { finding, fixable } from '../../../support/findings.ts'

const now = Date.UTC(2026, 10, 26)
const dayMs = 86_400_000
const fresh: FindingFacts = { change: 'introduced', part: 'app' }

function answer(text: string, about: Finding, facts: FindingFacts = fresh): Meets {
  const [rule] = parseRules(text)
  if (rule === undefined) throw new Error('no rule')
  return meets(about, facts, rule, now)
}

const npm = (path?: string): Finding =>
  finding('CVE-1', 'high', {
    package: { name: '@scope/lib', version: '1.0.0', manager: 'NODEPKG', ...(path === undefined ? {} : { path }) },
  })

describe('a rule', () => {
  test.each<[string, Finding, FindingFacts, Meets]>([
    ['high', finding('CVE-1', 'high'), fresh, 'yes'],
    ['high', finding('CVE-1', 'medium'), fresh, 'no'],
    ['high', finding('CVE-1', 'unrated'), fresh, 'no'],
    ['any', finding('CVE-1', 'unrated'), fresh, 'yes'],
    ['high:fixable', fixable('CVE-1', 'high'), fresh, 'yes'],
    ['high:fixable', finding('CVE-1', 'high'), fresh, 'no'],
    ['high:fixable', finding('CVE-1', 'high', { fix: 'unknown' }), fresh, { missing: ['fix'] }],
    ['high:exploit', finding('CVE-1', 'high', { exploit: true }), fresh, 'yes'],
    ['high:exploit', finding('CVE-1', 'high', { exploit: false }), fresh, 'no'],
    ['high:exploit', finding('CVE-1', 'high'), fresh, { missing: ['exploit'] }],
    ['any:kev', finding('CVE-1', 'low'), { ...fresh, kev: true }, 'yes'],
    ['any:kev', finding('CVE-1', 'low'), { ...fresh, kev: false }, 'no'],
    ['any:kev', finding('CVE-1', 'low'), fresh, { missing: ['kev'] }],
    ['any:epss>=0.5', finding('CVE-1', 'low'), { ...fresh, epss: 0.5 }, 'yes'],
    ['any:epss>=0.5', finding('CVE-1', 'low'), { ...fresh, epss: 0.49 }, 'no'],
    ['any:epss>=0.5', finding('CVE-1', 'low'), fresh, { missing: ['epss'] }],
    ['high:introduced', finding('CVE-1', 'high'), fresh, 'yes'],
    ['high:introduced', finding('CVE-1', 'high'), { ...fresh, change: 'newly-disclosed' }, 'no'],
    ['high:introduced', finding('CVE-1', 'high'), { ...fresh, change: 'unchanged' }, 'no'],
    ['high:introduced', finding('CVE-1', 'high'), { ...fresh, change: 'unknown' }, { missing: ['change'] }],
    ['high:app', finding('CVE-1', 'high'), fresh, 'yes'],
    ['high:base', finding('CVE-1', 'high'), fresh, 'no'],
    ['high:base', finding('CVE-1', 'high'), { ...fresh, part: 'unknown' }, { missing: ['layer'] }],
    ['high:package=openssl', finding('CVE-1', 'high'), fresh, 'yes'],
    ['high:package=open*', finding('CVE-1', 'high'), fresh, 'yes'],
    ['high:package=ssl', finding('CVE-1', 'high'), fresh, 'no'],
    ['high:package=@scope/*', npm('app/a.json'), fresh, 'yes'],
    ['high:path=app/*', npm('app/a.json'), fresh, 'yes'],
    ['high:path=app/*', npm('app/b/a.json'), fresh, 'no'],
    ['high:path=app/**', npm('app/b/a.json'), fresh, 'yes'],
    ['high:path=**/a.json', npm('a.json'), fresh, 'yes'],
    ['high:path=app/**', npm(), fresh, { missing: ['path'] }],
    ['high:path=**', finding('CVE-1', 'high', { package: { name: 'a', version: '', manager: 'OS' } }), fresh, 'no'],
  ])('"%s" on %j with %j: %j', (text, about, facts, expected) => {
    expect(answer(text, about, facts)).toEqual(expected)
  })

  test('for an old fix holds from the first millisecond after its days', () => {
    const known = (ageMs: number): Finding => ({ ...fixable('CVE-1', 'high'), firstSeen: now - ageMs })
    expect(answer('high:fix>14d', known(14 * dayMs + 1))).toBe('yes')
    expect(answer('high:fix>14d', known(14 * dayMs))).toBe('no')
    expect(answer('high:fix>14d', fixable('CVE-1', 'high'))).toEqual({ missing: ['age'] })
    expect(answer('high:fix>14d', { ...finding('CVE-1', 'high'), firstSeen: 0 })).toBe('no')
  })

  test('is decided by one condition that does not hold, whatever else is not known', () => {
    expect(answer('critical:kev:epss>=0.5', finding('CVE-1', 'high'))).toBe('no')
    expect(answer('high:kev:epss>=0.5', finding('CVE-1', 'high'), { ...fresh, epss: 0.1 })).toBe('no')
    expect(answer('high:kev:epss>=0.5', finding('CVE-1', 'high'))).toEqual({ missing: ['kev', 'epss'] })
  })
})

describe('the text of a rule', () => {
  test.each([
    'critical',
    'high:fixable:introduced',
    'any:kev',
    'any:exploit:fix>14d:epss>=0.5:app:package=open*:path=usr/**',
  ])('"%s" is read and written alike', text => {
    expect(parseRules(text).map(formatRule).join(', ')).toBe(text)
  })

  test('takes lines and commas, and capitals', () => {
    expect(parseRules(' Critical,\nHIGH:Fixable ').map(formatRule)).toEqual(['critical', 'high:fixable'])
  })

  test.each([
    ['', 'It is empty.'],
    ['severe', '"severe" is no severity.'],
    ['unrated', '"unrated" is no severity.'],
    ['high:soon', '"soon" in "high:soon" is no condition.'],
    ['high:epss>=2', '"epss>=2" in "high:epss>=2" is no condition.'],
    ['high:fix>2w', '"fix>2w" in "high:fix>2w" is no condition.'],
    ['high:package=', '"package=" in "high:package=" is no condition.'],
    ['high:base:app', '"high:base:app" says "app" beside another condition of its kind.'],
    ['none, high', '"none" is no severity.'],
  ])('"%s" is refused: %s', (text, why) => {
    expect(() => parseRules(text)).toThrow(expect.objectContaining({ kind: 'user', code: 'input-fail-on', why }))
  })
})
