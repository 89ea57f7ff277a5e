/**
 * What the numbered scenarios came to: each test that plays one leaves a line below `.slipway/scenarios/`, whichever file
 * it is in; docs/scenarios.md is made of those lines.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../home.ts'

export interface ScenarioResult {
  /** 1 to 65; several variants may share one. */
  readonly number: number
  /** What happens, in a few words: `exec format error`. */
  readonly title: string
  /** What plays it: the real node, simulated nodes, or the control plane alone. */
  readonly where: 'node' | 'kwok' | 'control plane'
  /** As the gate or the release engine said; `refused` when nothing was applied. */
  readonly verdict: string
  readonly cause?: string
  /** From `after` to the verdict; absent when that never came, which is wrong. */
  readonly seconds?: number
  /** The most that `seconds` may be. */
  readonly bound: number
  /** What the seconds count from: `second exit`. */
  readonly after: string
  /** Verdict and cause are right and the bound is kept. */
  readonly ok: boolean
}

const ours = join(root, '.slipway/scenarios')
const fileIn = (folder: string): string => join(folder, 'results.jsonl')

/** Adds one line. Safe for several processes at once: a line is one write. */
export function writeResult(result: ScenarioResult, folder = ours): void {
  mkdirSync(folder, { recursive: true })
  appendFileSync(fileIn(folder), `${JSON.stringify(result)}\n`)
}

/** Forgets all results: what follows is a whole new run. */
export function clearResults(folder = ours): void {
  rmSync(fileIn(folder), { force: true })
}

/** The newest result of each scenario, in the order of their numbers. */
export function readResults(folder = ours): readonly ScenarioResult[] {
  const file = fileIn(folder)
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return newestOf(lines.filter(line => line !== '').map(line => JSON.parse(line) as ScenarioResult))
}

/** Of several results of the same scenario the last one counts. */
export function newestOf(results: readonly ScenarioResult[]): readonly ScenarioResult[] {
  const newest = new Map(results.map(result => [`${result.number} ${result.title}`, result]))
  return [...newest.values()].toSorted((a, b) => a.number - b.number || a.title.localeCompare(b.title))
}
