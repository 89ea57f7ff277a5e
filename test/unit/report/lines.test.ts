import { describe, expect, test } from '@jest/globals'
import { buildLines, releaseLines, scanLines } from '../../../src/report/lines.ts'
import type { ScanResult } from '../../../src/scan/model.ts'
import { finding } from '../../support/findings.ts'
import { anonymous, crashed, healthy } from './views.ts'

describe('the last lines of a deploy', () => {
  test('of a failure: verdict, what it said, the way back, what to do', () => {
    expect(releaseLines(crashed)).toBe(
      [
        '✗ shop 4f2c9ab failed after 3.1 s · api: container "api" exited with 3 twice (code: crash-loop, blame: code)',
        '    starting',
        '    boom: DATABASE_URL is not set',
        '  rolled back to 9d01e77 · healthy after 6.4 s · 312 requests, 0 failed',
        '  next: The container needs DATABASE_URL; it was in the last release\'s Secret "shop-api" → docs/troubleshooting.md#crash-loop',
      ].join('\n'),
    )
  })

  test.each<[string, Partial<typeof healthy>, string]>([
    ['a success', {}, '✓ shop 4f2c9ab healthy after 12.3 s'],
    [
      'a success in part',
      { verdict: 'healthy-partial', partial: '2 of 3 replicas: no room for the third' },
      '✓ shop 4f2c9ab healthy in part after 12.3 s\n  2 of 3 replicas: no room for the third',
    ],
    ['a newer release', { verdict: 'superseded' }, '– shop 4f2c9ab superseded after 12.3 s'],
    ['an unknown outcome', { verdict: 'unknown' }, '? shop 4f2c9ab unknown after 12.3 s'],
    ['a long wait', { verdict: 'stalled', seconds: 905 }, '✗ shop 4f2c9ab stalled after 15 min 5 s'],
    [
      'counted requests',
      { requests: { total: 1, failed: 1 } },
      '✓ shop 4f2c9ab healthy after 12.3 s\n  1 request, 1 failed',
    ],
  ])('of %s', (_, view, expected) => {
    expect(releaseLines({ ...healthy, ...view })).toBe(expected)
  })

  test('without a commit name the application alone', () => {
    expect(releaseLines(anonymous)).toBe('✓ shop healthy after 12.3 s')
  })

  test('say loudly that a way back failed', () => {
    const rollback = {
      verdict: 'failed' as const,
      startedAt: 0,
      seconds: 9,
      toRevision: 4,
      cause: 'The old image is gone.',
    }
    expect(releaseLines({ ...crashed, rollback })).toContain(
      '  NOT rolled back to release 4 · failed after 9.0 s · The old image is gone · 312 requests',
    )
  })

  test('keep what a container printed on one line each, without colours', () => {
    const logs = [{ pod: 'a', container: 'api', previous: false, lines: ['\u001B[31mred\u001B[0m', 'two\rlines'] }]
    expect(releaseLines({ ...crashed, logs })).toContain('\n    red\n    two lines\n')
  })
})

describe('the last lines of a scan', () => {
  const result: ScanResult = {
    verdict: 'fail',
    image: 'host/shop/api@sha256:1',
    repository: 'shop/api',
    digest: 'sha256:1',
    platforms: [],
    findings: [],
    judged: [],
    counts: { critical: 1, high: 2, medium: 0, low: 0, informational: 0, unrated: 3 },
    blocking: [{ finding: finding('CVE-1', 'critical'), rule: 'critical' }],
    reasons: [
      { code: 'scan-blocked', says: 'CVE-1 in openssl 3.0.15 meets the rule "critical".', todo: 'Update openssl.' },
    ],
    warnings: [],
    policy: 'critical',
    seconds: 4.2,
  }

  test('name verdict, counts, policy, reason and the next step', () => {
    expect(scanLines(result)).toBe(
      [
        '✗ scan of shop/api failed after 4.2 s · 1 critical, 2 high, 0 medium, 0 low, 3 unrated (fail on: critical)',
        '    CVE-1 in openssl 3.0.15 meets the rule "critical".',
        '  next: Update openssl → docs/troubleshooting.md#scan-blocked',
      ].join('\n'),
    )
  })

  test.each([
    ['pass', '✓ scan of shop/api passed'],
    ['inconclusive', '? scan of shop/api is inconclusive'],
  ] as const)('of a %s begin with it', (verdict, expected) => {
    expect(scanLines({ ...result, verdict, reasons: [] })).toContain(expected)
  })
})

test.each([
  [
    false,
    '✓ shop/api 4f2c9ab01d3e built and pushed after 12.4 s · sha256:aaaaaaaaaaaa…\n  image: host/shop/api@sha256:aaaaaaaaaaaaaaa',
  ],
  [
    true,
    '✓ shop/api 4f2c9ab01d3e was there already: reused after 12.4 s · sha256:aaaaaaaaaaaa…\n  image: host/shop/api@sha256:aaaaaaaaaaaaaaa',
  ],
])('the last lines of a build (skipped: %s)', (skipped, expected) => {
  const digest = 'sha256:aaaaaaaaaaaaaaa'
  expect(
    buildLines({
      image: `host/shop/api@${digest}`,
      repository: 'shop/api',
      digest,
      tags: ['4f2c9ab01d3e'],
      platforms: [],
      digests: {},
      skipped,
      seconds: 12.4,
    }),
  ).toBe(expected)
})
