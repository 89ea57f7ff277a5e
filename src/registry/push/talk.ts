import type { Log } from '../../runtime/context.ts'
import { retry, retryAfterMs, type RetryPorts, type RetryWord } from '../../runtime/retry.ts'
import { Refusal } from './answers.ts'
import type { RegistryAnswer, RegistryCall, RegistryConnection } from './connection.ts'

export interface TalkPorts extends RetryPorts {
  readonly log: Log
  readonly signal: AbortSignal
}

/** A registry with patience. */
export interface Talk {
  readonly host: string
  /**
   * Asks until there is an answer that another try would not change. `accepted`: statuses that are one. Throws Refusal
   * for any other, and whatever the connection threw.
   */
  ask(call: RegistryCall, accepted: readonly number[]): Promise<RegistryAnswer>
  /** One try, for what cannot simply be sent again: an upload that broke off goes on elsewhere. */
  once(call: RegistryCall, accepted: readonly number[]): Promise<RegistryAnswer>
  /** What the error of a `once` means for another try, by the rules of `ask`. */
  word(thrown: unknown): RetryWord
  readonly ports: TalkPorts
}

/** For one request with all its tries. A burst of 429s with Retry-After lasts a minute (measured: 20 times 2 s). */
export const patienceMs = 120_000
export const mostTries = 60

export const pauses = { baseMs: 300, mostMs: 8_000 } as const

/**
 * `renew` gets a login anew: it ends while an upload of an hour runs, and a registry that is asked by many jobs at once
 * has been seen to refuse a good one now and then (docker/build-push-action#719). Once in a row.
 */
export function talkTo(connection: RegistryConnection, renew: () => Promise<void>, ports: TalkPorts): Talk {
  const once = async (call: RegistryCall, accepted: readonly number[]): Promise<RegistryAnswer> => {
    const answer = await connection.send(call, ports.signal)
    if (accepted.includes(answer.status)) return answer
    throw new Refusal(call.method === 'HEAD' ? await withWords(call, answer) : answer)
  }
  /** The answer to a HEAD has no words: asked for the whole, the registry says them. */
  const withWords = async (call: RegistryCall, answer: RegistryAnswer): Promise<RegistryAnswer> => {
    if (![400, 401, 403].includes(answer.status)) return answer
    const whole = await connection.send({ ...call, method: 'GET' }, ports.signal)
    return whole.status === answer.status ? whole : answer
  }
  const word = (thrown: unknown): RetryWord => wordOn(thrown, ports.clock.now())
  return {
    host: connection.host,
    ports,
    word,
    once: async (call, accepted) => {
      try {
        return await once(call, accepted)
      } catch (thrown) {
        if (!isRefusedLogin(thrown)) throw thrown
        await renew()
        return once(call, accepted)
      }
    },
    ask(call, accepted) {
      let renewed = false
      const classify = (thrown: unknown): RetryWord => {
        if (!isRefusedLogin(thrown)) return word(thrown)
        if (renewed) return 'no'
        renewed = true
        return { afterMs: 0 }
      }
      const tryIt = async (): Promise<RegistryAnswer> => {
        if (renewed) await renew()
        return once(call, accepted)
      }
      const onRetry = (thrown: unknown, pauseMs: number): void =>
        ports.log.debug(`${connection.host}: ${call.method} ${call.path}: ${String(thrown)}; again in ${pauseMs} ms`)
      return retry(tryIt, { attempts: mostTries, ...pauses, totalMs: patienceMs, classify }, { ...ports, onRetry })
    },
  }
}

function isRefusedLogin(thrown: unknown): boolean {
  return thrown instanceof Refusal && thrown.answer.status === 401
}

/** Overload, trouble inside the registry and broken connections pass; a refusal stays one. */
function wordOn(thrown: unknown, now: number): RetryWord {
  if (!(thrown instanceof Refusal)) return thrown instanceof Error && thrown.name === 'AbortError' ? 'no' : 'yes'
  const { status, headers } = thrown.answer
  if (status !== 429 && status !== 408 && status < 500) return 'no'
  const afterMs = retryAfterMs(headers['retry-after'], now)
  return afterMs === undefined ? 'yes' : { afterMs }
}
