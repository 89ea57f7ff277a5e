import type { RetryWord } from '../runtime/retry.ts'
import { KubeError, UnreachableError } from './errors.ts'

/**
 * Whether a request may be sent again after `failure`.
 * A refusal with Retry-After, and every 429, was not processed (client-go repeats those for any verb, too);
 * other failures leave open whether a write happened, so only idempotent requests are repeated.
 * A wrong name, an untrusted certificate or a proxy that refuses does not change within seconds.
 */
export function mayRepeat(failure: unknown, idempotent: boolean, random: () => number): RetryWord {
  if (failure instanceof KubeError) {
    if (!failure.retryable) return 'no'
    // Spread, so that all who were turned away do not come back in one moment.
    if (failure.retryAfterMs !== undefined) return { afterMs: failure.retryAfterMs + Math.round(random() * 250) }
    return failure.status === 429 || idempotent ? 'yes' : 'no'
  }
  if (failure instanceof UnreachableError) {
    if (failure.reason === 'tls' || failure.reason === 'dns' || failure.reason === 'proxy') return 'no'
    return idempotent || !failure.sent ? 'yes' : 'no'
  }
  return 'no'
}

/** Milliseconds of a Retry-After header in seconds, the only form that API servers send; at most a minute. */
export function retryAfterMs(header: string | readonly string[] | undefined): number | undefined {
  const seconds = typeof header === 'string' && /^\d+$/.test(header) ? Number(header) : undefined
  return seconds === undefined ? undefined : Math.min(seconds, 60) * 1000
}
