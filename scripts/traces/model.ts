import type { Ending } from '../../test/world/seeds.ts'

/** The seeds of one thread: from `first` in steps up to `last`. */
export interface Share {
  readonly first: number
  readonly last: number
  readonly step: number
}

/** One world was played; `wrong` is the report of a verdict that was not right. */
export interface Told {
  readonly ending: Ending
  readonly wrong?: string
}
