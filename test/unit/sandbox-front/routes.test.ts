import { expect, test } from '@jest/globals'
import { routeOf, routingOf } from '../../../sandbox/front/load-balancer/routes.ts'
import type { KubeObject } from '../../../src/kubernetes/model.ts'

interface Rest {
  readonly metadata?: Partial<KubeObject['metadata']>
  readonly [field: string]: unknown
}

const object = (kind: string, name: string, { metadata, ...rest }: Rest): readonly [string, KubeObject] => [
  `shop/${name}`,
  { apiVersion: 'v1', kind, metadata: { name, namespace: 'shop', ...metadata }, ...rest },
]
const backend = (name: string): object => ({ service: { name, port: { number: 80 } } })
const path = (value: string, name: string, pathType = 'Prefix'): object => ({
  path: value,
  pathType,
  backend: backend(name),
})

const annotations = {
  'alb.ingress.kubernetes.io/healthcheck-path': '/readyz',
  'alb.ingress.kubernetes.io/healthcheck-interval-seconds': '5',
  'alb.ingress.kubernetes.io/success-codes': '200-204',
  'alb.ingress.kubernetes.io/target-group-attributes':
    'deregistration_delay.timeout_seconds=20,stickiness.enabled=false',
}
const ingress = object('Ingress', 'shop', {
  metadata: { annotations },
  spec: {
    ingressClassName: 'alb',
    rules: [
      { http: { paths: [path('/', 'api'), path('/admin', 'admin'), path('/exact', 'admin', 'Exact')] } },
      { host: 'only.example.com', http: { paths: [path('/', 'admin')] } },
    ],
  },
})
const other = object('Ingress', 'other', { spec: { ingressClassName: 'nginx', defaultBackend: backend('api') } })
const services = new Map(
  ['api', 'admin'].map(name =>
    object('Service', name, { spec: { ports: [{ name: 'http', port: 80, targetPort: 'web' }] } }),
  ),
)
const slices = new Map([
  object('EndpointSlice', 'api-1', {
    metadata: { labels: { 'kubernetes.io/service-name': 'api' } },
    ports: [{ name: 'http', port: 8000 }],
    endpoints: [
      { addresses: ['10.201.0.4'], conditions: { ready: true } },
      { addresses: ['10.201.0.5'], conditions: { ready: false, serving: true, terminating: true } },
    ],
  }),
])
const routing = routingOf(new Map([ingress, other]), services, slices)

test('only Ingresses of class alb are ours', () => {
  expect(routing.ingresses.map(one => one.metadata.name)).toEqual(['shop'])
})

test('targets are the ready pods of the Service, at the port of the container', () => {
  expect(routing.backends.find(one => one.key === 'shop/api:80')?.addresses).toEqual([{ ip: '10.201.0.4', port: 8000 }])
})

test('health check and deregistration follow the annotations', () => {
  const api = routing.backends.find(one => one.key === 'shop/api:80')
  expect(api).toMatchObject({
    check: { path: '/readyz', intervalMs: 5000, timeoutMs: 5000, healthyAfter: 2, unhealthyAfter: 2 },
    deregistrationMs: 20_000,
  })
  expect([200, 204, 301].map(status => api?.check.accepts(status))).toEqual([true, true, false])
})

test.each([
  { host: 'x', asked: '/', to: 'shop/api:80' },
  { host: 'x', asked: '/admin/users', to: 'shop/admin:80' },
  { host: 'x', asked: '/administrator', to: 'shop/api:80' },
  { host: 'x', asked: '/exact', to: 'shop/admin:80' },
  { host: 'x', asked: '/exact/more', to: 'shop/api:80' },
  { host: 'only.example.com', asked: '/', to: 'shop/admin:80' },
])('$host$asked goes to $to', ({ host, asked, to }) => {
  expect(routeOf(routing.routes, host, asked)?.backend).toBe(to)
})
