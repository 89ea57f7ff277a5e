/** A point in time, in milliseconds since the Unix epoch. */
export type Instant = number

/** Time as a port: whatever waits or measures takes a Clock, so that tests own the time. */
export interface Clock {
  now(): Instant
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
