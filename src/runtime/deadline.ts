import type { Clock } from './clock.ts'

/**
 * How long aborted work may take to end by itself, milliseconds: longer than exec needs to end a program, and
 * shorter than the runner's 7.5 s between its first signal of a cancellation and the second.
 */
const settleMs = 5_000

/**
 * Runs `work` with a signal that aborts after `ms` with `reason()`, or when `parent` aborts.
 * Rejects with that reason, but only after the work has ended: what it put up (a password file, a program) is then
 * taken down. Work that does not heed its signal is left behind after 5 s.
 */
export async function within<T>(
  ms: number,
  reason: () => Error,
  clock: Clock,
  work: (signal: AbortSignal) => Promise<T>,
  parent?: AbortSignal,
): Promise<T> {
  const limit = new AbortController()
  const settled = new AbortController()
  const signal = parent ? AbortSignal.any([limit.signal, parent]) : limit.signal
  const aborted = new Promise<never>((_, reject) => {
    const fail = (): void => reject(signal.reason)
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true, signal: settled.signal })
  })
  clock.sleep(ms, settled.signal).then(
    () => limit.abort(reason()),
    () => {},
  )
  const working = (async () => work(signal))()
  try {
    return await Promise.race([working, aborted])
  } catch (thrown) {
    if (signal.aborted) await Promise.race([ended(working), ended(clock.sleep(settleMs, settled.signal))])
    throw thrown
  } finally {
    settled.abort(new Error('settled'))
  }
}

async function ended(work: Promise<unknown>): Promise<void> {
  await work.catch(() => {})
}
