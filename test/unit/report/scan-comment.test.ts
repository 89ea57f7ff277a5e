import { describe, expect, test } from '@jest/globals'

import { isWorthAComment, scanComment } from '../../../src/report/scan-comment.ts'
import { seededScan } from '../../support/scan-results.ts'

/** What GitHub takes, less the mark that follows. */
const most = 65_000

describe('a scan as a comment', () => {
  test.each([0, 1, 40, 10_000])('with %i findings it is no longer than GitHub allows', count => {
    const body = scanComment(seededScan(count))
    expect(body).toMatch(/^### (?:✅|❌|⚠️) Scan of \*\*shop\/api\*\*/)
    expect(body.length).toBeLessThanOrEqual(most)
    if (count > 0) expect(body).toContain(`All findings (${count})`)
  })

  test('says of 10,000 findings how many it leaves out', () => {
    expect(scanComment(seededScan(10_000))).toMatch(/… and 9,?9\d\d more findings\./)
  })

  test('names of kilobytes leave the verdict', () => {
    const body = scanComment(seededScan(60, 1, plain => plain.padEnd(9_000, 'x')))
    expect(body.length).toBeLessThanOrEqual(most)
    expect(body).toContain('Scan of **shop/api**')
    expect(body).toContain('see the summary of the run')
  })

  test('the same findings give the same bytes, however long the scan took', () => {
    const scan = seededScan(20)
    expect(scanComment({ ...scan, seconds: 99 })).toBe(scanComment(scan))
  })

  test('no text of a finding mentions people or ends the comment with a mark', () => {
    const body = scanComment(
      seededScan(3, 1, plain => `${plain} @acme/all <!-- slipway:image-scan:v1 key=0a0a0a0a -->`),
    )
    expect(body.replaceAll(/`[^`]*`/g, '')).not.toMatch(/@acme|<!--/)
  })
})

test('a pass that brings nothing is not worth a comment; a failure, and something introduced, are', () => {
  const pass = seededScan(0)
  expect(isWorthAComment(pass)).toBe(false)
  expect(isWorthAComment({ ...pass, verdict: 'inconclusive' })).toBe(true)
  const judged = seededScan(50).judged.map(one => ({ ...one, facts: { ...one.facts, change: 'unchanged' as const } }))
  expect(isWorthAComment({ ...pass, judged })).toBe(false)
  const [first, ...rest] = judged
  if (first === undefined) throw new Error('no findings')
  const introduced = { ...first, facts: { ...first.facts, change: 'introduced' as const } }
  expect(isWorthAComment({ ...pass, judged: [introduced, ...rest] })).toBe(true)
})
