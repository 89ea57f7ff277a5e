import { openAgent } from './agent.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH'
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

/** By an agent of its own, which knows HTTPS_PROXY and NO_PROXY. */
export const httpSend: HttpSend = async ({ url, ...rest }, signal) => {
  const { origin, pathname, search } = new URL(url)
  const agent = await openAgent()
  try {
    const answer = await agent.request({ ...rest, origin, path: pathname + search, signal })
    const headers = Object.entries(answer.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.at(-1) : value,
    ])
    return { status: answer.statusCode, headers: Object.fromEntries(headers), body: await answer.body.text() }
  } finally {
    await agent.close()
  }
}
