import { describe, expect, test } from '@jest/globals'
import { htmlPage } from '../../../src/report/html.ts'
import { releaseLines } from '../../../src/report/lines.ts'
import { buildSummary } from '../../../src/report/build-report.ts'
import { releaseReport, releaseSummary } from '../../../src/report/release-report.ts'
import { scanSummary } from '../../../src/report/scan-report.ts'
import type { ScanResult } from '../../../src/scan/model.ts'
import { judge } from '../../../src/scan/policy/judge.ts'
import { parseRules } from '../../../src/scan/policy/rule.ts'
import { finding, fixable, scene } from '../../support/findings.ts'
import { commit, crashed, healthy, startedAt } from './views.ts'

/** Where each text begins; -1 for one that is missing. */
function positions(text: string, parts: readonly string[]): readonly number[] {
  return parts.map(part => text.indexOf(part))
}

function inOrder(text: string, parts: readonly string[]): void {
  const found = positions(text, parts)
  expect(Object.fromEntries(parts.map((part, index) => [part, (found[index] ?? -1) >= 0]))).toEqual(
    Object.fromEntries(parts.map(part => [part, true])),
  )
  expect(found).toEqual(found.toSorted((a, b) => a - b))
}

describe('the summary of a failed release', () => {
  const text = releaseSummary(crashed)

  test('answers in order: did it work, what happened, what to do, how the way back went, details', () => {
    inOrder(text, [
      '### ❌ **shop 4f2c9ab** failed after 3.1 s',
      '`Deployment shop/api`: container "api" exited with 3 twice. Cause `crash-loop`, blame code.',
      'Last lines of `api` in `api-7d9f-x2k` (the instance that ended):',
      '```text\nstarting\nboom: DATABASE_URL is not set\n```',
      '**What to do**: The container needs DATABASE\\_URL;',
      'More in `docs/troubleshooting.md#crash-loop`.',
      '**Way back**: rolled back to 9d01e77 · healthy after 6.4 s · 312 requests, 0 failed.',
      '```mermaid\n',
      'section Deployment api\n',
      'section Way back\n',
      '<details><summary>Timeline · 3 entries · started 2026-11-22T09:00:00.000Z</summary>',
      '| 3.0 s | `Pod shop/api-7d9f-x2k` | exited with 3 |',
      '| 3.1 s | `Deployment shop/api` | **failed** |',
      '<details><summary>Details</summary>',
      '| Release before | release 4 (9d01e77) |',
    ])
  })

  test('is the same bytes each time', () => {
    expect(releaseSummary(structuredClone(crashed))).toBe(text)
  })

  test('says how sure it is when it is not', () => {
    const { cause } = crashed
    if (cause === undefined) throw new Error('the sample has a cause')
    expect(releaseSummary({ ...crashed, cause: { ...cause, confidence: 'possible' } })).toContain(
      'blame code (possible).',
    )
  })

  test('links to the explanation when it has an address', () => {
    expect(releaseSummary(crashed, 'https://x.example/t')).toContain(
      '[More about this cause](<https://x.example/t#crash-loop>)',
    )
  })

  test('cannot be broken by what a cluster says', () => {
    const timeline = [
      { at: startedAt, subject: 'Pod a|b', says: '</details> @ada\n::error::x', kind: 'evidence' as const },
    ]
    const hostile = releaseSummary({
      ...crashed,
      timeline,
      logs: [{ pod: 'p', container: 'c', previous: false, lines: ['```', '</details>'] }],
    })
    expect(hostile).toContain('| 0.0 s | `Pod a\\|b` | &lt;/details&gt; @\u200Bada ::error::x |')
    expect(hostile).toContain('````text\n```\n</details>\n````')
  })

  test('leads to the line of the manifests that the cause is about', () => {
    const place = { text: 'k8s/api.yaml:12' }
    expect(releaseSummary({ ...crashed, place })).toContain('blame code. See `k8s/api.yaml:12`.')
    const link = 'https://github.com/acme/shop/blob/4f2c/k8s/api.yaml#L12'
    expect(releaseSummary({ ...crashed, place: { ...place, link } })).toContain(`See [k8s/api.yaml:12](<${link}>).`)
    expect(releaseLines({ ...crashed, place })).toContain('boom: DATABASE_URL is not set\n  in k8s/api.yaml:12\n')
  })

  test('folds the warnings that the cluster gave about the cause, with their number and age', () => {
    const at = startedAt + 600
    const events = [
      { object: 'Pod shop/api-1', reason: 'FailedMount', says: 'configmap "a|b" not found', count: 7, at },
    ]
    inOrder(releaseSummary({ ...crashed, events }), [
      '<details><summary>Timeline · 3 entries',
      '<details><summary>Warnings of the cluster · 1</summary>',
      '| 2.5 s before | 7 | `Pod shop/api-1` | **FailedMount** configmap "a\\|b" not found |',
    ])
  })

  test('says where the application should answer', () => {
    const url = 'https://shop.example.com'
    expect(releaseSummary({ ...crashed, url })).toContain('It should answer at [https://shop.example.com](')
    expect(releaseSummary({ ...healthy, url })).toContain('It answers at [https://shop.example.com](')
  })

  test('shows the start and the end of a long timeline', () => {
    const timeline = Array.from({ length: 1000 }, (_, index) => ({
      at: startedAt + index,
      subject: `Pod ${index}`,
      says: 'x',
      kind: 'evidence' as const,
    }))
    const long = releaseSummary({ ...crashed, timeline })
    inOrder(long, ['`Pod 0`', '`Pod 14`', '940 more entries', '`Pod 955`', '`Pod 999`'])
    expect(long).not.toContain('`Pod 15`')
  })
})

test('the summary of a success is short: verdict, and everything else folded', () => {
  const text = releaseSummary(healthy)
  expect(text.split('\n')[0]).toBe('### ✅ **shop 4f2c9ab** healthy after 12.3 s')
  expect(text.split('<details>')[0]?.split('\n').length).toBeLessThanOrEqual(3)
  expect(text).toContain('`host/shop/api@sha256:1`')
  expect(text).toContain(`\`${commit}\``)
})

test('the page of a release has the same content as its summary', () => {
  const page = htmlPage(releaseReport(crashed))
  inOrder(page, [
    '<h1><strong>shop 4f2c9ab</strong> failed after 3.1 s</h1>',
    'exited with 3 twice',
    'boom: DATABASE_URL is not set',
    'What to do',
    'rolled back to 9d01e77',
    'Timeline',
  ])
})

describe('the summary of a scan', () => {
  const findings = [
    fixable('CVE-2026-1', 'critical'),
    fixable('CVE-2026-2', 'critical', '3.0.17'),
    finding('CVE-2026-3', 'high', { package: { name: 'zlib', version: '1.2' }, uri: 'https://x.example/3' }),
  ]
  const platforms = [{ state: 'complete' as const, platform: 'linux/amd64', digest: 'sha256:1', findings }]

  function result(failOn: string, extra: Partial<ScanResult> = {}): ScanResult {
    const image = {
      image: 'host/shop/api@sha256:0',
      repository: 'shop/api',
      digest: 'sha256:0',
      platforms,
      policy: failOn,
      seconds: 4.2,
    }
    return { ...image, ...judge(platforms, { failOn: parseRules(failOn) }, scene), ...extra }
  }

  test('names verdict, reason, numbers, what to update and every finding', () => {
    inOrder(scanSummary(result('high')), [
      '### ❌ Scan of **shop/api** failed · 3 findings block this image',
      '1 of 1 platform scanned in 4.2 s · fails on `high`',
      '3 findings meet the rule "high" (worst: CVE-2026-1 in openssl 3.0.15, fixed in 3.0.16).',
      '| Found | 2 | 1 | 0 | 0 | 0 | 0 |',
      '| Blocking | **2** | **1** | 0 | 0 | 0 | 0 |',
      '1. `openssl 3.0.15` → the newest of `3.0.16, 3.0.17`: 2 findings (CVE-2026-1, CVE-2026-2)',
      '2. `zlib 1.2` has no known fix: 1 finding (CVE-2026-3)',
      '<details><summary>All findings (3)</summary>',
      '| high | [CVE-2026-3](<https://x.example/3>) | `zlib 1.2` | no fix | linux/amd64 | `high` |',
    ])
  })

  test('that passes says so, and still shows what was found', () => {
    const text = scanSummary(result('none'))
    inOrder(text, ['### ✅ Scan of **shop/api** passed', '| Found | 2 | 1 |', 'All findings (3)'])
    expect(text).not.toContain('What to update')
  })

  test('that knows nothing says why', () => {
    const unknown = {
      state: 'inconclusive' as const,
      platform: 'linux/arm64',
      digest: 'sha256:2',
      reason: { code: 'scan-failed', says: 'The scan failed: UnsupportedImageError', todo: 'Use another base image.' },
    }
    const text = scanSummary(
      result('high', { ...judge([unknown], { failOn: parseRules('high') }, scene), platforms: [unknown] }),
    )
    inOrder(text, [
      '### ⚠️ Scan of **shop/api** is inconclusive',
      '0 of 1 platform scanned',
      '- linux/arm64: The scan failed: UnsupportedImageError Use another base image. `docs/troubleshooting.md#scan-failed`',
    ])
  })

  test('of ten thousand findings fits into a step summary', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      finding(`CVE-2026-${index}`, 'critical', { package: { name: `package-${index}`, version: '1' } }),
    )
    const scans = [
      { ...platforms[0], state: 'complete' as const, platform: 'linux/amd64', digest: 'sha256:1', findings: many },
    ]
    const text = scanSummary(result('critical', { ...judge(scans, { failOn: parseRules('critical') }, scene) }))
    expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024)
    inOrder(text, ['10000 findings block', '… and 9975 more packages.', '… and 9500 more findings.'])
  })
})

test.each([
  [false, '### ✅ **shop/api** built and pushed in 12.4 s'],
  [true, '### ✅ **shop/api** reused the image of an earlier run in 12.4 s'],
])('the summary of a build (skipped: %s)', (skipped, headline) => {
  const text = buildSummary({
    image: 'host/shop/api@sha256:1',
    repository: 'shop/api',
    digest: 'sha256:1',
    tags: ['4f2c9ab01d3e', 'v1'],
    platforms: ['linux/amd64'],
    digests: {},
    skipped,
    seconds: 12.4,
  })
  inOrder(text, [
    headline,
    'Deploy it as `host/shop/api@sha256:1`',
    '| Tags | `4f2c9ab01d3e`, `v1` |',
    '| Platforms | linux/amd64 |',
  ])
})
