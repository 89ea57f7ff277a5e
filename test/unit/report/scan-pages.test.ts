import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'

import { htmlPage } from '../../../src/report/html.ts'
import { scanCheck } from '../../../src/report/scan-check.ts'
import { scanComment } from '../../../src/report/scan-comment.ts'
import { scanReport, scanSummary } from '../../../src/report/scan-report.ts'
import type { ScanResult } from '../../../src/scan/model.ts'
import { seededScan } from '../../support/scan-results.ts'

/** The surfaces for people, by the ending of their golden file; those for programs are in scan-surfaces.test.ts. */
const pages: Readonly<Record<string, (result: ScanResult) => string>> = {
  'comment.md': result => scanComment(result),
  'check.json': result => `${JSON.stringify(scanCheck(result), undefined, 2)}\n`,
  'summary.md': result => scanSummary(result),
  html: result => htmlPage(scanReport(result)),
}

describe.each([0, 1])('a scan with %i findings', count => {
  test.each(Object.entries(pages))('as %s is byte for byte the golden file', (ending, render) => {
    expect(render(seededScan(count, 7))).toBe(readFileSync(`test/fixtures/scan/${count}.${ending}`, 'utf8'))
  })
})

test('10,000 findings fit where GitHub shows them', () => {
  const result = seededScan(10_000)
  expect(scanComment(result).length).toBeLessThanOrEqual(65_536)
  expect(Buffer.byteLength(scanSummary(result))).toBeLessThanOrEqual(1024 * 1024)
})
