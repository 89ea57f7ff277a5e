import { httpSend } from './http.ts'
import type { HttpGet } from './oidc.ts'

/** GET through undici, loaded at the first request. */
export const httpGet: HttpGet = async (url, headers, signal) => {
  const answer = await httpSend({ method: 'GET', url, headers }, signal)
  return { status: answer.status, retryAfter: answer.headers['retry-after'], body: answer.body }
}
