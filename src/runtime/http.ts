export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface HttpAnswer {
  readonly status: number
  /** Lower-case names; of a header that came twice the last. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** One request, to its end. Rejects when there is no answer. */
export type HttpSend = (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>

/**
 * Through undici, loaded at the first request. Its agent for HTTPS_PROXY and NO_PROXY calls itself experimental in
 * the log of whoever makes one, so that it is made only where there is a proxy.
 */
export const httpSend: HttpSend = async ({ url, ...rest }, signal) => {
  const { Agent, EnvHttpProxyAgent, request } = await import('undici')
  const dispatcher = hasProxy() ? new EnvHttpProxyAgent() : new Agent()
  try {
    const answer = await request(url, { ...rest, signal, dispatcher })
    const headers = Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.at(-1) : value,
    ])
    return { status: answer.statusCode, headers: Object.fromEntries(headers), body: await answer.body.text() }
  } finally {
    await dispatcher.close()
  }
}

function hasProxy(): boolean {
  return ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY'].some(name => Boolean(process.env[name]))
}
