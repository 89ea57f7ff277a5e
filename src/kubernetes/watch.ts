import { messageOf } from '../runtime/errors.ts'
import type { Clock, Instant } from '../runtime/clock.ts'
import { KubeError, parseStatus } from './errors.ts'
import { splitLines } from './lines.ts'
import type { Keep, Kind, KubeObject, WatchEvent } from './model.ts'
import { isRecord, parseObject } from './objects.ts'

/** What a watch needs of the API server (port). */
export interface WatchSource {
  /** What of each object that the stream brings is kept; `list` sees to its own. */
  readonly keep?: Keep | undefined
  /** A full, consistent list. */
  list(signal: AbortSignal): Promise<{ readonly objects: readonly KubeObject[]; readonly resourceVersion: string }>
  /** Opens the stream of changes since `resourceVersion`; the server ends it after `seconds`. Does not retry. */
  open(resourceVersion: string, seconds: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
}

export interface WatchPorts {
  readonly clock: Clock
  readonly random: () => number
}

/**
 * The API server sends a bookmark about once a minute, so longer silence means that something between us and its watch
 * cache has stopped; a dead path alone is noticed much earlier by TCP (see `keepAliveMs` in transport.ts). Then the
 * watch is opened anew from the last version: that proves the path, the token and that nothing was missed, with one
 * request. Events have no watch cache and so no bookmarks (kube-apiserver's DefaultWatchCacheSizes): a namespace in
 * which nothing happens costs such a request each time.
 */
const longestSilenceMs = 75_000
/** The server ends a watch after this and up to a tenth more; each costs a request to open the next. */
const watchSeconds = 540
/** A connection that held this long was a good one: its break is not counted with earlier ones. */
const goodAfterMs = 10_000
/** A control plane that restarts is back within seconds; a release waits for it. */
const longestPauseMs = 5_000
/** Objects are at most 1.5 MiB in etcd, but larger as JSON. */
const longestLineBytes = 16 * 1024 * 1024

/** Where a watch stands between two connections. */
interface Position {
  /** The version to go on from; undefined when only a new list can tell. */
  resourceVersion: string | undefined
  /** When the server was last heard. */
  heardAt: Instant
  /** Connections in a row that broke early or did not come about. */
  failures: number
  /** True between a `gap` event and the next `listed`. */
  gap: boolean
  everListed: boolean
}

/** A change, or only a newer version to go on from (bookmark). */
interface Frame {
  readonly event?: WatchEvent
  readonly resourceVersion: string
}

/**
 * Lists, then watches, until `signal` aborts; then it ends without an error.
 * A broken connection is resumed once from the last version, unnoticed; when that fails, a `gap` begins that a fresh
 * list ends. Before the first list a refusal (403, 404 …) is thrown; after it, it is a gap as well, because a
 * restarting API server refuses what it served a second ago.
 */
export async function* watchKind(
  kind: Kind,
  source: WatchSource,
  ports: WatchPorts,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  const at: Position = {
    resourceVersion: undefined,
    heardAt: ports.clock.now(),
    failures: 0,
    gap: false,
    everListed: false,
  }
  while (!signal.aborted) {
    try {
      if (at.resourceVersion === undefined) yield await listAnew(kind, source, ports, at, signal)
      yield* follow(kind, source, ports, at, signal)
    } catch (thrown) {
      if (signal.aborted) return
      if (isExpired(thrown)) {
        at.resourceVersion = undefined
        if (at.failures++ === 0) continue
      } else {
        if (!at.everListed && isFinal(thrown)) throw thrown
        at.failures++
        if (at.failures > 1) at.resourceVersion = undefined
        if (at.resourceVersion === undefined && !at.gap) {
          at.gap = true
          yield { type: 'gap', kind, since: at.heardAt, reason: messageOf(thrown) }
        }
      }
      if (!(await slept(delayAfter(thrown, at.failures, ports), ports, signal))) return
    }
  }
}

async function listAnew(
  kind: Kind,
  source: WatchSource,
  ports: WatchPorts,
  at: Position,
  signal: AbortSignal,
): Promise<WatchEvent> {
  const { objects, resourceVersion } = await source.list(signal)
  at.resourceVersion = resourceVersion
  at.heardAt = ports.clock.now()
  at.gap = false
  at.everListed = true
  return { type: 'listed', kind, objects, resourceVersion }
}

/** Yields the changes of one connection. Returns when the server ends it in good order; throws when it breaks. */
async function* follow(
  kind: Kind,
  source: WatchSource,
  ports: WatchPorts,
  at: Position,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent, void, undefined> {
  const connection = linkedController(signal)
  const openedAt = ports.clock.now()
  try {
    const seconds = watchSeconds + Math.floor((ports.random() * watchSeconds) / 10)
    const chunks = await source.open(at.resourceVersion ?? '', seconds, connection.controller.signal)
    at.heardAt = ports.clock.now()
    const heard = endOnSilence(chunks, at, ports.clock, connection.controller)
    for await (const line of splitLines(heard, longestLineBytes)) {
      const { event, resourceVersion } = readFrame(line, kind, source.keep)
      at.resourceVersion = resourceVersion
      at.failures = 0
      if (event) yield event
    }
    if (ports.clock.now() - openedAt < goodAfterMs) throw new Error('the API server ended the watch at once')
    at.failures = 0
  } catch (thrown) {
    if (ports.clock.now() - openedAt >= goodAfterMs) at.failures = 0
    throw thrown
  } finally {
    connection.release()
  }
}

/** Passes chunks on and breaks the connection when none comes for too long. */
async function* endOnSilence(
  chunks: AsyncIterable<Uint8Array>,
  at: Position,
  clock: Clock,
  connection: AbortController,
): AsyncGenerator<Uint8Array, void, undefined> {
  /** False while the consumer works on a chunk: its time is not the server's silence. */
  let listening = true
  const guard = async (): Promise<void> => {
    for (let rest = longestSilenceMs; rest > 0;) {
      await clock.sleep(rest, connection.signal)
      rest = listening ? at.heardAt + longestSilenceMs - clock.now() : longestSilenceMs
    }
    connection.abort(new Error(`nothing came for ${longestSilenceMs / 1000} s`))
  }
  guard().catch(() => {
    // The connection ended first.
  })
  for await (const chunk of chunks) {
    listening = false
    yield chunk
    at.heardAt = clock.now()
    listening = true
  }
}

function readFrame(line: string, kind: Kind, keep: Keep | undefined): Frame {
  const frame: unknown = JSON.parse(line)
  if (!isRecord(frame)) throw new Error('the stream holds something else than watch events')
  const { type, object } = frame
  if (type === 'ERROR') {
    const code = isRecord(object) && typeof object['code'] === 'number' ? object['code'] : 500
    throw new KubeError(parseStatus(code, JSON.stringify(object)))
  }
  if (type === 'BOOKMARK') return { resourceVersion: bookmarkVersion(object) }
  const change = changes[String(type)]
  if (change === undefined) throw new Error(`unknown watch event ${String(type)}`)
  const parsed = parseObject(object, kind, keep)
  return { event: { type: change, object: parsed }, resourceVersion: parsed.metadata.resourceVersion ?? '' }
}

const changes: Readonly<Record<string, 'added' | 'modified' | 'deleted'>> = {
  ADDED: 'added',
  MODIFIED: 'modified',
  DELETED: 'deleted',
}

function bookmarkVersion(object: unknown): string {
  const metadata = isRecord(object) ? object['metadata'] : undefined
  const version = isRecord(metadata) ? metadata['resourceVersion'] : undefined
  if (typeof version !== 'string') throw new Error('a bookmark without a version')
  return version
}

/** The version to go on from is too old for the server: HTTP 410, or an ERROR frame that says so. */
function isExpired(thrown: unknown): boolean {
  return thrown instanceof KubeError && (thrown.status === 410 || thrown.reason === 'Expired')
}

function isFinal(thrown: unknown): boolean {
  return thrown instanceof KubeError && !thrown.retryable
}

/** The first resumption is almost at once; the spread keeps many watches from coming back in one moment. */
function delayAfter(thrown: unknown, failures: number, { random }: WatchPorts): number {
  const asked = thrown instanceof KubeError ? (thrown.retryAfterMs ?? 0) : 0
  const own =
    failures <= 1 ? random() * 200 : Math.min(longestPauseMs, 250 * 2 ** Math.min(failures, 10)) * (0.5 + random() / 2)
  return Math.max(asked, own)
}

/** False when the signal aborted meanwhile. */
async function slept(ms: number, { clock }: WatchPorts, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(ms, signal)
  } catch {
    // Only an abort ends a sleep early.
  }
  return !signal.aborted
}

/** A controller for one connection, aborted with `signal`; `release` ends it and leaves no listener behind. */
function linkedController(signal: AbortSignal): { readonly controller: AbortController; release(): void } {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return {
    controller,
    release() {
      signal.removeEventListener('abort', onAbort)
      controller.abort(new Error('this connection is done'))
    },
  }
}
