import type { KubeObject } from '../../../kubernetes/model.ts'
import type { Instant } from '../../../runtime/clock.ts'
import type { GateRequest, GateResult } from '../../model.ts'
import type { Answer } from '../inquiry.ts'
import type { GateEvent } from '../state.ts'
import { createVeil, type Veil } from './veil.ts'

/** What a gate tells of its work as it goes (port), so that it can be judged again later. */
export interface GateTrace {
  opened(request: GateRequest, at: Instant): void
  /** Called for every look, also when only time has passed. */
  looked(at: Instant, events: readonly GateEvent[]): void
  /** A fresh read, asked for by the look before. */
  read(at: Instant, answer: Answer): void
  closed(result: GateResult): void
}

/** The release that a trace is about; its first line. */
export interface TraceHead {
  readonly application: string
  readonly namespace: string
  readonly cluster: string
  readonly commit?: string
  readonly runUrl?: string
}

/** Where the lines go. Writes at once and in order, so that a killed run leaves what it saw. */
export interface TraceSink {
  write(text: string): void
}

/** Changes when a reader of the format before could not read the new one. */
export const traceVersion = 1

/** More than a release of thousands of pods needs; a runner's disk and a person's patience end somewhere. */
const mostCharacters = 64 * 1024 * 1024

const partCharacters = 256 * 1024

/**
 * Writes `rollout.trace.jsonl`: a head; then for each gate of the release (one per wave, one at the end, those of the
 * way back) its request, its looks with what came in each, its fresh reads, and its verdict (docs/trace.md).
 * An object that was written before and is the same since is a reference to that; of all it has seen, this keeps only
 * what the references need.
 * `mask` hides secrets in a text.
 */
export function recordTrace(
  head: TraceHead,
  sink: TraceSink,
  mask: (text: string) => string,
  most: number = mostCharacters,
): GateTrace {
  return new Recorder(head, sink, mask, most)
}

class Recorder implements GateTrace {
  readonly #sink: TraceSink
  readonly #mask: (text: string) => string
  readonly #veil: Veil = createVeil()
  readonly #written = new Map<string, string>()
  readonly #most: number
  #pending: string[] = []
  #pendingCharacters = 0
  #characters = 0
  #full = false

  constructor(head: TraceHead, sink: TraceSink, mask: (text: string) => string, most: number) {
    this.#most = most
    this.#sink = sink
    this.#mask = mask
    this.#line(this.#text({ trace: traceVersion, ...head }))
  }

  opened(request: GateRequest, at: Instant): void {
    this.#line(`{"gate":${this.#text(request)},"at":${at}}`)
  }

  looked(at: Instant, events: readonly GateEvent[]): void {
    this.#observed(`{"at":${at},"looked":[`, events)
  }

  read(at: Instant, answer: Answer): void {
    if ('failed' in answer) this.#line(this.#text({ at, failed: answer.failed }))
    else this.#observed(`{"at":${at},"read":[`, answer.events)
  }

  closed({ verdict, cause, partial, endedAt }: GateResult): void {
    const because = cause && { code: cause.code, subject: cause.subject, says: cause.says }
    // Small, and worth knowing even where the rest is cut off.
    this.#put(`${this.#text({ at: endedAt, verdict, cause: because, partial })}\n`)
  }

  /** Piece by piece: the first list of a big namespace is megabytes, and is never one text here. */
  #observed(opening: string, events: readonly GateEvent[]): void {
    if (this.#isFull()) return
    this.#put(opening)
    for (const [index, event] of events.entries()) {
      if (index > 0) this.#put(',')
      this.#event(event)
    }
    this.#put(']}\n')
  }

  #event(event: GateEvent): void {
    if (!('channel' in event)) return this.#put(this.#text(event))
    const { channel, event: seen } = event
    if ('object' in seen) {
      const { object, ...rest } = seen
      return this.#put(
        `{"channel":${this.#text(channel)},"event":${open(this.#text(rest))},"object":${this.#object(object)}}}`,
      )
    }
    if (seen.type !== 'listed') return this.#put(this.#text(event))
    const { objects, ...rest } = seen
    this.#put(`{"channel":${this.#text(channel)},"event":${open(this.#text(rest))},"objects":[`)
    for (const [index, object] of objects.entries()) this.#put(`${index > 0 ? ',' : ''}${this.#object(object)}`)
    this.#put(']}}')
  }

  #object(object: KubeObject): string {
    const { uid, resourceVersion } = object.metadata
    if (uid === undefined || resourceVersion === undefined) return this.#text(object)
    if (this.#written.get(uid) === resourceVersion) return `{"same":${JSON.stringify(uid)}}`
    this.#written.set(uid, resourceVersion)
    return this.#text(object)
  }

  /** JSON without what nobody needs and with secrets hidden. Text by text where there is one, so that it stays JSON. */
  #text(value: unknown): string {
    const text = JSON.stringify(value, this.#veil)
    if (this.#mask(text) === text) return text
    return JSON.stringify(JSON.parse(text), (_key, inner: unknown) =>
      typeof inner === 'string' ? this.#mask(inner) : inner,
    )
  }

  #line(text: string): void {
    if (!this.#isFull()) this.#put(`${text}\n`)
  }

  #isFull(): boolean {
    if (!this.#full && this.#characters >= this.#most) {
      this.#full = true
      this.#put(
        `{"truncated":"the trace ends here: it has reached its limit of ${Math.round(this.#most / 1024)} KiB"}\n`,
      )
    }
    return this.#full
  }

  /** To the sink by the line, and a long line in parts. */
  #put(text: string): void {
    this.#characters += text.length
    this.#pending.push(text)
    this.#pendingCharacters += text.length
    if (!text.endsWith('\n') && this.#pendingCharacters < partCharacters) return
    this.#sink.write(this.#pending.join(''))
    this.#pending = []
    this.#pendingCharacters = 0
  }
}

/** An object's JSON, to be continued. */
function open(json: string): string {
  return json.slice(0, -1)
}
