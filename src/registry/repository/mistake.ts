/** Something that ECR would not accept, where it stands. `says` goes on after the name of the place: `is not unique`. */
export interface Mistake {
  readonly at: readonly (string | number)[]
  readonly says: string
}

class MistakeError extends Error implements Mistake {
  readonly at: Mistake['at']
  readonly says: string

  constructor(at: Mistake['at'], says: string) {
    super(says)
    this.at = at
    this.says = says
  }
}

/** Ends the reading that `orMistake` began. */
export function refuseAt(at: Mistake['at'], says: string): never {
  throw new MistakeError(at, says)
}

/** What `read` gives, or the first mistake that it met. */
export function orMistake<T>(read: () => T): { readonly value: T } | { readonly mistake: Mistake } {
  try {
    return { value: read() }
  } catch (thrown) {
    if (!(thrown instanceof MistakeError)) throw thrown
    return { mistake: { at: thrown.at, says: thrown.says } }
  }
}

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function objectAt(value: unknown, at: Mistake['at']): JsonObject {
  return isObject(value) ? value : refuseAt(at, 'is not a mapping of names to values')
}

export function listAt(value: unknown, at: Mistake['at']): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : refuseAt(at, 'is not a list')
}

/** One of `words`. */
export function wordAt<W extends string>(value: unknown, words: readonly W[], at: Mistake['at']): W {
  const found = words.find(word => word === value)
  return found ?? refuseAt(at, `is none of ${words.join(', ')}`)
}

/** Refuses keys that nobody reads: a misspelt one would silently change nothing. */
export function onlyKeys(value: JsonObject, known: readonly string[], at: Mistake['at']): void {
  const other = Object.keys(value).find(key => !known.includes(key))
  if (other !== undefined) refuseAt([...at, other], `is not known here: there are ${known.join(', ')}`)
}
