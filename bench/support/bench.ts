export interface Measured {
  /** What was measured, with its unit: `1.5 MB`. */
  readonly figure: string
  /** True when the demand holds. */
  readonly ok: boolean
  /** How it came about; a line each. */
  readonly details?: readonly string[]
  /** Sections of documents that show it, by the name of their markers; written with `--record`. */
  readonly sections?: readonly { readonly file: string; readonly name: string; readonly content: string }[]
}

/**
 * One figure that an issue demands. bench/<name>.ts exports it as `bench`; bench/run.ts finds it there.
 */
export interface Bench {
  readonly name: string
  /** What must hold, in words: `≤ 60 s`. */
  readonly demand: string
  /** What others reach, or why there is nobody to compare with. */
  readonly peer: string
  run(): Promise<Measured>
}

/** The middle of the values; the mean of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
  return (upper + lower) / 2
}
