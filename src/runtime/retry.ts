import type { Clock } from './clock.ts'

/** What an error says about another try. `afterMs` is the server's own word (Retry-After). */
export type RetryWord = 'no' | 'yes' | { readonly afterMs: number }

export interface RetryRules {
  /** All tries, the first included. */
  readonly attempts: number
  /** Upper bound of the first pause; it doubles with each try. */
  readonly baseMs: number
  /** Upper bound of any pause. */
  readonly mostMs: number
  /** Bound on everything, pauses included: a pause that would pass it is not begun. */
  readonly totalMs: number
  /** Judges an error; `attempt` counts from 1. */
  classify(thrown: unknown, attempt: number): RetryWord
}

export interface RetryPorts {
  readonly clock: Clock
  /** Uniform in [0, 1). */
  random(): number
  readonly signal?: AbortSignal
  /** Hears of each pause. */
  onRetry?(thrown: unknown, pauseMs: number): void
}

/**
 * Tries `work` again when the error's class says that it may help; the last error is thrown as it came.
 * Pauses have full jitter (uniform from 0 to the bound), so that parallel jobs do not meet again.
 */
export async function retry<T>(
  work: (attempt: number) => Promise<T>,
  rules: RetryRules,
  ports: RetryPorts,
): Promise<T> {
  const end = ports.clock.now() + rules.totalMs
  for (let attempt = 1; ; attempt++) {
    try {
      return await work(attempt)
    } catch (thrown) {
      if (ports.signal?.aborted || attempt >= rules.attempts) throw thrown
      const word = rules.classify(thrown, attempt)
      if (word === 'no') throw thrown
      const pauseMs = word === 'yes' ? jitter(attempt, rules, ports) : word.afterMs
      if (ports.clock.now() + pauseMs > end) throw thrown
      ports.onRetry?.(thrown, pauseMs)
      await ports.clock.sleep(pauseMs, ports.signal)
    }
  }
}

function jitter(attempt: number, rules: RetryRules, ports: RetryPorts): number {
  return Math.round(ports.random() * Math.min(rules.mostMs, rules.baseMs * 2 ** (attempt - 1)))
}

/** Milliseconds of a Retry-After header (seconds or a date); undefined when there is none that makes sense. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d+$/.test(header)) return Number(header) * 1_000
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
