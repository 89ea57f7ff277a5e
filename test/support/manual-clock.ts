import type { Clock, Instant } from '../../src/runtime/clock.ts'

interface Sleeper {
  readonly ms: number
  readonly due: Instant
  wake(): void
}

/** A clock that stands still until the test moves it. */
export class ManualClock implements Clock {
  #now: Instant
  readonly #sleepers = new Set<Sleeper>()

  constructor(now: Instant = Date.UTC(2026, 10, 2, 9)) {
    this.#now = now
  }

  now(): Instant {
    return this.#now
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const done = (settle: () => void): void => {
      this.#sleepers.delete(sleeper)
      signal?.removeEventListener('abort', onAbort)
      settle()
    }
    const onAbort = (): void => done(() => reject(signal?.reason))
    const sleeper = { ms, due: this.#now + ms, wake: () => done(resolve) }
    this.#sleepers.add(sleeper)
    signal?.addEventListener('abort', onAbort, { once: true })
    if (signal?.aborted) onAbort()
    return promise
  }

  /** Moves the time on and wakes whoever is due, in order. */
  advance(ms: number): void {
    this.#now += ms
    const due = [...this.#sleepers].filter(sleeper => sleeper.due <= this.#now)
    for (const sleeper of due.toSorted((a, b) => a.due - b.due)) sleeper.wake()
  }

  get sleepers(): number {
    return this.#sleepers.size
  }

  /** Resolves when somebody sleeps for a time within the bounds; lets real I/O go on meanwhile. */
  async sleeping(leastMs = 0, mostMs = Number.POSITIVE_INFINITY): Promise<void> {
    await eventually(() => [...this.#sleepers].some(({ ms }) => ms >= leastMs && ms <= mostMs))
  }
}

/** A clock on which every sleep is over at once and only moves the time. */
export class SkippingClock implements Clock {
  #now: Instant = Date.UTC(2026, 10, 2, 9)
  readonly slept: number[] = []

  now(): Instant {
    return this.#now
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.slept.push(ms)
    this.#now += ms
    await new Promise(resolve => setImmediate(resolve))
  }

  advance(ms: number): void {
    this.#now += ms
  }
}

/** Waits until `holds`, looking once a millisecond while I/O goes on. Gives up rather than outlive its test. */
export async function eventually(holds: () => boolean): Promise<void> {
  for (let look = 0; !holds(); look++) {
    if (look > 4_000) throw new Error(`never came true: ${holds.toString()}`)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}
