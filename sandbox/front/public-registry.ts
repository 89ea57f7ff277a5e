import { hosts } from '../world.ts'
import { sendJson, type Exchange } from './http.ts'
import { proxy } from './registry.ts'

/**
 * `public.ecr.aws`: read-only, for everyone, after the token dance of the real one.
 * Distribution serves the same path: `public.ecr.aws/docker/library/python:3.11` is `docker/library/python:3.11` there.
 */
export async function handlePublicRegistry(exchange: Exchange, registryPort: number): Promise<void> {
  const { request, url, note } = exchange
  note.service = 'public-registry'
  if (url.pathname.startsWith('/token')) return sendJson(exchange, 200, { token: 'anonymous', expires_in: 43_200 })
  if (request.headers.authorization === undefined) {
    const challenge = 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"'
    return sendJson(
      exchange,
      401,
      { errors: [{ code: 'DENIED', message: 'Not Authorized' }] },
      { 'www-authenticate': challenge },
    )
  }
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return sendJson(exchange, 403, {
      errors: [{ code: 'DENIED', message: `not authorized to push to public.ecr.aws; push to ${hosts.registry}` }],
    })
  await proxy(exchange, registryPort, url.pathname + url.search, location => location)
}
