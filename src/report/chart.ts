import type { Instant } from '../runtime/clock.ts'
import type { Tone } from './document.ts'

/** A span of time in a chart. */
export interface ChartBar {
  readonly label: string
  readonly from: Instant
  readonly to: Instant
  readonly tone: Tone
}

/** An instant in a chart. */
export interface ChartMark {
  readonly label: string
  readonly at: Instant
  readonly tone: Tone
}

export interface ChartRow {
  readonly name: string
  readonly bars: readonly ChartBar[]
  readonly marks: readonly ChartMark[]
}

/** What happened when: bars and marks in rows over one axis of time. */
export interface Chart {
  readonly from: Instant
  readonly to: Instant
  readonly rows: readonly ChartRow[]
}

/** How many rows and entries a person takes in, and a renderer of Mermaid accepts. */
const most = { rows: 8, entries: 8, name: 40, label: 70 } as const

/** The chart with a bounded number of rows, entries and characters; the rows that come first matter most. */
export function bounded(chart: Chart): Chart {
  const rows = chart.rows.slice(0, most.rows).map(({ name, bars, marks }) => ({
    name: shortened(name, most.name),
    bars: bars.slice(0, most.entries).map(bar => ({ ...bar, label: shortened(bar.label, most.label) })),
    marks: marks.slice(0, most.entries).map(mark => ({ ...mark, label: shortened(mark.label, most.label) })),
  }))
  return { ...chart, rows }
}

function shortened(text: string, length: number): string {
  const characters = Array.from(text)
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`
}
