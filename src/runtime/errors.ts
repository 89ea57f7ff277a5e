/**
 * Whose turn it is after an error:
 * - `user`: an input or a file is wrong; nothing was applied
 * - `denied`: a permission or a trust is missing
 * - `remote`: a service that we need did not answer as it should
 */
export type ErrorKind = 'user' | 'denied' | 'remote'

/** A place in a file of the checkout. */
export interface Place {
  /** Relative to the checkout. */
  readonly file: string
  /** From 1; absent when only the file is known. */
  readonly line?: number
}

/** What an error is about, for whoever knows where that stands in a file. */
export interface About {
  /** `Deployment shop/api` */
  readonly object: string
  /** As the API server writes it: `spec.template.spec.containers[0].image`, or with `[name="api"]`. */
  readonly field?: string
}

export interface Advice {
  /** Why it happened, a sentence. */
  readonly why?: string
  /** What to do next, a sentence. */
  readonly todo: string
  /** Where the mistake is: the error becomes an annotation of that line. */
  readonly place?: Place
  /** The object of the release that is wrong, where only its name is known. */
  readonly about?: About | undefined
  /** Markdown for the step summary, below what is said here: what is too long for a sentence. Not for the log. */
  readonly details?: string | undefined
  /** The error of a lower layer; shown in debug logs only. */
  readonly cause?: unknown
}

/**
 * An error that is written for the person who reads it: what happened (`message`), why, what to do.
 * `code` is stable and is the anchor in docs/troubleshooting.md.
 * A failed release is no error but a verdict (see health/model.ts).
 */
export class SlipwayError extends Error {
  readonly kind: ErrorKind
  readonly code: string
  readonly why: string | undefined
  readonly todo: string
  readonly place: Place | undefined
  readonly about: About | undefined
  readonly details: string | undefined

  constructor(kind: ErrorKind, code: string, what: string, advice: Advice) {
    super(what, advice.cause === undefined ? undefined : { cause: advice.cause })
    this.name = new.target.name
    this.kind = kind
    this.code = code
    this.why = advice.why
    this.todo = advice.todo
    this.place = advice.place
    this.about = advice.about
    this.details = advice.details
  }
}

/** An input or a file is wrong. Thrown before anything is applied. */
export class UserError extends SlipwayError {
  constructor(code: string, what: string, advice: Advice) {
    super('user', code, what, advice)
  }
}

/** A permission or a trust is missing. */
export class DeniedError extends SlipwayError {
  constructor(code: string, what: string, advice: Advice) {
    super('denied', code, what, advice)
  }
}

/** A service that we need is unreachable or answers nonsense. */
export class RemoteError extends SlipwayError {
  constructor(code: string, what: string, advice: Advice) {
    super('remote', code, what, advice)
  }
}

/** One sentence of whatever was thrown, for embedding in a message. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** `k8s/api.yaml:12`, as editors and terminals link it. */
export function sayPlace({ file, line }: Place): string {
  return line === undefined ? file : `${file}:${line}`
}

/** The same error in other words, and with a place that is known by now. */
export function reworded(error: SlipwayError, what: string, place: Place | undefined = error.place): SlipwayError {
  const { kind, code, why, todo, about, details, cause } = error
  const advice = {
    todo,
    about,
    details,
    cause,
    ...(why === undefined ? {} : { why }),
    ...(place === undefined ? {} : { place }),
  }
  return new SlipwayError(kind, code, what, advice)
}
