import type { Clock, Instant } from '../../src/runtime/clock.ts'

/** Time that passes only when someone sleeps: the next sleeper wakes as soon as everyone else waits. */
export interface VirtualClock extends Clock {
  /** Pauses in the order in which they began, milliseconds. */
  readonly sleeps: readonly number[]
}

export function virtualClock(start: Instant = Date.UTC(2026, 10, 22, 9, 0, 0)): VirtualClock {
  let now = start
  const sleeps: number[] = []
  const waiting: { readonly at: Instant; readonly wake: () => void }[] = []
  const turn = (): void => {
    const next = waiting.toSorted((a, b) => a.at - b.at)[0]
    if (next === undefined) return
    waiting.splice(waiting.indexOf(next), 1)
    now = Math.max(now, next.at)
    next.wake()
  }
  return {
    sleeps,
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted()
      sleeps.push(ms)
      // The event loop's turn lets every other task reach its own sleep first.
      await new Promise<void>(wake => {
        waiting.push({ at: now + ms, wake })
        setImmediate(turn)
      })
      signal?.throwIfAborted()
    },
  }
}
