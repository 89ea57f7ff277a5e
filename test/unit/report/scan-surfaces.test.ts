import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { Ajv } from 'ajv'
import type { Judged } from '../../../src/scan/model.ts'
import { renderers, scanDocument } from '../../../src/report/scan-surfaces.ts'
import { sarifValidator } from '../../support/sarif-schema.ts'
import { seededScan } from '../../support/scan-results.ts'

const endings = { sarif: 'sarif', json: 'json', csv: 'csv', junit: 'xml' } as const
const formats = ['sarif', 'json', 'csv', 'junit'] as const
const isSarif = sarifValidator()
const isScan = new Ajv({ validateFormats: false }).compile(JSON.parse(readFileSync('docs/scan.schema.json', 'utf8')))

interface Alert {
  readonly ruleId: string
  readonly level: string
  readonly suppressions?: readonly object[]
  readonly partialFingerprints: object
  readonly message: { readonly text: string }
  readonly locations: readonly unknown[]
}

interface Log {
  readonly runs: readonly [
    {
      readonly tool: {
        readonly driver: {
          readonly rules: readonly {
            readonly id: string
            readonly properties: object
            readonly fullDescription: { readonly text: string }
          }[]
        }
      }
      readonly results: readonly Alert[]
      readonly invocations: readonly [{ readonly toolExecutionNotifications: readonly object[] }]
      readonly properties: { readonly alertsLeftOut: number }
    },
  ]
}

function sarifOf(result: ReturnType<typeof seededScan>): Log['runs'][0] {
  const log = JSON.parse(renderers.sarif(scanDocument(result))) as Log
  isSarif(log)
  expect(isSarif.errors).toBeNull()
  const [run] = log.runs
  const ids = run.tool.driver.rules.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(run.results.map(({ ruleId }) => ruleId)).toEqual(ids)
  return run
}

describe.each([0, 1])('a scan with %i findings', count => {
  test.each(formats)('as %s is byte for byte the golden file', format => {
    const golden = readFileSync(`test/fixtures/scan/${count}.${endings[format]}`, 'utf8')
    expect(renderers[format](scanDocument(seededScan(count, 7)))).toBe(golden)
  })

  test('follows the published schemas', () => {
    sarifOf(seededScan(count))
    isScan(JSON.parse(renderers.json(scanDocument(seededScan(count)))))
    expect(isScan.errors ?? null).toBeNull()
  })
})

test.each(formats)('%s: the time that a scan took changes no byte', format => {
  const result = seededScan(20)
  expect(renderers[format](scanDocument({ ...result, seconds: 99 }))).toBe(renderers[format](scanDocument(result)))
})

describe('10,000 findings', () => {
  const result = seededScan(10_000)
  const document = scanDocument(result)

  test('are 5,000 alerts in less than 10 MB, what blocks first, and the cut is said', () => {
    const run = sarifOf(result)
    expect(run.results).toHaveLength(5_000)
    expect(run.tool.driver.rules).toHaveLength(5_000)
    expect(run.properties.alertsLeftOut).toBe(5_000)
    expect(run.invocations[0].toolExecutionNotifications).toHaveLength(1)
    const errors = run.results.filter(({ level }) => level === 'error')
    expect(errors).toHaveLength(result.blocking.length)
    expect(run.results.slice(0, errors.length)).toEqual(errors)
    const text = renderers.sarif(document)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(9_500_000)
    expect(gzipSync(text).length).toBeLessThanOrEqual(10_000_000)
  })

  test('are all in the other files', () => {
    const json: unknown = JSON.parse(renderers.json(document))
    isScan(json)
    expect(isScan.errors ?? null).toBeNull()
    expect(json).toMatchObject({ counts: { total: 10_000 } })
    expect(renderers.csv(document).match(/\r\n/g)).toHaveLength(10_001)
    expect(renderers.junit(document).match(/<testcase /g)).toHaveLength(10_001)
  })

  test('with very long texts still fit, the mildest left out', () => {
    const long = seededScan(10_000, 1, plain => `${plain} ${'漢'.repeat(300)}`)
    const text = renderers.sarif(scanDocument(long))
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(9_500_000)
    const run = sarifOf(long)
    expect(run.results.length).toBeGreaterThan(500)
    expect(run.results.length + run.properties.alertsLeftOut).toBe(10_000)
  })
})

describe('SARIF as GitHub takes it', () => {
  const run = sarifOf(seededScan(300))

  test('security-severity is a number as text, inside the band of the severity', () => {
    for (const { properties } of run.tool.driver.rules) {
      const { 'security-severity': security, tags } = properties as {
        'security-severity'?: string
        tags: readonly string[]
      }
      expect(tags.length).toBeLessThanOrEqual(20)
      if (security === undefined) expect(tags[2]).toMatch(/informational|unrated/)
      else {
        expect(security).toMatch(/^\d+\.\d$/)
        const word =
          Number(security) > 9 ? 'critical' : Number(security) >= 7 ? 'high' : Number(security) >= 4 ? 'medium' : 'low'
        expect(tags[2]).toBe(word)
      }
    }
  })

  test('every alert stands at a line of the Dockerfile, and leaves the hash of the line to the upload', () => {
    for (const { locations, partialFingerprints, ruleId } of run.results) {
      expect(locations).toEqual([
        {
          physicalLocation: {
            artifactLocation: { uri: 'services/api/Dockerfile', uriBaseId: '%SRCROOT%' },
            region: { startLine: 14 },
          },
        },
      ])
      expect(partialFingerprints).toEqual({ 'slipwayFinding/v1': ruleId })
    }
  })

  test('one vulnerability of one package in two places is one alert; it is suppressed only where all are accepted', () => {
    const one = seededScan(60).judged.find(({ decision }) => decision === 'waived')
    if (one?.decision !== 'waived') throw new Error('the seed has no waiver')
    const elsewhere = { ...one.finding, package: { ...one.finding.package, path: 'other/package.json' } }
    const both = (second: Judged): readonly Alert[] => sarifOf({ ...seededScan(0), judged: [one, second] }).results
    expect(both({ ...one, finding: elsewhere })).toHaveLength(1)
    expect(both({ ...one, finding: elsewhere })[0]?.suppressions).toHaveLength(1)
    const blocked = both({ finding: elsewhere, facts: one.facts, decision: 'blocks', rule: 'high' })
    expect(blocked).toHaveLength(1)
    expect(blocked[0]).toMatchObject({ level: 'error' })
    expect(blocked[0]?.suppressions).toBeUndefined()
  })
})

test.each(['[', ']', '{', '}', '\\'])('a text of SARIF that is cut ends in no half of an escape of %j', character => {
  for (const length of [915, 916, 917, 970, 971, 972, 1_500]) {
    const name = `${'x'.repeat(length)}${character.repeat(20)}`
    const { tool, results } = sarifOf(seededScan(1, 1, plain => `${plain}${name}`))
    for (const { message } of results) expect(message.text).not.toMatch(/(?<!\\)(?:\\\\)*(?:[[\]]|\\…)/)
    const rules = tool.driver.rules.map(rule => rule.fullDescription.text)
    for (const text of [...results.map(({ message }) => message.text), ...rules]) {
      expect(text.length).toBeLessThanOrEqual(1_000)
      expect(text.replaceAll(/\{\{|\}\}/g, '')).not.toMatch(/[{}]/)
    }
  }
})

test('a platform without a result is an error case, so that nobody takes an unfinished scan for a clean one', () => {
  const reason = { code: 'scan-timeout', says: 'No result in 15 min.', todo: 'Scan again.' }
  const platforms = [{ state: 'inconclusive', platform: 'linux/arm64', digest: 'sha256:b', reason }] as const
  const document = scanDocument({ ...seededScan(0), verdict: 'inconclusive', platforms })
  expect(renderers.junit(document)).toContain('errors="1"')
  expect(renderers.junit(document)).toContain('<error message="No result in 15 min." type="inconclusive">')
  expect(sarifOf({ ...seededScan(0), platforms }).invocations[0].toolExecutionNotifications).toHaveLength(1)
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)', ' =1', '\t=1', '＝1', '\u200B=1'])(
  'a spreadsheet takes %j for text',
  formula => {
    const result = seededScan(1, 1, () => formula)
    for (const cell of renderers.csv(scanDocument(result)).matchAll(/"((?:[^"]|"")*)"/g))
      expect(cell[1]).not.toMatch(/^[\s\p{Cf}]*[=+\-@＝＋－＠]/u)
  },
)
