import { json, startLoopback, type Handler, type Loopback } from './loopback.ts'

/** Aggregated discovery as kube-apiserver 1.36 answers it, cut down to the kinds of the tests. */
const core = groups({
  name: '',
  version: 'v1',
  resources: [
    ['pods', 'Pod', true],
    ['configmaps', 'ConfigMap', true],
    ['nodes', 'Node', false],
  ],
})
const named = groups(
  { name: 'apps', version: 'v1', resources: [['deployments', 'Deployment', true]] },
  { name: 'coordination.k8s.io', version: 'v1', resources: [['leases', 'Lease', true]] },
)

interface Group {
  readonly name: string
  readonly version: string
  readonly resources: readonly (readonly [plural: string, kind: string, namespaced: boolean])[]
}

export function groups(...list: readonly Group[]): { readonly items: readonly unknown[] } & Record<string, unknown> {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: list.map(({ name, version, resources }) => ({
      metadata: name === '' ? { creationTimestamp: null } : { name, creationTimestamp: null },
      versions: [
        {
          version,
          resources: resources.map(([resource, kind, namespaced]) => ({
            resource,
            responseKind: { group: name, version: '', kind },
            scope: namespaced ? 'Namespaced' : 'Cluster',
            singularResource: kind.toLowerCase(),
            verbs: ['get', 'list', 'watch', 'patch'],
            subresources: [{ subresource: 'status', responseKind: { group: name, version, kind }, verbs: ['get'] }],
          })),
          freshness: 'Current',
        },
      ],
    })),
  }
}

/** A loopback API server: discovery is answered, everything else by `handler`. */
export function startApiServer(handler: Handler): Promise<Loopback> {
  return startLoopback((request, response) => {
    if (request.path === '/api') return json(response, 200, core)
    if (request.path === '/apis') return json(response, 200, named)
    return handler(request, response)
  })
}

export function status(code: number, reason: string, message: string, details?: unknown): Record<string, unknown> {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code }
}

export function pod(name: string, resourceVersion = '1', extra: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', resourceVersion, uid: `uid-${name}` },
    ...extra,
  }
}
