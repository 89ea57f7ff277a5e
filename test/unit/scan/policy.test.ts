import { describe, expect, test } from '@jest/globals'
import type { PlatformScan } from '../../../src/scan/model.ts'
import type { ScanPolicy } from '../../../src/scan/policy.ts'
import { formatPolicy, judge, parseFailOn } from '../../../src/scan/policy.ts'
import type { Finding } from '../../../src/scan/findings.ts'
import { finding, fixable } from '../../support/findings.ts'

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
  return { failOn: parseFailOn(text), unrated }
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

describe('the input fail-on', () => {
  test.each([
    ['critical', 'critical'],
    [' Critical,\n HIGH:fixable ', 'critical, high:fixable'],
    ['none', 'none'],
  ])('"%s" is read as %s', (text, expected) => {
    expect(formatPolicy(policy(text))).toBe(expected)
  })

  test('is followed by what findings without a severity do, where they count', () => {
    expect(formatPolicy(policy('high', 'fail'))).toBe('high, unrated')
    expect(formatPolicy(policy('none', 'fail'))).toBe('unrated')
  })

  test.each(['', 'severe', 'high:soon', 'critical:fixable:now', 'unrated', 'none, high'])('"%s" is refused', text => {
    expect(() => parseFailOn(text)).toThrow(expect.objectContaining({ kind: 'user', code: 'input-fail-on' }))
  })
})
