import type { Clock, Instant } from '../../../src/runtime/clock.ts'

/** A clock whose hands move only when everybody waits, and then straight to the next thing that is due. */
export class SimulatedTime implements Clock {
  #now: Instant
  readonly #due: { readonly at: Instant; readonly order: number; readonly fire: () => void }[] = []
  #order = 0

  constructor(start: Instant) {
    this.#now = start
  }

  now(): Instant {
    return this.#now
  }

  /** Runs `fire` when the clock shows `at`. */
  at(at: Instant, fire: () => void): () => void {
    const entry = { at, order: this.#order++, fire }
    this.#due.push(entry)
    return () => {
      const index = this.#due.indexOf(entry)
      if (index >= 0) this.#due.splice(index, 1)
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason)
      const cancel = this.at(this.#now + ms, resolve)
      signal?.addEventListener(
        'abort',
        () => {
          cancel()
          reject(signal.reason)
        },
        { once: true },
      )
    })
  }

  /** Lets `work` run to its end, moving the clock whenever nothing else can happen. */
  async run<T>(work: Promise<T>): Promise<T> {
    let settled = false
    const done = work.finally(() => {
      settled = true
    })
    done.catch(() => undefined)
    for (;;) {
      // Timers of the event loop's check phase run after all promises that can settle have settled.
      await new Promise(resolve => setImmediate(resolve))
      if (settled) return done
      const next = this.#due.toSorted((a, b) => a.at - b.at || a.order - b.order)[0]
      if (next === undefined) throw new Error('everybody waits and nothing is due')
      this.#due.splice(this.#due.indexOf(next), 1)
      this.#now = Math.max(this.#now, next.at)
      next.fire()
    }
  }
}
