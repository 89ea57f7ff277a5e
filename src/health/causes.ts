import { gateCauses } from './causes-gate.ts'
import { terminalCauses } from './causes-terminal.ts'
import { waitingCauses } from './causes-waiting.ts'
import type { CauseEntry } from './wording.ts'

/**
 * Every cause that a release can end with. Codes are stable: users match on them, and docs/troubleshooting.md has one section each.
 * The order is the rank: an entry explains the ones below it (a crash loop explains "not ready", never the reverse).
 */
export const causes = { ...terminalCauses, ...waitingCauses, ...gateCauses }

export type CauseCode = keyof typeof causes

const ranks: ReadonlyMap<string, number> = new Map(Object.keys(causes).map((code, rank) => [code, rank]))

/** Smaller explains more. */
export function rankOf(code: string): number {
  return ranks.get(code) ?? ranks.size
}

export function causeEntry(code: string): CauseEntry {
  const known: Readonly<Record<string, CauseEntry>> = causes
  return known[code] ?? causes['not-current']
}
