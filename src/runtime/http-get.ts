import { httpSend } from './http.ts'
import type { HttpGet } from './oidc.ts'

export const httpGet: HttpGet = async (url, headers, signal) => {
  const { status, headers: answered, body } = await httpSend({ method: 'GET', url, headers }, signal)
  return { status, retryAfter: answered['retry-after'], body }
}
