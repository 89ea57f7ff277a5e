import type { Need } from './http.ts'

/** What one request was and how it ended; shown by GET /requests of the control API. */
export interface LoggedRequest {
  readonly at: string
  readonly host: string
  readonly method: string
  readonly path: string
  readonly service?: string
  readonly operation?: string
  readonly principal?: string
  readonly status: number
  /** Permissions that it was checked for, up to the first that was refused. */
  readonly needs?: readonly Need[]
  /** Error code of the service, when it refused. */
  readonly code?: string
  readonly ms: number
}

export interface RequestLog {
  add(entry: LoggedRequest): void
  /** Entries at or after `since` (RFC 3339), oldest first. */
  since(since: string): readonly LoggedRequest[]
  clear(): void
}

/** Keeps the last `size` requests. */
export function createRequestLog(size = 5000): RequestLog {
  let entries: LoggedRequest[] = []
  return {
    add(entry) {
      entries.push(entry)
      if (entries.length > size) entries = entries.slice(-size / 2)
    },
    since: since => entries.filter(entry => entry.at >= since),
    clear() {
      entries = []
    },
  }
}
