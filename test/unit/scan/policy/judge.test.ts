import { describe, expect, test } from '@jest/globals'
import type { PlatformScan } from '../../../../src/scan/model.ts'
import type { Judgement, ScanPolicy, Scene } from '../../../../src/scan/policy/judge.ts'
import { formatPolicy, judge as judgeIn } from '../../../../src/scan/policy/judge.ts'
import { parseRules } from '../../../../src/scan/policy/rule.ts'
import type { Waiver } from '../../../../src/scan/policy/waivers.ts'
import type { Finding } from '../../../../src/scan/findings.ts'
import { finding, fixable, scene } from '../../../support/findings.ts'

function judge(scans: readonly PlatformScan[], policy: ScanPolicy, more: Partial<Scene> = {}): Judgement {
  return judgeIn(scans, policy, { ...scene, ...more })
}

function scanned(...findings: readonly Finding[]): PlatformScan {
  return { state: 'complete', platform: 'linux/amd64', digest: 'sha256:1', findings }
}

const missing: PlatformScan = {
  state: 'inconclusive',
  platform: 'linux/arm64',
  digest: 'sha256:2',
  reason: {
    code: 'scan-timeout',
    says: 'The scan gave no settled result within 300 s (last status: PENDING).',
    todo: 'Run the job again.',
  },
}

function policy(text: string, unrated: ScanPolicy['unrated'] = 'warn'): ScanPolicy {
  return { failOn: parseRules(text), unrated }
}

describe('the threshold', () => {
  test.each<[string, readonly Finding[], string, readonly string[]]>([
    ['critical', [], 'pass', []],
    ['critical', [finding('CVE-1', 'critical')], 'fail', ['CVE-1']],
    ['critical', [finding('CVE-1', 'high')], 'pass', []],
    [
      'high',
      [finding('CVE-1', 'critical'), finding('CVE-2', 'high'), finding('CVE-3', 'medium')],
      'fail',
      ['CVE-1', 'CVE-2'],
    ],
    ['critical, high:fixable', [finding('CVE-1', 'high'), fixable('CVE-2', 'high')], 'fail', ['CVE-2']],
    ['high:fixable', [finding('CVE-1', 'critical')], 'pass', []],
    ['none', [finding('CVE-1', 'critical')], 'pass', []],
    ['informational', [finding('CVE-1', 'informational')], 'fail', ['CVE-1']],
  ])('"%s" on %j is %s', (text, findings, verdict, blocked) => {
    const result = judge([scanned(...findings)], policy(text))
    expect(result.verdict).toBe(verdict)
    expect(result.blocking.map(blocking => blocking.finding.id)).toEqual(blocked)
  })

  test('names the rule, the example and the version to update to', () => {
    const { reasons } = judge([scanned(fixable('CVE-1', 'critical'))], policy('critical, high:fixable'))
    expect(reasons).toEqual([
      {
        code: 'scan-blocked',
        says: 'CVE-1 in openssl 3.0.15, fixed in 3.0.16 meets the rule "critical".',
        todo: 'Update openssl to 3.0.16 or newer.',
      },
    ])
  })
})

describe('missing data never passes', () => {
  test('a platform without a result is inconclusive, with its reason', () => {
    const { verdict, reasons } = judge([scanned(), missing], policy('critical'))
    expect(verdict).toBe('inconclusive')
    expect(reasons[0]?.says).toBe('linux/arm64: The scan gave no settled result within 300 s (last status: PENDING).')
  })

  test('a finding that blocks is a failure all the same, and what is missing is still said', () => {
    const { verdict, reasons } = judge([scanned(finding('CVE-1', 'critical')), missing], policy('critical'))
    expect(verdict).toBe('fail')
    expect(reasons.map(({ code }) => code)).toEqual(['scan-blocked', 'scan-timeout'])
  })

  test('no platform at all is inconclusive', () => {
    expect(judge([], policy('critical'))).toMatchObject({
      verdict: 'inconclusive',
      reasons: [{ code: 'scan-no-platform' }],
    })
  })

  test('a fix that nobody knows about is inconclusive where the rule asks for it', () => {
    const basic = finding('CVE-1', 'high', { fix: 'unknown' })
    expect(judge([scanned(basic)], policy('high:fixable'))).toMatchObject({
      verdict: 'inconclusive',
      reasons: [{ code: 'scan-fix-unknown' }],
    })
    expect(judge([scanned(basic)], policy('critical:fixable')).verdict).toBe('pass')
    expect(judge([scanned(basic)], policy('high')).verdict).toBe('fail')
  })
})

describe('a policy that stops nothing', () => {
  test('passes an image without a result, and warns of what is missing', () => {
    expect(judge([scanned(finding('CVE-1', 'critical')), missing], policy('none'))).toMatchObject({
      verdict: 'pass',
      counts: { critical: 1 },
      blocking: [],
      reasons: [],
      warnings: [
        'linux/arm64: The scan gave no settled result within 300 s (last status: PENDING). Run the job again.',
      ],
    })
  })

  test('passes an image that has nothing to scan', () => {
    expect(judge([], policy('none'))).toMatchObject({
      verdict: 'pass',
      warnings: ['The image has no platform that could be scanned. Check what was pushed under this digest.'],
    })
  })

  test('is none when findings without a severity count', () => {
    expect(judge([missing], policy('none', 'fail'))).toMatchObject({ verdict: 'inconclusive', warnings: [] })
  })
})

describe('a finding without a severity', () => {
  const scan = scanned(finding('CVE-1', 'unrated'))
  test.each([
    ['warn', 'pass', 1],
    ['ignore', 'pass', 0],
    ['fail', 'fail', 0],
  ] as const)('with %s is %s', (unrated, verdict, warnings) => {
    const result = judge([scan], policy('low', unrated))
    expect([result.verdict, result.warnings.length, result.counts.unrated]).toEqual([verdict, warnings, 1])
  })
})

describe('a waiver', () => {
  const accepted: Waiver = {
    id: 'CVE-1',
    scope: { package: 'openssl' },
    reason: 'not reachable',
    owner: '@ada',
    expires: '2026-11-30',
    line: 7,
  }
  const scan = scanned(finding('CVE-1', 'critical'))

  test('lets the finding pass, and says which rule it would have met', () => {
    expect(judge([scan], { ...policy('critical'), waivers: [accepted] })).toMatchObject({
      verdict: 'pass',
      blocking: [],
      judged: [{ decision: 'waived', rule: 'critical', waiver: { owner: '@ada' } }],
    })
  })

  test('also answers a question that nobody else can', () => {
    const basic = scanned(finding('CVE-1', 'high', { fix: 'unknown' }))
    expect(judge([basic], { ...policy('high:fixable'), waivers: [accepted] }).verdict).toBe('pass')
  })

  test('that ended fails, and names who has to decide again', () => {
    const ended = { ...accepted, expires: '2026-11-25' }
    expect(judge([scan], { ...policy('critical'), waivers: [ended] })).toMatchObject({
      verdict: 'fail',
      judged: [{ decision: 'blocks', expired: { owner: '@ada' } }],
      reasons: [
        { code: 'scan-blocked' },
        {
          code: 'waiver-expired',
          says: 'The waiver of CVE-1 for openssl ended on 2026-11-25 (line 7); @ada answers for it.',
          todo: 'Update openssl, or let @ada accept it anew with a later day.',
        },
      ],
    })
  })

  test('that is about nothing is told, unless it is for another repository', () => {
    const unused = { ...accepted, id: 'CVE-9' }
    const foreign = { ...unused, scope: { repository: 'pay/api' } }
    expect(judge([scan], { ...policy('none'), waivers: [unused, foreign] }).warnings).toEqual([
      'The waiver of CVE-9 (line 7) is about no finding of this image: @ada may remove it.',
    ])
  })
})

test('a rule that surely holds decides before one that may hold', () => {
  const basic = scanned(finding('CVE-1', 'high', { fix: 'unknown' }))
  expect(judge([basic], policy('high:fixable, medium'))).toMatchObject({
    verdict: 'fail',
    blocking: [{ rule: 'medium' }],
  })
})

test('knowledge that rules lack is told once for each kind, with why', () => {
  const scan = scanned(finding('CVE-1', 'high'), finding('CVE-2', 'high'))
  const { verdict, reasons } = judge([scan], policy('any:kev, any:epss>=0.5'), { whyMissing: { kev: 'no answer' } })
  expect([verdict, reasons.map(({ says }) => says)]).toEqual([
    'inconclusive',
    ['Whether CVE-1 and 1 more is exploited in the wild (KEV) is not known: no answer.'],
  ])
})

test('the text of a policy ends with what findings without a severity do, where they count', () => {
  expect(formatPolicy(policy('none'))).toBe('none')
  expect(formatPolicy(policy('high', 'fail'))).toBe('high, unrated')
  expect(formatPolicy(policy('none', 'fail'))).toBe('unrated')
})
