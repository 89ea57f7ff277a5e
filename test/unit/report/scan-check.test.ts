import { describe, expect, test } from '@jest/globals'

import { scanCheck } from '../../../src/report/scan-check.ts'
import { seededScan } from '../../support/scan-results.ts'

test('an image that passes has a check that says so, and no notes', () => {
  const { annotations, ...check } = scanCheck(seededScan(0))
  expect(check).toMatchObject({
    name: 'Scan of shop/api (aaaaaaaaaaaa)',
    conclusion: 'success',
    title: 'Nothing blocks: 0 findings, policy critical, high:fixable',
  })
  expect(annotations).toEqual([])
})

test('each package that blocks is one note at the line that brought it, with all its findings', () => {
  const scan = seededScan(20)
  const { annotations, conclusion, title } = scanCheck(scan)
  expect(conclusion).toBe('failure')
  expect(title).toBe(`${scan.blocking.length} of 20 findings block, policy critical, high:fixable`)
  const failures = annotations.filter(({ level }) => level === 'failure')
  expect(failures.length).toBeGreaterThan(0)
  for (const { finding, rule } of scan.blocking) {
    const note = failures.find(({ message }) => message.includes(`${finding.id} (${finding.severity},`))
    expect(note?.message).toContain(`rule ${rule}`)
    expect(note?.title).toContain(`${finding.package.name} ${finding.package.version}: `)
    expect(note?.path).toBe('services/api/Dockerfile')
    expect(note?.line).toBe(finding.layer !== undefined && finding.layer in (scan.origins ?? {}) ? 14 : 1)
  }
})

test('an image without a verdict has not passed', () => {
  const reason = { code: 'scan-timeout', says: 'ECR had no result in time.', todo: 'Run it again.' }
  const check = scanCheck({ ...seededScan(0), verdict: 'inconclusive', reasons: [reason] })
  expect(check).toMatchObject({ conclusion: 'failure', title: 'No verdict: ECR had no result in time.' })
})

describe.each([0, 1, 10_000])('with %i findings', count => {
  test('GitHub has room for every part of it, and the same scan gives the same bytes', () => {
    const check = scanCheck(seededScan(count))
    expect(check.summary.length).toBeLessThanOrEqual(65_535)
    expect(check.title.length).toBeLessThanOrEqual(255)
    expect(check.annotations.length).toBeLessThanOrEqual(150)
    for (const { title, message, line } of check.annotations) {
      expect(title.length).toBeLessThanOrEqual(255)
      expect(Buffer.byteLength(message)).toBeLessThanOrEqual(65_536)
      expect(line).toBeGreaterThan(0)
    }
    expect(scanCheck(seededScan(count))).toEqual(check)
  })
})

test('what is left out is counted, where it is read', () => {
  const { summary, annotations } = scanCheck(seededScan(10_000))
  expect(annotations).toHaveLength(150)
  expect(summary).toMatch(/\n[1-9]\d* more packages have no note: there is room for 150\.\n$/)
})

test('names of kilobytes leave no room for lists, and the check says where they are', () => {
  const { summary, annotations } = scanCheck(seededScan(50, 1, text => text.padEnd(20_000, 'x')))
  expect(summary).toContain('too long for a check')
  for (const { title, message } of annotations) {
    expect(title.length).toBeLessThanOrEqual(255)
    expect(message.length).toBeLessThanOrEqual(8_000)
  }
})
