/** Takes the place of `@jest/globals` in a mutation run: collects tests, and runs them until one fails. */
import { expect } from 'expect'

type Body = (...args: never[]) => unknown

interface Collected {
  readonly name: string
  readonly run: () => unknown
}

let collected: Collected[] = []
let path: string[] = []

function test(name: string, run: Body): void {
  collected.push({ name: [...path, name].join(' › '), run: () => run() })
}

function describe(name: string, body: () => void): void {
  path = [...path, name]
  body()
  path = path.slice(0, -1)
}

const spread = (row: unknown): never[] => (Array.isArray(row) ? row : [row]) as never[]

test.each =
  (rows: readonly unknown[]) =>
  (name: string, run: Body): void => {
    for (const row of rows) collected.push({ name: [...path, name].join(' › '), run: () => run(...spread(row)) })
  }
describe.each =
  (rows: readonly unknown[]) =>
  (name: string, body: Body): void => {
    for (const row of rows) describe(name, () => void body(...spread(row)))
  }

/** The tests that were defined since the last call. */
export function taken(): readonly Collected[] {
  const tests = collected
  collected = []
  return tests
}

export { describe, expect, test }
