import type { Clock } from '../../../runtime/clock.ts'
import { within } from '../../../runtime/deadline.ts'

/** How often a source is asked that does not speak by itself. */
export const pollMs = 10_000
/** An answer that takes longer does not count: the next question comes soon. */
const patienceMs = 8_000

/**
 * Asks every 10 s, the first time at once, until `ask` answers false or `signal` aborts. Never rejects, and never asks
 * twice at a time.
 */
export async function poll(ask: () => Promise<boolean>, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const next = clock.now() + pollMs
    if (!(await ask())) return
    await clock.sleep(Math.max(0, next - clock.now()), signal).catch(() => undefined)
  }
}

/** One answer of a source, or an error after 8 s. */
export function inTime<T>(ask: (signal: AbortSignal) => Promise<T>, clock: Clock, signal: AbortSignal): Promise<T> {
  return within(patienceMs, () => new Error(`no answer within ${patienceMs / 1_000} s`), clock, ask, signal)
}
