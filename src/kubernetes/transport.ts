import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { openAgent } from '../runtime/agent.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Log } from '../runtime/context.ts'
import { defined } from '../runtime/defined.ts'
import { RemoteError, messageOf } from '../runtime/errors.ts'
import { retry, type RetryWord } from '../runtime/retry.ts'
import { KubeError, UnreachableError, parseStatus, silenceReasonOf } from './errors.ts'
import { mayRepeat, retryAfterMs } from './retry.ts'

/** Yields the bearer token; with `fresh` a new one, because the server refused the last. */
export type TokenSource = (fresh: boolean) => Promise<string>

/** Where an API server is and how to speak to it. */
export interface Connection {
  /** `https://host[:port]`; a path is kept as a prefix. */
  readonly server: string
  /** PEM of the cluster's CA. */
  readonly ca?: string
  readonly token?: TokenSource
  /** PEMs. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string }
}

export interface TransportPorts {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
}

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With query. */
  readonly path: string
  readonly body?: string
  readonly contentType?: string
  readonly accept?: string
  /** True when sending it twice does the same as once; reads always are. */
  readonly idempotent?: boolean
  /** For how long failures are retried; 0 sends the request once. */
  readonly patienceMs?: number
  /** Bound on the size of the answer. */
  readonly limitBytes?: number
  readonly signal?: AbortSignal
}

export interface Transport {
  json(request: KubeRequest): Promise<unknown>
  text(request: KubeRequest): Promise<string>
  /** The body as it comes, for watches: no time limit on silence, no compression. Abort the signal to end it. */
  stream(request: KubeRequest): Promise<AsyncIterable<Uint8Array>>
  close(): Promise<void>
}

const connectTimeoutMs = 5_000
/**
 * Idle connections are probed by TCP after this long, then once a second; after ten unanswered probes the connection
 * breaks (libuv's TCP_KEEPINTVL and TCP_KEEPCNT). So a watch on a dead path breaks after 25 s without a request, where
 * no proxy on the way answers the probes itself.
 */
const keepAliveMs = 15_000
/** The API server ends its own requests after 60 s, webhooks included. */
const answerTimeoutMs = 65_000
const defaultPatienceMs = 30_000
const defaultLimitBytes = 64 * 1024 * 1024
const unzip = promisify(gunzip)

type Answer = Dispatcher.ResponseData

/** HTTPS to one API server: keep-alive, bearer tokens, retries within the request's patience, errors with a meaning. */
export function createTransport(connection: Connection, ports: TransportPorts): Transport {
  const { origin, pathname } = new URL(connection.server)
  const prefix = pathname.replace(/\/$/, '')
  const agent = lazy(() => agentFor(connection))
  const warned = new Set<string>()

  async function send(request: KubeRequest, fresh: boolean, streaming: boolean): Promise<Answer> {
    const headers = await headersOf(request, connection.token, fresh, streaming)
    const answer = await (
      await agent()
    ).request({
      origin,
      path: prefix + request.path,
      method: request.method,
      headers,
      headersTimeout: answerTimeoutMs,
      bodyTimeout: streaming ? 0 : answerTimeoutMs,
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    })
    passWarnings(answer.headers['warning'], warned, ports.log)
    return answer
  }

  /** One request, sent as often as it takes: `read` is part of the attempt, because a body can break as well. */
  function exchange<T>(request: KubeRequest, read: (answer: Answer) => Promise<T>, streaming = false): Promise<T> {
    const idempotent = request.idempotent ?? request.method === 'GET'
    let fresh = false
    const once = async (): Promise<T> => {
      try {
        const answer = await send(request, fresh, streaming)
        if (answer.statusCode >= 300) throw await refusalOf(answer)
        return await read(answer)
      } catch (thrown) {
        throw silenceOf(origin, thrown, request.signal)
      }
    }
    const classify = (failure: unknown): RetryWord => {
      if (!(failure instanceof KubeError && failure.status === 401)) return mayRepeat(failure, idempotent, ports.random)
      if (fresh || !connection.token) return 'no'
      fresh = true
      return { afterMs: 0 }
    }
    const totalMs = request.patienceMs ?? defaultPatienceMs
    const onRetry = (failure: unknown, pauseMs: number): void =>
      ports.log.debug(`${request.method} ${request.path}: ${messageOf(failure)} Again in ${pauseMs} ms.`)
    const { clock, random } = ports
    return retry(
      once,
      { attempts: Number.POSITIVE_INFINITY, baseMs: 250, mostMs: 8_000, totalMs, classify },
      { clock, random, onRetry, ...(request.signal === undefined ? {} : { signal: request.signal }) },
    )
  }

  return {
    json: request => exchange(request, async answer => parse(await bodyOf(answer, request), request)),
    text: request => exchange(request, async answer => (await bodyOf(answer, request)).toString('utf8')),
    stream: request => exchange(request, async answer => answer.body, true),
    close: async () => (await agent()).destroy(),
  }
}

function agentFor({ ca, clientCertificate }: Connection): ReturnType<typeof openAgent> {
  const way = { timeout: connectTimeoutMs, keepAliveInitialDelay: keepAliveMs }
  const tls = {
    ...(ca === undefined ? {} : { ca }),
    ...(clientCertificate && { cert: clientCertificate.certificate, key: clientCertificate.key }),
  }
  return openAgent({ ...way, ...tls }, way)
}

async function headersOf(
  { accept, contentType }: KubeRequest,
  token: TokenSource | undefined,
  fresh: boolean,
  streaming: boolean,
): Promise<Record<string, string>> {
  return {
    accept: accept ?? 'application/json',
    'user-agent': 'slipway',
    // Lists of pods shrink to a tenth; a compressed stream would hold events back.
    ...(streaming ? {} : { 'accept-encoding': 'gzip' }),
    ...(contentType === undefined ? {} : { 'content-type': contentType }),
    ...(token && { authorization: `Bearer ${await token(fresh)}` }),
  }
}

async function refusalOf(answer: Answer): Promise<KubeError> {
  const body = await bodyOf(answer, { limitBytes: 1024 * 1024 })
  const { date, 'retry-after': retryAfter } = answer.headers
  const head = defined({ retryAfterMs: retryAfterMs(retryAfter), answeredAt: instantOf(date) })
  return new KubeError(parseStatus(answer.statusCode, body.toString('utf8'), head))
}

/** Of a Date header. */
function instantOf(date: string | string[] | undefined): number | undefined {
  const at = typeof date === 'string' ? Date.parse(date) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}

/** The whole body, unzipped, within the limit. Breaks the connection off rather than read more. */
async function bodyOf(
  answer: Answer,
  { limitBytes = defaultLimitBytes }: Pick<KubeRequest, 'limitBytes'>,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > limitBytes) throw tooLarge(limitBytes)
  }
  const body = Buffer.concat(chunks)
  if (answer.headers['content-encoding'] !== 'gzip') return body
  return unzip(body, { maxOutputLength: limitBytes })
}

function parse(body: Buffer, { method, path }: KubeRequest): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new RemoteError('kubernetes-answer', `The API server's answer to ${method} ${path} is no JSON.`, {
      why: 'Something between the runner and the API server may have answered instead.',
      todo: 'Check the endpoint of the cluster and proxies on the way.',
      cause,
    })
  }
}

function tooLarge(limitBytes: number): RemoteError {
  return new RemoteError('kubernetes-answer', `An answer of the API server is larger than ${limitBytes} bytes.`, {
    todo: 'Deploy to a namespace with fewer objects.',
  })
}

/** Errors of ours pass as they are, an abort as the signal's reason; all else is a failure of the network. */
function silenceOf(server: string, thrown: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason
  if (thrown instanceof KubeError || thrown instanceof RemoteError || !isNetworkError(thrown)) return thrown
  return new UnreachableError(server, silenceReasonOf(thrown), thrown)
}

function isNetworkError(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string'
}

/** `299 - "policy/v1beta1 is deprecated"`: each warning of the API server is shown once. */
function passWarnings(header: string | string[] | undefined, warned: Set<string>, log: Log): void {
  for (const [, text] of [header ?? []]
    .flat()
    .join(', ')
    .matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
    if (text === undefined || warned.has(text)) continue
    warned.add(text)
    log.warn(text.replaceAll(/\\(.)/g, '$1'))
  }
}

function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
