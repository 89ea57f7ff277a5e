import { account, partition, publicAlias } from '../world.ts'
import { firstDenial, type Authorizer } from './authorizer.ts'
import { sendJson, type Exchange } from './http.ts'
import { actionsOf, passwordOf, proxy, targetOf } from './registry.ts'
import type { RegistryTokens } from './registry-tokens.ts'

export interface PublicRegistryWorld {
  readonly authorizer: Pick<Authorizer, 'check'>
  readonly tokens: Pick<RegistryTokens, 'find'>
  readonly registryPort: number
}

/** Token of those who have no login. */
const anonymous = 'anonymous'

/**
 * `public.ecr.aws`: everyone reads, after the token dance of the real one; who is logged in pushes below the alias of the
 * account. Distribution serves the same path: `public.ecr.aws/docker/library/python:3.11` is `docker/library/python:3.11`
 * there.
 */
export async function handlePublicRegistry(exchange: Exchange, world: PublicRegistryWorld): Promise<void> {
  const { request, url, note } = exchange
  note.service = 'public-registry'
  if (url.pathname.startsWith('/token')) return giveToken(exchange, world)
  const token = /^Bearer (.*)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) return challenge(exchange)
  const session = token === anonymous ? anonymous : world.tokens.find(token)
  if (session === undefined || session === 'expired') return challenge(exchange)
  if (session !== anonymous) note.principal = session.arn
  const refusal = await refusalOf(exchange, session, world)
  if (refusal !== undefined) return refuse(exchange, refusal)
  await proxy(exchange, world.registryPort, url.pathname + url.search, location => {
    const at = new URL(location, `https://${exchange.host}`)
    return `https://${exchange.host}${at.pathname}${at.search}`
  })
}

/** The login of a client, as a token; that of nobody for one without login. */
function giveToken(exchange: Exchange, { tokens }: PublicRegistryWorld): void {
  const { authorization } = exchange.request.headers
  const password = passwordOf(exchange.request)
  const session = tokens.find(password ?? '')
  if (authorization !== undefined && (session === undefined || session === 'expired')) return challenge(exchange)
  sendJson(exchange, 200, { token: password ?? anonymous, expires_in: 43_200 })
}

function challenge(exchange: Exchange): void {
  exchange.note.code = 'DENIED'
  const header = 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"'
  sendJson(exchange, 401, { errors: [{ code: 'DENIED', message: 'Not Authorized' }] }, { 'www-authenticate': header })
}

/** Everyone reads; but who looks for a layer in a repository of the account is about to push it. */
async function refusalOf(
  exchange: Exchange,
  session: Exclude<ReturnType<RegistryTokens['find']>, 'expired' | undefined> | typeof anonymous,
  { authorizer }: PublicRegistryWorld,
): Promise<string | undefined> {
  const target = targetOf(exchange.url.pathname)
  const actions = target && actionsOf(exchange.request, target)
  const { method } = exchange.request
  const own = target?.repository.startsWith(`${publicAlias}/`) === true && session !== anonymous
  if (method === 'GET' || (method === 'HEAD' && !(own && target.kind === 'blobs'))) return undefined
  if (!own || !actions) return 'Not Authorized'
  exchange.note.operation = actions.at(-1) ?? ''
  const resource = `arn:${partition}:ecr-public::${account}:repository/${target.repository.slice(publicAlias.length + 1)}`
  const needs = actions.map(action => ({ action: `ecr-public:${action}`, resource }))
  return firstDenial(needs, session, exchange, authorizer)
}

function refuse(exchange: Exchange, message: string): void {
  exchange.note.code = 'DENIED'
  sendJson(exchange, 403, { errors: [{ code: 'DENIED', message }] })
}
