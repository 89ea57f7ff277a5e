import type { Agent, EnvHttpProxyAgent } from 'undici'
import { hasProxy } from './proxy.ts'

/** How connections are made: TLS material, time limit, keep-alive. */
export type ConnectOptions = Exclude<NonNullable<Agent.Options['connect']>, (...args: never[]) => unknown>

/**
 * Loaded with the first request, and by its files: undici's index also loads fetch, WebSocket, caches and mocks, which
 * take half of its time to start and are not used.
 */
async function loadAgent(): Promise<typeof Agent> {
  const [{ default: PlainAgent }, { default: api }, { default: dispatcher }] = await Promise.all([
    import('undici/lib/dispatcher/agent.js'),
    import('undici/lib/api/index.js'),
    import('undici/lib/dispatcher/dispatcher.js'),
  ])
  // As the index does: request(), stream() and the others become methods of every dispatcher.
  Object.assign(dispatcher.prototype, api)
  return PlainAgent
}

let loaded: Promise<typeof Agent> | undefined

/**
 * An agent that goes straight, or through the proxy that HTTPS_PROXY names: a tunnel, in which TLS is the server's own.
 * `way` is what also holds for the connection to the proxy. Undici's agent for proxies calls itself experimental in the
 * log of whoever makes one, so that it is made only where there is a proxy.
 */
export async function openAgent(
  connect: ConnectOptions = {},
  way: ConnectOptions = {},
): Promise<Agent | EnvHttpProxyAgent> {
  const PlainAgent = await (loaded ??= loadAgent())
  if (!hasProxy()) return new PlainAgent({ connect })
  const { default: ProxiedAgent } = await import('undici/lib/dispatcher/env-http-proxy-agent.js')
  // Handed on to its ProxyAgent, though the types of undici 6 do not say so.
  const tunnel = { connect, proxyTls: way, requestTls: connect }
  return new ProxiedAgent(tunnel)
}
