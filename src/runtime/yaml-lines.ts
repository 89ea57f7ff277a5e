import { EVENT_ID, getScalarValue } from 'js-yaml'
import type { Event } from 'js-yaml'

/**
 * Where a value, and what is below it, begins in its file: lines and columns from 1, in the shape of the value.
 * Keys of `below` are the keys of a mapping or the indexes of a sequence.
 */
export interface Lines {
  readonly line: number
  readonly column: number
  readonly below: ReadonlyMap<string, Lines>
}

/** Keys and indexes from the root of a document to a value. */
export type Path = readonly (string | number)[]

/** The lines of each document of a text, from the events that its parser made of it. Pure. */
export function documentLines(events: readonly Event[], text: string): readonly Lines[] {
  return new LineReader(events, text).documents()
}

/** Line of the value at `path`, or of the nearest one around it: what an alias or a merge brought has no line of its own. */
export function lineAt(lines: Lines, path: Path): number {
  return placeAt(lines, path).line
}

/** Line and column of the value at `path`, or of the nearest one around it. */
export function placeAt(lines: Lines, path: Path): Lines {
  let here = lines
  for (const step of path) {
    const next = here.below.get(String(step))
    if (next === undefined) break
    here = next
  }
  return here
}

/** The value at `path`; undefined when there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((here, step) => (here as Record<string | number, unknown> | undefined)?.[step], value)
}

/** `spec.template.spec.containers[0].image` */
export function sayPath(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('')
}

/** Reads events from first to last; they come in the order of the text, so that lines only need counting on. */
class LineReader {
  readonly #events: readonly Event[]
  readonly #text: string
  #next = 0
  #offset = 0
  #line = 1
  #lineStart = 0

  constructor(events: readonly Event[], text: string) {
    this.#events = events
    this.#text = text
  }

  documents(): readonly Lines[] {
    const found: Lines[] = []
    while (this.#next < this.#events.length) {
      this.#next++ // opens the document
      found.push(this.#value())
      this.#next++ // closes it
    }
    return found
  }

  #value(key?: Lines): Lines {
    const event = this.#events[this.#next++]
    const { line, column } = key ?? this.#placeOf(event)
    const below = new Map<string, Lines>()
    if (event?.type === EVENT_ID.MAPPING) this.#entries(below)
    if (event?.type === EVENT_ID.SEQUENCE) this.#items(below)
    return { line, column, below }
  }

  /** An entry begins where its key does. */
  #entries(below: Map<string, Lines>): void {
    for (let key = this.#events[this.#next]; key && key.type !== EVENT_ID.POP; key = this.#events[this.#next]) {
      const value = this.#value(this.#value())
      if (key.type === EVENT_ID.SCALAR) below.set(getScalarValue(this.#text, key), value)
    }
    this.#next++
  }

  #items(below: Map<string, Lines>): void {
    for (let index = 0; this.#events[this.#next]?.type !== EVENT_ID.POP; index++)
      below.set(String(index), this.#value())
    this.#next++
  }

  #placeOf(event: Event | undefined): { readonly line: number; readonly column: number } {
    const offset = offsetOf(event)
    for (; this.#offset < offset; this.#offset++) {
      if (this.#text[this.#offset] !== '\n') continue
      this.#line++
      this.#lineStart = this.#offset + 1
    }
    return { line: this.#line, column: this.#offset - this.#lineStart + 1 }
  }
}

/** -1 for what has no text of its own, such as an empty value: it stands where the one before it stands. */
function offsetOf(event: Event | undefined): number {
  if (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) return event.start
  if (event?.type === EVENT_ID.SCALAR) return event.valueStart
  return event?.type === EVENT_ID.ALIAS ? event.anchorStart : -1
}
