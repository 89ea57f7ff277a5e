import type { HttpGet } from './oidc.ts'
import { hasProxy } from './proxy.ts'

/**
 * GET through undici, loaded at the first request. Its agent for HTTPS_PROXY and NO_PROXY calls itself experimental in
 * the log of whoever makes one, so that it is made only where there is a proxy.
 */
export const httpGet: HttpGet = async (url, headers, signal) => {
  const { Agent, EnvHttpProxyAgent, request } = await import('undici')
  const dispatcher = hasProxy() ? new EnvHttpProxyAgent() : new Agent()
  try {
    const answer = await request(url, { headers, signal, dispatcher })
    const retryAfter = answer.headers['retry-after']
    return {
      status: answer.statusCode,
      retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
      body: await answer.body.text(),
    }
  } finally {
    await dispatcher.close()
  }
}
