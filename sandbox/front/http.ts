import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'

/** A permission that a request was checked for. */
export interface Need {
  /** `ecr:PutImage` */
  readonly action: string
  readonly resource: string
}

/** One request to the front and the place for its answer. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Host name that the client asked for, without port, in lower case. */
  readonly host: string
  readonly url: URL
  /** What the request log shows; handlers fill it in. */
  readonly note: { service?: string; operation?: string; principal?: string; code?: string; needs?: readonly Need[] }
}

export type Handler = (exchange: Exchange) => Promise<void> | void

/** An answer of a service, not yet sent. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

export function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
  return { request, response, host, url: new URL(request.url ?? '/', `https://${host || 'localhost'}`), note: {} }
}

/** The whole body. Throws when it is larger than `limit` bytes. */
export async function readBody(request: IncomingMessage, limit = 32 * 1024 * 1024): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > limit) throw new Error(`body larger than ${limit} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

/** The body as a JSON object; `{}` when it is empty. */
export async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const text = (await readBody(request)).toString()
  const value: unknown = text === '' ? {} : JSON.parse(text)
  if (!isRecord(value)) throw new SyntaxError('the body is no JSON object')
  return value
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function send(exchange: Exchange, answer: Answer): void {
  const { response, request } = exchange
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, { ...answer.headers, 'content-length': String(body.length) })
  response.end(request.method === 'HEAD' ? undefined : body)
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) }
}

export function sendJson(
  exchange: Exchange,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  send(exchange, json(status, value, headers))
}

/** Request to a part on 127.0.0.1. The Host header is sent as given. Rejects when there is no answer. */
export function call(
  port: number,
  method: string,
  path: string,
  headers: IncomingHttpHeaders | Readonly<Record<string, string>>,
  body?: Buffer | string,
): Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, method, path, headers }, answer => {
      readBody(answer).then(
        bytes => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: bytes }),
        reject,
      )
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** The same record without some of its fields. */
export function without<T extends object, K extends keyof T>(record: T, ...names: readonly K[]): Omit<T, K> {
  const entries = Object.entries(record).filter(([name]) => !names.some(one => one === name))
  return Object.fromEntries(entries) as Omit<T, K>
}

/** Escapes text for XML. */
export function xml(text: string): string {
  return text.replace(/[<>&'"]/g, character => `&#${character.charCodeAt(0)};`)
}
