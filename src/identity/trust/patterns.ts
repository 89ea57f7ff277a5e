import { someAnswer, unknowable, type Answer, type RequestKeys } from './answer.ts'

/** A piece of a value in a policy: text, any text (`*`), or any one character (`?`). */
type Piece = string | typeof many | typeof one
const many = Symbol('*')
const one = Symbol('?')

/** Of what a policy's values are compared with. */
export interface Reading {
  readonly keys: RequestKeys
  /** False where `${…}` is plain text. */
  readonly variables: boolean
}

/** How a value of a policy is compared with one of the request. */
export interface Manner {
  /** `*` and `?` stand for other text; else for themselves. */
  readonly wildcards: boolean
  readonly ignoreCase: boolean
}

/** Whether `text` is what a policy's `value` says, with policy variables put in. */
export function matches(text: string, value: string, manner: Manner, reading: Reading): Answer {
  const pieces = piecesOf(value, manner.wildcards, reading)
  if (pieces === undefined) return 'no'
  if (pieces === unknowable) return 'unknown'
  return fits(text, pieces, manner.ignoreCase) ? 'yes' : 'no'
}

/** Whether `text` is one of `values`. */
export function matchesOne(text: string, values: readonly string[], manner: Manner, reading: Reading): Answer {
  return someAnswer(values.map(value => matches(text, value, manner, reading)))
}

/** `*` and `?` in `pattern`, as IAM reads them outside of conditions, where there are no variables. */
export function likePlainly(text: string, pattern: string, ignoreCase: boolean): boolean {
  const pieces = piecesOf(pattern, true, { keys: () => undefined, variables: false })
  return Array.isArray(pieces) && fits(text, pieces, ignoreCase)
}

/**
 * Undefined when a variable has no value: nothing equals it then (IAM guide, "Policy variables with no value").
 * Unknowable when it has one that only AWS knows.
 */
function piecesOf(value: string, wildcards: boolean, reading: Reading): Piece[] | undefined | typeof unknowable {
  const pieces: Piece[] = []
  const parts = reading.variables ? value.split(/(\$\{[^}]*\})/) : [value]
  for (const [index, part] of parts.entries()) {
    if (index % 2 === 1) {
      const text = valueOf(part.slice(2, -1), reading.keys)
      if (typeof text !== 'string') return text
      pieces.push(text)
    } else if (wildcards) {
      for (const piece of part.split(/([*?])/)) pieces.push(piece === '*' ? many : piece === '?' ? one : piece)
    } else pieces.push(part)
  }
  return pieces
}

/** Of the inside of `${…}`: a key with or without a default, or one of the three characters that are special. */
function valueOf(variable: string, keys: RequestKeys): string | undefined | typeof unknowable {
  if (variable === '*' || variable === '?' || variable === '$') return variable
  const [, name = variable, otherwise] = /^(.*?), '(.*)'$/.exec(variable) ?? []
  const found = keys(name.trim().toLowerCase())
  if (found === unknowable) return unknowable
  return typeof found === 'string' ? found : otherwise
}

/** Takes the shortest text for each `*` first and goes back to the last one only: linear for what policies hold. */
function fits(text: string, pieces: readonly Piece[], ignoreCase: boolean): boolean {
  const wanted = pieces.flatMap((piece): readonly Piece[] =>
    typeof piece === 'string' ? Array.from(ignoreCase ? piece.toLowerCase() : piece) : [piece],
  )
  const given = Array.from(ignoreCase ? text.toLowerCase() : text)
  let [at, next] = [0, 0]
  let back: { readonly next: number; at: number } | undefined
  while (at < given.length) {
    const piece = wanted[next]
    if (piece === many) {
      back = { next: ++next, at }
    } else if (piece === one || (piece !== undefined && piece === given[at])) {
      at++
      next++
    } else if (back) {
      at = ++back.at
      next = back.next
    } else return false
  }
  return wanted.slice(next).every(piece => piece === many)
}
