import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { isRecord } from '../http.ts'

/** Address of a target group's member. */
export interface Address {
  readonly ip: string
  readonly port: number
}

/** How the load balancer probes; the annotations of the AWS Load Balancer Controller and its defaults. */
export interface HealthCheck {
  readonly path: string
  /** undefined = the port that takes the traffic. */
  readonly port: number | undefined
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly healthyAfter: number
  readonly unhealthyAfter: number
  readonly accepts: (status: number) => boolean
}

/** One port of one Service behind the load balancer: a target group of IP targets. */
export interface Backend {
  /** `shop/api:80` */
  readonly key: string
  readonly addresses: readonly Address[]
  readonly check: HealthCheck
  readonly deregistrationMs: number
}

export interface Route {
  readonly host: string | undefined
  readonly path: string
  readonly exact: boolean
  readonly backend: string
}

export interface Routing {
  readonly routes: readonly Route[]
  readonly backends: readonly Backend[]
  /** Ingresses that are ours. */
  readonly ingresses: readonly KubeObject[]
}

type Objects = ReadonlyMap<string, KubeObject>
type Fields = Readonly<Record<string, unknown>>

const record = (value: unknown): Fields => (isRecord(value) ? value : {})
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isRecord) : [])

/** What the Ingresses of class `alb` ask for, given Services and EndpointSlices. */
export function routingOf(ingresses: Objects, services: Objects, slices: Objects): Routing {
  const ours = [...ingresses.values()].filter(isAlb)
  const routes: Route[] = []
  const backends = new Map<string, Backend>()
  for (const ingress of ours) {
    for (const { route, service } of rulesOf(ingress)) {
      const backend = backendOf(ingress, service, services, slices)
      if (!backend) continue
      backends.set(backend.key, backend)
      routes.push({ ...route, backend: backend.key })
    }
  }
  return { routes: routes.toSorted(mostSpecificFirst), backends: [...backends.values()], ingresses: ours }
}

function isAlb(ingress: KubeObject): boolean {
  return (
    record(ingress.spec).ingressClassName === 'alb' ||
    ingress.metadata.annotations?.['kubernetes.io/ingress.class'] === 'alb'
  )
}

interface Rule {
  readonly route: Omit<Route, 'backend'>
  /** `backend.service` of the Ingress. */
  readonly service: Fields
}

function rulesOf(ingress: KubeObject): readonly Rule[] {
  const spec = record(ingress.spec)
  const rules = list(spec.rules).flatMap(rule =>
    list(record(rule.http).paths).map(path => ({
      route: {
        host: typeof rule.host === 'string' ? rule.host : undefined,
        path: typeof path.path === 'string' ? path.path : '/',
        exact: path.pathType === 'Exact',
      },
      service: record(record(path.backend).service),
    })),
  )
  const otherwise = record(record(spec.defaultBackend).service)
  const any = { route: { host: undefined, path: '/', exact: false }, service: otherwise }
  return otherwise.name === undefined ? rules : [...rules, any]
}

function mostSpecificFirst(a: Route, b: Route): number {
  return (
    Number(b.host !== undefined) - Number(a.host !== undefined) ||
    Number(b.exact) - Number(a.exact) ||
    b.path.length - a.path.length
  )
}

/** The route of a request; undefined = the listener's fixed 404. */
export function routeOf(routes: readonly Route[], host: string, path: string): Route | undefined {
  return routes.find(
    route =>
      (route.host === undefined ||
        route.host === host ||
        (route.host.startsWith('*.') && host.endsWith(route.host.slice(1)))) &&
      (route.exact ? route.path === path : prefixes(route.path.replace(/\*$/, ''), path)),
  )
}

/** Prefixes match whole path elements. */
function prefixes(prefix: string, path: string): boolean {
  return (
    path.startsWith(prefix) && (prefix.endsWith('/') || path.length === prefix.length || path[prefix.length] === '/')
  )
}

function backendOf(ingress: KubeObject, wanted: Fields, services: Objects, slices: Objects): Backend | undefined {
  const namespace = ingress.metadata.namespace ?? 'default'
  const name = String(wanted.name)
  const service = services.get(`${namespace}/${name}`)
  if (!service) return undefined
  const asked = record(wanted.port)
  const port = list(record(service.spec).ports).find(
    one => one.port === asked.number || (asked.name !== undefined && one.name === asked.name),
  )
  if (!port) return undefined
  const annotations = { ...ingress.metadata.annotations, ...service.metadata.annotations }
  return {
    key: `${namespace}/${name}:${String(port.port)}`,
    addresses: addressesOf(namespace, name, port.name, slices),
    check: healthCheckOf(annotations),
    deregistrationMs: 1000 * deregistrationSeconds(annotations),
  }
}

/** Ready pods of the Service; one that terminates is no longer ready, and so is drained. */
function addressesOf(namespace: string, service: string, portName: unknown, slices: Objects): readonly Address[] {
  const addresses: Address[] = []
  for (const slice of slices.values()) {
    if (slice.metadata.namespace !== namespace || slice.metadata.labels?.['kubernetes.io/service-name'] !== service)
      continue
    const port = list(slice.ports).find(one => (one.name ?? '') === (portName ?? ''))
    if (!port) continue
    for (const endpoint of list(slice.endpoints)) {
      if (record(endpoint.conditions).ready === false) continue
      for (const ip of Array.isArray(endpoint.addresses) ? endpoint.addresses : [])
        addresses.push({ ip: String(ip), port: Number(port.port) })
    }
  }
  return addresses
}

function healthCheckOf(annotations: Readonly<Record<string, string>>): HealthCheck {
  const text = (name: string, otherwise: string): string =>
    annotations[`alb.ingress.kubernetes.io/${name}`] ?? otherwise
  const port = Number(text('healthcheck-port', 'traffic-port'))
  return {
    path: text('healthcheck-path', '/'),
    port: Number.isNaN(port) ? undefined : port,
    intervalMs: 1000 * Number(text('healthcheck-interval-seconds', '15')),
    timeoutMs: 1000 * Number(text('healthcheck-timeout-seconds', '5')),
    healthyAfter: Number(text('healthy-threshold-count', '2')),
    unhealthyAfter: Number(text('unhealthy-threshold-count', '2')),
    accepts: acceptedCodes(text('success-codes', '200')),
  }
}

/** `200`, `200,204` or `200-399`. */
function acceptedCodes(text: string): (status: number) => boolean {
  const ranges = text.split(',').map(part => part.trim().split('-').map(Number))
  return status => ranges.some(([from = 200, to = from]) => status >= from && status <= to)
}

function deregistrationSeconds(annotations: Readonly<Record<string, string>>): number {
  const attributes = annotations['alb.ingress.kubernetes.io/target-group-attributes'] ?? ''
  return Number(/deregistration_delay\.timeout_seconds=(\d+)/.exec(attributes)?.[1] ?? 300)
}
