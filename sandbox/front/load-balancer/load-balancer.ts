import { createHash } from 'node:crypto'
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { without } from '../http.ts'
import type { Moto, NewTargetGroup } from '../moto.ts'
import { connectKube, type Kube } from './kube.ts'
import { createAnnouncer } from './announce.ts'
import { bind, unbind } from './bindings.ts'
import { routeOf, routingOf, type Backend, type Routing } from './routes.ts'
import { createTargetGroup, probeOverHttp, type Target, type TargetGroup, type TargetHealth } from './target-group.ts'

/** The stand-in for the AWS Load Balancer Controller and the ALB it makes. */
export interface LoadBalancer {
  readonly server: Server
  /** Everything it knows, for the control API. */
  state(): unknown
  /** Targets of a target group by its ARN; undefined when it is none of ours. */
  targets(arn: string): readonly TargetHealth[] | undefined
  /** The account is new: makes the target groups there again. */
  clear(): void
  close(): void
}

interface Group {
  readonly targets: TargetGroup
  arn?: string
}

type Objects = ReadonlyMap<string, KubeObject>

export function createLoadBalancer(
  kubeconfig: string,
  moto: Pick<Moto, 'targetGroup'>,
  log: (line: string) => void,
): LoadBalancer {
  let routing: Routing = { routes: [], backends: [], ingresses: [] }
  let cluster: Kube | undefined
  const announce = createAnnouncer()
  const groups = new Map<string, Group>()

  function apply(next: Routing, kube: Kube): void {
    routing = next
    cluster = kube
    const wanted = new Set(next.backends.map(backend => backend.key))
    for (const [key, group] of groups) {
      if (wanted.has(key)) continue
      group.targets.close()
      groups.delete(key)
      unbind(kube, key, targetGroupName(key)).catch((error: unknown) => log(`binding of ${key}: ${String(error)}`))
    }
    for (const backend of next.backends) {
      const group = groups.get(backend.key) ?? open(backend)
      group.targets.sync(backend.addresses, backend.check, backend.deregistrationMs)
    }
    for (const ingress of next.ingresses)
      void announce(kube, ingress).catch((error: unknown) => log(`Ingress status: ${String(error)}`))
  }

  function open(backend: Backend): Group {
    const group: Group = { targets: createTargetGroup(probeOverHttp) }
    groups.set(backend.key, group)
    name(backend, group)
    return group
  }

  function name(backend: Backend, group: Group): void {
    moto
      .targetGroup(targetGroupOf(backend))
      .then(async arn => {
        group.arn = arn
        if (cluster) await bind(cluster, backend.key, targetGroupName(backend.key), arn)
      })
      .catch((error: unknown) => log(`target group of ${backend.key}: ${String(error)}`))
  }

  void follow(kubeconfig, apply).catch((error: unknown) => log(`load balancer: ${String(error)}`))
  return {
    server: createServer((request, response) => serve(request, response, routing, groups)),
    state: () => ({
      routes: routing.routes,
      targetGroups: [...groups].map(([backend, { arn, targets }]) => ({ backend, arn, targets: targets.health() })),
    }),
    targets: arn => [...groups.values()].find(group => group.arn === arn)?.targets.health(),
    clear() {
      for (const backend of routing.backends) {
        const group = groups.get(backend.key)
        if (group) name(backend, group)
      }
    },
    close() {
      for (const group of groups.values()) group.targets.close()
    },
  }
}

/** Follows the three kinds that decide; each change of one gives the routing anew. */
async function follow(kubeconfig: string, apply: (routing: Routing, kube: Kube) => void): Promise<void> {
  const kube = await connectKube(kubeconfig)
  const seen: { ingresses?: Objects; services?: Objects; slices?: Objects } = {}
  const update = (part: typeof seen): void => {
    Object.assign(seen, part)
    if (seen.ingresses && seen.services && seen.slices)
      apply(routingOf(seen.ingresses, seen.services, seen.slices), kube)
  }
  await Promise.all([
    ensureIngressClass(kube),
    kube.follow('/apis/networking.k8s.io/v1/ingresses', ingresses => update({ ingresses })),
    kube.follow('/api/v1/services', services => update({ services })),
    kube.follow('/apis/discovery.k8s.io/v1/endpointslices', slices => update({ slices })),
  ])
}

async function ensureIngressClass(kube: Kube): Promise<void> {
  const path = '/apis/networking.k8s.io/v1/ingressclasses'
  const object = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'alb' },
    spec: { controller: 'ingress.k8s.aws/alb' },
  }
  for (;;) {
    const status = await kube.send('POST', path, object).then(
      answer => answer.status,
      () => 0,
    )
    if (status === 201 || status === 409) return
    await new Promise(resolve => setTimeout(resolve, 250))
  }
}

/** `k8s-shop-api-0a1b2c3d4e`, at most 32 characters. */
function targetGroupName(key: string): string {
  const readable = key.replaceAll(/[^a-zA-Z0-9]+/g, '-').slice(0, 17)
  return `k8s-${readable}-${createHash('sha256').update(key).digest('hex').slice(0, 10)}`
}

function targetGroupOf({ key, check, addresses }: Backend): NewTargetGroup {
  return {
    name: targetGroupName(key),
    port: addresses[0]?.port ?? Number(key.split(':')[1]),
    path: check.path,
    intervalSeconds: check.intervalMs / 1000,
    healthyAfter: check.healthyAfter,
    unhealthyAfter: check.unhealthyAfter,
  }
}

function serve(
  request: IncomingMessage,
  response: ServerResponse,
  routing: Routing,
  groups: ReadonlyMap<string, Group>,
): void {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
  const path = (request.url ?? '/').replace(/\?.*$/s, '')
  const route = routeOf(routing.routes, host, path)
  if (!route) return end(response, 404, 'Not Found')
  const group = groups.get(route.backend)?.targets
  const target = group?.next()
  if (!group || !target) return end(response, 503, 'Service Temporarily Unavailable')
  forward(request, response, group, target)
}

/** One request to one target. An ALB does not try another target when this one fails, and neither do we. */
function forward(request: IncomingMessage, response: ServerResponse, group: TargetGroup, target: Target): void {
  group.begin(target)
  response.once('close', () => group.finish(target))
  const forwarded = {
    ...without(request.headers, 'connection'),
    'x-forwarded-for': [request.headers['x-forwarded-for'], request.socket.remoteAddress].filter(Boolean).join(', '),
    'x-forwarded-proto': 'http',
    'x-forwarded-port': '80',
  }
  const options = {
    host: target.ip,
    port: target.port,
    method: request.method,
    path: request.url,
    headers: forwarded,
    agent: false,
    signal: target.abort.signal,
  }
  const outgoing = httpRequest(options, answer => {
    // The visitor may be gone before the target answers.
    if (response.destroyed || response.headersSent) {
      answer.destroy()
      return
    }
    response.writeHead(answer.statusCode ?? 502, without(answer.headers, 'connection', 'keep-alive'))
    pipeline(answer, response, () => undefined)
  })
  // The ALB's idle timeout.
  outgoing.setTimeout(60_000, () => outgoing.destroy(new Error('idle')))
  outgoing.once('error', error => {
    if (response.headersSent) response.destroy()
    else if (error.message === 'idle') end(response, 504, 'Gateway Time-out')
    else end(response, 502, 'Bad Gateway')
  })
  pipeline(request, outgoing, () => undefined)
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { server: 'awselb/2.0', 'content-type': 'text/html' })
  response.end(
    `<html>\n<head><title>${status} ${text}</title></head>\n<body>\n<center><h1>${status} ${text}</h1></center>\n</body>\n</html>\n`,
  )
}
