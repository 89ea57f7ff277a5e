import { randomBytes } from 'node:crypto'
import { isRecord, readBody, sendJson, without, type Exchange } from '../front/http.ts'
import { github } from '../world.ts'
import { checkEndpoints } from './checks.ts'
import { codeScanningEndpoints } from './code-scanning.ts'
import { commentEndpoints } from './comments.ts'
import { deploymentEndpoints } from './deployments.ts'
import { notFound, type Endpoint, type Reply } from './endpoints.ts'
import { githubContract } from './openapi.ts'
import { botUser, createStore, type Resource } from './store.ts'

/** GitHub's REST API as far as a delivery writes to it, for the sample's repository. */
export interface Github {
  handle(exchange: Exchange): Promise<void>
  /** Everything that was written. */
  state(): unknown
  /** A token with these permissions only, such as `{ issues: 'write' }`; every other token may do all. */
  mintToken(permissions: Readonly<Record<string, unknown>>): string
  clear(): void
}

const endpoints: readonly Endpoint[] = [
  { method: 'get', path: '', reply: () => ({ status: 200, body: repository() }) },
  ...commentEndpoints,
  ...checkEndpoints,
  ...deploymentEndpoints,
  ...codeScanningEndpoints,
]

/** Every request and every response is held against GitHub's OpenAPI description. */
export function createGithub(now: () => number): Github {
  const store = createStore(now)
  const tokens = new Map<string, Readonly<Record<string, unknown>>>()

  function permitted(endpoint: Endpoint, token: string): boolean {
    const permissions = tokens.get(token)
    if (!permissions || !endpoint.permission) return true
    return endpoint.permission.some(name => permissions[name] === 'write')
  }

  async function answer(exchange: Exchange): Promise<Reply> {
    const token = /^(?:token|bearer) (.+)$/i.exec(exchange.request.headers.authorization ?? '')?.[1]
    if (token === undefined) return { status: 401, body: { message: 'Bad credentials', status: '401' } }
    if (exchange.url.pathname === '/graphql') return viewer(await readBody(exchange.request))
    const found = route(exchange.request.method ?? 'GET', exchange.url.pathname)
    if (!found) return notFound
    exchange.note.operation = `${found.endpoint.method} ${found.endpoint.path}`
    if (!permitted(found.endpoint, token))
      return { status: 403, body: { message: 'Resource not accessible by integration', status: '403' } }
    const text = (await readBody(exchange.request)).toString()
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    const contract = githubContract().operation(found.endpoint.method, `/repos/{owner}/{repo}${found.endpoint.path}`)
    const wrong = body === undefined && found.endpoint.method === 'get' ? [] : contract.request(body)
    if (wrong.length > 0)
      return { status: 422, body: { message: `Invalid request.\n\n${wrong.join('\n')}`, status: '422' } }
    const reply = found.endpoint.reply({
      store,
      at: found.at,
      body: isRecord(body) ? body : {},
      query: exchange.url.searchParams,
    })
    const broken = contract.response(reply.status, reply.body)
    if (broken.length > 0) throw new Error(`the front's own answer is not GitHub's: ${broken.join('; ')}`)
    return reply
  }

  return {
    async handle(exchange) {
      exchange.note.service = 'github'
      const reply = await answer(exchange)
      if (reply.body === undefined) exchange.response.writeHead(reply.status).end()
      else sendJson(exchange, reply.status, reply.body)
    },
    state: () => ({
      comments: [...store.comments.values()],
      checkRuns: [...store.checkRuns.values()],
      deployments: [...store.deployments.values()],
      deploymentStatuses: [...store.deploymentStatuses.values()],
      sarifs: [...store.sarifs.values()],
    }),
    mintToken(permissions) {
      const token = `ghs_${randomBytes(27).toString('base64url').replaceAll(/[-_]/g, '0')}`
      tokens.set(token, permissions)
      return token
    },
    clear() {
      store.clear()
      tokens.clear()
    },
  }
}

/** Of GraphQL, the one question that REST does not answer for a token of an app. */
function viewer(body: Buffer): Reply {
  const { query = '' } = JSON.parse(body.toString()) as { readonly query?: string }
  if (!/^query\s*\{\s*viewer\s*\{\s*login\s*\}\s*\}$/.test(query))
    return { status: 200, body: { errors: [{ message: 'the sandbox answers no other query' }] } }
  return { status: 200, body: { data: { viewer: { login: botUser['login'] } } } }
}

interface Found {
  readonly endpoint: Endpoint
  readonly at: Readonly<Record<string, string>>
}

const root = `/repos/${github.repository}`

function route(method: string, path: string): Found | undefined {
  if (path !== root && !path.startsWith(`${root}/`)) return undefined
  const rest = path.slice(root.length)
  for (const endpoint of endpoints) {
    if (endpoint.method !== method.toLowerCase()) continue
    const match = new RegExp(`^${endpoint.path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`).exec(rest)
    if (match) return { endpoint, at: match.groups ?? {} }
  }
  return undefined
}

/** GitHub's own example of a repository, under the sample's name, without the relatives that it does not have. */
function repository(): Resource {
  const text = JSON.stringify(githubContract().example('full-repository-default-response'))
  const named = text.replaceAll('octocat/Hello-World', github.repository).replaceAll('"Hello-World"', '"shop"')
  const example = without(JSON.parse(named) as Resource, 'parent', 'source', 'template_repository')
  return {
    ...example,
    language: null,
    id: Number(github.repositoryId),
    name: 'shop',
    full_name: github.repository,
    private: true,
    default_branch: 'main',
  }
}
