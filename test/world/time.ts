import type { Clock, Instant } from '../../src/runtime/clock.ts'

/** Undoes what was planned. */
export type Cancel = () => void

interface Due {
  readonly at: Instant
  readonly order: number
  fire: (() => void) | undefined
}

/** The time of a simulated world: nothing happens between two things that are due, so it jumps from one to the next. */
export class WorldTime {
  #now: Instant
  readonly #heap: Due[] = []
  #order = 0
  #stirred = true

  constructor(start: Instant) {
    this.#now = start
  }

  get now(): Instant {
    return this.#now
  }

  /** Plans `fire` for an instant; what is due at the same one happens in the order in which it was planned. */
  at(at: Instant, fire: () => void): Cancel {
    const due: Due = { at: Math.max(at, this.#now), order: this.#order++, fire }
    push(this.#heap, due)
    return () => {
      due.fire = undefined
    }
  }

  after(ms: number, fire: () => void): Cancel {
    return this.at(this.#now + ms, fire)
  }

  /** Somebody outside the world may have been woken: it gets its turn before time goes on. */
  stir(): void {
    this.#stirred = true
  }

  /** A clock for somebody outside whose hands are `aheadMs` ahead of the world's. */
  clock(aheadMs: number): Clock {
    return { now: () => this.#now + aheadMs, sleep: (ms, signal) => this.#sleep(ms, signal) }
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      const wake = (): void => {
        signal?.removeEventListener('abort', stop)
        this.stir()
        resolve()
      }
      const cancel = this.after(ms, wake)
      const stop = (): void => {
        cancel()
        this.stir()
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', stop, { once: true })
    })
  }

  /** Lets `work` run to its end, and the world with it. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const done = work.finally(() => {
      settled = true
    })
    done.catch(() => undefined)
    for (;;) {
      while (this.#stirred) {
        this.#stirred = false
        // The event loop's check phase comes after all promises that can settle have settled.
        await new Promise(resolve => setImmediate(resolve))
      }
      if (settled) return done
      if (!this.step()) throw new Error('everybody waits and nothing is due')
    }
  }

  /** Lets the world alone run until an instant. */
  runUntil(end: Instant): void {
    while ((this.#heap[0]?.at ?? Infinity) <= end) this.step()
    this.#now = Math.max(this.#now, end)
  }

  /** The next thing that is due happens; false when there is none. */
  step(): boolean {
    const due = pop(this.#heap)
    if (due === undefined) return false
    if (due.fire === undefined) return true
    this.#now = due.at
    due.fire()
    return true
  }
}

const isBefore = (a: Due, b: Due): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** A binary heap: the next due is `heap[0]`. */
function push(heap: Due[], due: Due): void {
  let index = heap.push(due) - 1
  while (index > 0) {
    const above = (index - 1) >> 1
    const parent = heap[above]
    if (parent === undefined || !isBefore(due, parent)) break
    heap[index] = parent
    index = above
  }
  heap[index] = due
}

function pop(heap: Due[]): Due | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  let index = 0
  for (;;) {
    const left = heap[2 * index + 1]
    if (left === undefined) break
    const right = heap[2 * index + 2]
    const [child, at] = right !== undefined && isBefore(right, left) ? [right, 2 * index + 2] : [left, 2 * index + 1]
    if (!isBefore(child, last)) break
    heap[index] = child
    index = at
  }
  heap[index] = last
  return first
}
