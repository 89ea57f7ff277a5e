import type { Blame, EvidenceClass } from './model.ts'
import { counted } from './objects.ts'

/** Values of one evidence, as the sentences below use them. */
export type Facts = Readonly<Record<string, string>>

export interface CauseEntry {
  readonly blame: Blame
  readonly class: EvidenceClass
  /** A1: how long it must persist. C: how long it may last. Milliseconds. */
  readonly patienceMs: number
  /** What happened, a sentence without its full stop. */
  readonly says: (facts: Facts) => string
  /** What to do, a sentence. */
  readonly next: string
}

export const second = 1_000
export const minute = 60 * second

/** `container "api"`, or `a container` when the evidence does not name it. */
export const box = (facts: Facts): string =>
  facts['container'] === undefined ? 'a container' : `container "${facts['container']}"`
export const because = (facts: Facts): string =>
  facts['message'] === undefined || facts['message'] === '' ? '' : `: ${facts['message']}`
export const image = (facts: Facts): string => facts['image'] ?? 'the image'

/** `once`, `twice`, `3 times`. */
export function times(count: number): string {
  return ['never', 'once', 'twice'][count] ?? counted(count, 'time')
}

export function exited(facts: Facts): string {
  const count = Number(facts['count'] ?? '1')
  // "exited with 3 twice", but "exited with 3, 4 times".
  const hint = facts['hint'] === undefined ? '' : `; ${facts['hint']}`
  return `${box(facts)} exited with ${facts['exitCode'] ?? 'an unknown code'}${count > 2 ? ',' : ''} ${times(count)}${hint}`
}

export const terminal = (blame: Blame, says: CauseEntry['says'], next: string): CauseEntry => ({
  blame,
  class: 'A0',
  patienceMs: 0,
  says,
  next,
})
export const confirmed = (
  blame: Blame,
  says: CauseEntry['says'],
  next: string,
  patienceMs = 10 * second,
): CauseEntry => ({
  blame,
  class: 'A1',
  patienceMs,
  says,
  next,
})
export const repeated = (blame: Blame, says: CauseEntry['says'], next: string): CauseEntry => ({
  blame,
  class: 'B',
  patienceMs: 0,
  says,
  next,
})
export const waiting = (blame: Blame, patienceMs: number, says: CauseEntry['says'], next: string): CauseEntry => ({
  blame,
  class: 'C',
  patienceMs,
  says,
  next,
})
export const contradiction = (blame: Blame, says: CauseEntry['says'], next: string): CauseEntry => ({
  blame,
  class: 'D',
  patienceMs: 0,
  says,
  next,
})
