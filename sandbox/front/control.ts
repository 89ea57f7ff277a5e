import { hosts } from '../world.ts'
import type { Github } from '../github/github.ts'
import type { Authorizer } from './authorizer.ts'
import type { EksAccess } from './eks.ts'
import { isFault, type Faults } from './faults.ts'
import { isRecord, readJson, sendJson, type Exchange } from './http.ts'
import type { Images } from './images.ts'
import type { Issuer } from './issuer.ts'
import type { LoadBalancer } from './load-balancer/load-balancer.ts'
import type { RequestLog } from './log.ts'
import type { Moto } from './moto.ts'
import type { RegistryTokens } from './registry-tokens.ts'
import { templatesIn, type Repositories } from './repositories.ts'
import type { ScanRule, Scans } from './scans.ts'
import type { Sessions } from './sessions.ts'

/** Everything that a test may look at or turn. */
export interface Controlled {
  readonly moto: Moto
  readonly authorizer: Authorizer
  readonly sessions: Sessions
  readonly tokens: RegistryTokens
  readonly images: Images
  readonly scans: Scans
  readonly repositories: Repositories
  readonly issuer: Issuer
  readonly balancer: LoadBalancer
  readonly github: Github
  readonly eks: EksAccess
  readonly faults: Faults
  readonly log: RequestLog
}

type Route = (exchange: Exchange, parts: Controlled) => unknown

/** The control API; its table is at the top of main.ts. Each route returns the JSON to answer. */
const routes: Readonly<Record<string, Route>> = {
  'GET /healthz': () => ({ ok: true }),
  'POST /reset': async (_, parts) => {
    await parts.moto.reset()
    for (const part of [
      parts.sessions,
      parts.images,
      parts.scans,
      parts.repositories,
      parts.issuer,
      parts.github,
      parts.eks,
      parts.faults,
      parts.log,
      parts.authorizer,
      parts.balancer,
    ])
      part.clear()
    parts.issuer.reachable = true
    return { ok: true }
  },
  'POST /seed': async ({ request }, { moto, authorizer }) => {
    await moto.seed(await readJson(request))
    authorizer.clear()
    return { ok: true }
  },
  'GET /requests': ({ url }, { log }) => log.since(url.searchParams.get('since') ?? ''),
  'DELETE /requests': (_, { log }) => (log.clear(), { ok: true }),
  'GET /scans/rules': (_, { scans }) => scans.rules,
  'POST /scans/rules': async ({ request }, { scans }) => {
    const body = await readJson(request)
    const rules = (Array.isArray(body.rules) ? body.rules : [body]) as ScanRule[]
    scans.rules.push(...rules)
    return scans.rules
  },
  'DELETE /scans/rules': (_, { scans }) => {
    scans.rules = []
    return scans.rules
  },
  'PUT /creation-templates': async ({ request }, { repositories }) => {
    repositories.templates = templatesIn(await readJson(request))
    return repositories.templates
  },
  'POST /target-groups': async ({ request }, { moto }) => {
    const { name } = await readJson(request)
    const checked = { port: 80, path: '/', intervalSeconds: 5, healthyAfter: 2, unhealthyAfter: 2 }
    return { arn: await moto.targetGroup({ name: String(name), ...checked }) }
  },
  'POST /alarms': async ({ request }, { moto }) => {
    const { name, state, reason } = await readJson(request)
    await moto.setAlarm({
      name: String(name),
      state: String(state),
      ...(typeof reason === 'string' ? { reason } : {}),
    })
    return { ok: true }
  },
  'POST /oidc/grants': async ({ request }, { issuer }) => {
    const { claims } = await readJson(request)
    return issuer.grant(isRecord(claims) ? claims : {})
  },
  'POST /oidc/tokens': async ({ request }, { issuer }) => {
    const { claims, audience, lifetime } = await readJson(request)
    const run = isRecord(claims) ? claims : {}
    return {
      token: issuer.mint(
        run,
        typeof audience === 'string' ? audience : 'sts.amazonaws.com',
        typeof lifetime === 'number' ? lifetime : undefined,
      ),
    }
  },
  'PUT /oidc/reachable': async ({ request }, { issuer }) => {
    issuer.reachable = (await readJson(request)).reachable !== false
    return { reachable: issuer.reachable }
  },
  'POST /expire': async ({ request }, { sessions, tokens }) => {
    const what = await readJson(request)
    if (what.sessions === true) sessions.expireAll()
    if (what.registryTokens === true) tokens.expireAll()
    return { ok: true }
  },
  'POST /clusters': async ({ request }, { eks }) => {
    const { name, ...access } = await readJson(request)
    eks.set(String(name), access)
    return { ok: true }
  },
  'PUT /sts/token-size': async ({ request }, { sessions }) => {
    sessions.leastTokenBytes = Number((await readJson(request)).bytes ?? 0)
    return { bytes: sessions.leastTokenBytes }
  },
  'POST /faults': async ({ request }, { faults }) => {
    const fault = await readJson(request)
    if (isFault(fault)) faults.add(fault)
    return { ok: true }
  },
  'DELETE /faults': (_, { faults }) => (faults.clear(), { ok: true }),
  'GET /load-balancer': (_, { balancer }) => ({ address: hosts.loadBalancer, ...(balancer.state() as object) }),
  'GET /github': (_, { github }) => github.state(),
  'POST /github/tokens': async ({ request }, { github }) => {
    const { permissions } = await readJson(request)
    return { token: github.mintToken(isRecord(permissions) ? permissions : {}) }
  },
}

export async function handleControl(exchange: Exchange, parts: Controlled): Promise<void> {
  const route = routes[`${exchange.request.method} ${exchange.url.pathname}`]
  if (!route) return sendJson(exchange, 404, { message: 'unknown', routes: Object.keys(routes) })
  try {
    sendJson(exchange, 200, await route(exchange, parts))
  } catch (error) {
    sendJson(exchange, error instanceof SyntaxError ? 400 : 500, { message: String(error) })
  }
}
