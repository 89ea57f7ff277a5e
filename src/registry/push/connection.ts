import { Readable } from 'node:stream'
import type { Agent, EnvHttpProxyAgent } from 'undici'
import { openAgent } from '../../runtime/agent.ts'
import { basicAuth, type RegistryLogin } from '../registry-login.ts'

/** A request to a registry's data plane. */
export interface RegistryCall {
  readonly method: 'HEAD' | 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** Below `/v2/`, or what a Location said: a path or a whole address. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** A stream is made anew for each try. */
  readonly body?: string | (() => Readable)
}

export interface RegistryAnswer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Text; cut to what an error may say. */
  readonly body: string
}

/** A registry, one request at a time and without a second try (port). Rejects when there is no answer. */
export interface RegistryConnection {
  readonly host: string
  send(call: RegistryCall, signal: AbortSignal): Promise<RegistryAnswer>
  close(): Promise<void>
}

/** A registry that says nothing for so long is stuck; it may need a while to store a large layer. */
const silenceMs = 120_000
const mostText = 64 * 1024

/**
 * Connections to the registry of a login, through HTTPS_PROXY where there is one. `login` is asked for each request:
 * one that was refused is got anew. `origin` is another than `https://host` in tests only.
 */
export async function openRegistry(
  host: string,
  login: () => Pick<RegistryLogin, 'user' | 'password'>,
  origin = `https://${host}`,
): Promise<RegistryConnection> {
  const agent = await openAgent()
  return {
    host,
    send: (call, signal) => sendOnce(agent, call, { login: login(), origin, signal }),
    close: () => agent.destroy(),
  }
}

interface How {
  readonly login: Pick<RegistryLogin, 'user' | 'password'>
  readonly origin: string
  readonly signal: AbortSignal
}

async function sendOnce(
  agent: Agent | EnvHttpProxyAgent,
  call: RegistryCall,
  { login, origin, signal }: How,
): Promise<RegistryAnswer> {
  const url = addressOf(call.path, origin)
  // A Location on another host is storage of its own; the password is for the registry.
  const authorization: Record<string, string> =
    url.origin === origin ? { authorization: `Basic ${basicAuth(login)}` } : {}
  const body = typeof call.body === 'function' ? call.body() : call.body
  try {
    const answer = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: call.method,
      headers: { ...authorization, ...call.headers },
      headersTimeout: silenceMs,
      bodyTimeout: silenceMs,
      signal,
      ...(body === undefined ? {} : { body }),
    })
    const headers = Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.at(-1) : value,
    ])
    return {
      status: answer.statusCode,
      headers: Object.fromEntries(headers),
      body: (await answer.body.text()).slice(0, mostText),
    }
  } finally {
    if (body instanceof Readable) body.destroy()
  }
}

function addressOf(path: string, origin: string): URL {
  if (/^https?:/.test(path) || path.startsWith('/')) return new URL(path, origin)
  return new URL(`/v2/${path}`, origin)
}
