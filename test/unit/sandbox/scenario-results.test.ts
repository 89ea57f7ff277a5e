import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { missingNumbers, scenariosPage } from '../../../sandbox/scenarios/page.ts'
import {
  clearResults,
  newestOf,
  readResults,
  writeResult,
  type ScenarioResult,
} from '../../../sandbox/scenarios/results.ts'

function result(number: number, more: Partial<ScenarioResult> = {}): ScenarioResult {
  const base = { number, title: 'tag missing', where: 'node', verdict: 'failed', cause: 'image-not-found' } as const
  return { ...base, seconds: 0.41, bound: 2, after: 'first pull error', ok: true, ...more }
}

describe('results of the scenarios', () => {
  test('are lines in a file, until a new run begins', () => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-results-'))
    try {
      writeResult(result(2), folder)
      writeResult(result(1), folder)
      expect(readResults(folder)).toEqual([result(1), result(2)])
      clearResults(folder)
      expect(readResults(folder)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('a scenario that ran twice counts as it ended last, and variants of one number stand beside each other', () => {
    const all = [
      result(45, { title: 'partition' }),
      result(1, { ok: false }),
      result(45, { title: 'OnDelete' }),
      result(1),
    ]
    expect(newestOf(all).map(({ number, title, ok }) => [number, title, ok])).toEqual([
      [1, 'tag missing', true],
      [45, 'OnDelete', true],
      [45, 'partition', true],
    ])
  })

  test('the page has a line for each, and says what was not played', () => {
    const page = scenariosPage([result(1), result(2, { title: 'digest missing', seconds: 4, ok: false })], {
      kubernetes: 'v1.36.4',
      date: '2026-11-25',
    })
    expect(page).toContain('2 of 65 numbers played, 1 of 2 variants right and in time. Not played: 3, 4, 5,')
    expect(page).toContain(
      '| 1 | tag missing | node | failed | image-not-found | 0.41 | ≤ 2 | first pull error | yes |',
    )
    expect(page).toContain(
      '| 2 | digest missing | node | failed | image-not-found | 4.00 | ≤ 2 | first pull error | **no** |',
    )
  })

  test('nothing is missing when all 65 were played', () => {
    expect(missingNumbers(Array.from({ length: 65 }, (_, index) => result(index + 1)))).toEqual([])
  })
})
