/**
 * The front: one TLS server that owns the host names of AWS, GitHub and GitHub's OIDC issuer inside the platform.
 *
 *   node sandbox/front/main.ts --state FOLDER
 *
 * | flag | what | default |
 * |---|---|---|
 * | --state | folder of the platform; keys of the front's own are kept in FOLDER/front | required |
 * | --key, --cert, --ca | TLS key and certificate for world.frontHosts; CA for DescribeCluster | FOLDER/pki/front.key, front.crt, ca.crt |
 * | --kubeconfig | of an administrator, for the load balancer; may appear later | FOLDER/kubeconfig |
 * | --python | interpreter that has moto 5.2.5 | bin/python of the part "python" |
 * | --iam-simulate | node_modules folder with @cloud-copilot/iam-simulate | node_modules of the part "node" |
 * | --listen, --control, --load-balancer | HOST:PORT of the TLS server, the control API, the ALB stand-in | world.addresses, world.ports |
 * | --registry-port, --moto-port | Distribution (running) and moto (started here), both on 127.0.0.1 | world.ports |
 *
 * Prints `front ready` when everything answers; GET /healthz of the control API answers from then on.
 *
 * Control API (plain HTTP, JSON):
 * | request | what |
 * |---|---|
 * | GET /healthz | 200 once the world is seeded |
 * | POST /reset | AWS, GitHub, sessions, images, scans, grants, faults and log as at the start |
 * | POST /seed | adds roles, repositories, clusters … (shape: seed.ts) |
 * | GET /requests?since=RFC3339 | log: host, service, operation, principal, needs (permissions), status, code, ms; DELETE empties it |
 * | POST /scans/rules | one ScanRule or {rules: […]} (shape: scans.ts); GET shows them, DELETE drops them |
 * | PUT /creation-templates {templates} | repository creation templates of the registry, as ECR describes them |
 * | POST /oidc/grants {claims} | {url, token} for ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN (claims: issuer.ts) |
 * | POST /oidc/tokens {claims, audience, lifetime} | {token}: a JWT at once; a negative lifetime is expired |
 * | PUT /oidc/reachable {reachable} | whether STS can fetch the verification key |
 * | POST /expire {sessions, registryTokens} | ends all sessions or registry passwords now |
 * | POST /clusters {name, network, authenticationMode, accessEntries} | what DescribeCluster and ListAccessEntries say of a cluster (shape: eks.ts) |
 * | PUT /sts/token-size {bytes} | session tokens have at least so many bytes from now on |
 * | POST /faults | {host, match, times, status, code, headers, delayMs, reset} for the next matching requests; DELETE |
 * | POST /target-groups {name} | {arn}: a target group without targets, made when it is new |
 * | POST /alarms {name, state, reason} | sets a CloudWatch alarm to OK, ALARM or INSUFFICIENT_DATA; it is made when it is new |
 * | GET /load-balancer | routes, target groups and the health of every target |
 * | GET /github | comments, check runs, deployments, statuses, SARIF uploads |
 * | POST /github/tokens {permissions} | {token} with only these permissions; any other token may do all |
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { join } from 'node:path'
import { createGithub } from '../github/github.ts'
import { hosts } from '../world.ts'
import { startAuthorizer } from './authorizer.ts'
import { handleAws, type AwsWorld } from './aws.ts'
import { handleControl, type Controlled } from './control.ts'
import { ecrAmends, ecrOverrides } from './ecr.ts'
import { createEksAccess } from './eks.ts'
import { createFaults } from './faults.ts'
import { readFlags, type Address, type Flags } from './flags.ts'
import { exchangeOf, sendJson, type Exchange, type Handler } from './http.ts'
import { createImages, type Images } from './images.ts'
import { createIssuer } from './issuer.ts'
import { keptSecret, signingKey } from './jwt.ts'
import { createLoadBalancer } from './load-balancer/load-balancer.ts'
import { createRequestLog, type RequestLog } from './log.ts'
import { startMoto } from './moto.ts'
import { handlePublicRegistry } from './public-registry.ts'
import { handleRegistry } from './registry.ts'
import { createRegistryTokens } from './registry-tokens.ts'
import { createRepositories } from './repositories.ts'
import { createScans } from './scans.ts'
import { createSessions } from './sessions.ts'
import { targetHealthOverride } from './target-health.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const flags = readFlags(process.argv.slice(2))
const parts = await start(flags)
await Promise.all([
  listen(tlsServer(flags, logged(parts.log, hostHandler(parts, flags))), flags.listen),
  listen(
    createHttpServer((request, response) => void handleControl(exchangeOf(request, response), parts)),
    flags.control,
  ),
  listen(parts.balancer.server, flags.loadBalancer),
])
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(parts))
say('front ready')

async function start(given: Flags): Promise<Controlled> {
  const now = Date.now
  const moto = await startMoto(
    { python: given.python, port: given.motoPort, certificateAuthority: readFileSync(given.ca, 'utf8') },
    say,
  )
  const authorizer = await startAuthorizer(given.iamSimulate, moto, say)
  mkdirSync(join(given.state, 'front'), { recursive: true })
  const issuer = createIssuer(signingKey(join(given.state, 'front/oidc.key')), now)
  const scans = createScans(() => images, now)
  const images: Images = createImages(moto, given.registryPort, async pushed => {
    if ((await moto.repository(pushed.repository))?.scanOnPush) scans.pushed(pushed)
  })
  const balancer = createLoadBalancer(given.kubeconfig, moto, say)
  const sessions = createSessions(now)
  const tokens = createRegistryTokens(keptSecret(join(given.state, 'front/registry.key')), sessions, now)
  const github = createGithub(now)
  return {
    moto,
    authorizer,
    issuer,
    images,
    scans,
    repositories: createRepositories(moto, now),
    balancer,
    sessions,
    tokens,
    github,
    eks: createEksAccess(),
    faults: createFaults(),
    log: createRequestLog(),
  }
}

/** By host name, as SNI and Host say; every other name is AWS's. */
function hostHandler(parts: Controlled, { registryPort }: Flags): Handler {
  const { moto, authorizer, sessions, tokens, images, scans, issuer, balancer, eks } = parts
  const aws: AwsWorld = {
    moto,
    authorizer,
    sessions,
    issuer,
    now: Date.now,
    overrides: [
      ecrOverrides(images, tokens, scans),
      parts.repositories.override,
      targetHealthOverride(balancer),
      eks.override,
    ],
    amends: [ecrAmends(images), eks.amend],
  }
  const registry: Handler = exchange => handleRegistry(exchange, { moto, authorizer, images, tokens, registryPort })
  const byHost: Readonly<Record<string, Handler>> = {
    [hosts.registry]: registry,
    [hosts.registryDualStack]: registry,
    [hosts.issuer]: exchange => issuer.handle(exchange),
    'public.ecr.aws': exchange => handlePublicRegistry(exchange, { authorizer, tokens, registryPort }),
    'api.github.com': exchange => parts.github.handle(exchange),
    'uploads.github.com': exchange => parts.github.handle(exchange),
  }
  return async exchange => {
    if (await parts.faults.apply(exchange)) return
    await (byHost[exchange.host] ?? (other => handleAws(other, aws)))(exchange)
  }
}

function tlsServer(given: Flags, handler: (request: IncomingMessage, response: ServerResponse) => void): Server {
  return createTlsServer({ key: readFileSync(given.key), cert: readFileSync(given.cert) }, handler)
}

function logged(log: RequestLog, handler: Handler): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const exchange = exchangeOf(request, response)
    const since = Date.now()
    response.once('close', () => {
      const { host, url, note } = exchange
      const base = { at: new Date(since).toISOString(), host, method: request.method ?? '', path: url.pathname }
      log.add({ ...base, ...note, status: response.statusCode, ms: Date.now() - since })
    })
    Promise.resolve(handler(exchange)).catch((error: unknown) => crash(exchange, error))
  }
}

/** A mistake of the front's own: said aloud, and no client is left waiting. */
function crash(exchange: Exchange, error: unknown): void {
  say(
    `${exchange.request.method} ${exchange.host}${exchange.url.pathname}: ${error instanceof Error ? error.stack : String(error)}`,
  )
  if (exchange.response.headersSent) exchange.response.destroy()
  else sendJson(exchange, 500, { __type: 'InternalFailure', message: String(error) })
}

function listen(server: Server, { host, port }: Address): Promise<void> {
  // The registry's uploads may be slow and the gate's watches long: no limit on a whole request.
  server.requestTimeout = 0
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
}

function stop(running: Controlled): void {
  running.moto.stop()
  running.authorizer.stop()
  running.balancer.close()
  process.exit(0)
}
