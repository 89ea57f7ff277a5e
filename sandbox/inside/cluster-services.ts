import { mkdir, writeFile } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { program } from '../provision/parts.ts'
import { addresses } from '../world.ts'
import type { Context } from './context.ts'
import type { Kube } from './kube.ts'
import { kubernetesService } from './network.ts'

const metricsPort = 4443

/** CoreDNS at the address of the cluster's DNS: cluster names, the names of the world, and nothing else. */
export async function startDns({ state, supervisor }: Context): Promise<void> {
  const folder = join(state, 'coredns')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'Corefile'), corefile(state, folder))
  await writeFile(join(folder, 'root.zone'), '. 5 IN SOA platform. nobody. 1 3600 600 86400 5\n. 5 IN NS platform.\n')
  supervisor.start({ name: 'coredns', command: program('coredns'), args: ['-conf', join(folder, 'Corefile')] })
  await supervisor.ready('coredns', async () => (await fetch('http://127.0.0.1:8181/ready')).ok)
}

/** The zone at the root answers "no such name" for everything else, so that nobody waits for a resolver outside. */
function corefile(state: string, folder: string): string {
  return `.:53 {
  bind ${addresses.dns}
  errors
  ready 127.0.0.1:8181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${join(state, 'kubeconfig')}
    pods insecure
    fallthrough in-addr.arpa
    ttl 5
  }
  hosts ${join(state, 'hosts')} {
    ttl 5
    fallthrough
  }
  file ${join(folder, 'root.zone')} .
  cache 5 {
    disable success cluster.local
    disable denial cluster.local
  }
}
`
}

/** metrics-server behind the aggregation layer: HPAs and `kubectl top` read what the kubelet measures. */
export async function startMetricsServer({ state, supervisor }: Context): Promise<void> {
  const kubeconfig = join(state, 'kubeconfig')
  supervisor.start({
    name: 'metrics-server',
    command: program('metrics-server'),
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      `--bind-address=${addresses.apiServer}`,
      `--secure-port=${metricsPort}`,
      `--cert-dir=${join(state, 'metrics-server')}`,
      '--kubelet-insecure-tls',
      '--kubelet-preferred-address-types=InternalIP',
      '--metric-resolution=10s',
      '--kubelet-request-timeout=5s',
      '--node-selector=type!=kwok',
    ],
  })
}

/** Services of kube-system, and what the deploying group may do. */
export async function applyClusterObjects(kube: Kube): Promise<void> {
  await Promise.all(Object.entries(clusterObjects()).map(([path, object]) => kube.apply(path, object)))
}

function clusterObjects(): Readonly<Record<string, object>> {
  const system = '/api/v1/namespaces/kube-system/services'
  const slices = '/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices'
  const dnsPorts = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ]
  const https = [{ name: 'https', port: 443, protocol: 'TCP' }]
  return {
    // Takes the address, so that no other Service gets it.
    [`${system}/kube-dns`]: service('kube-dns', dnsPorts, { clusterIP: addresses.dns }),
    [`${system}/metrics-server`]: service('metrics-server', https),
    [`${slices}/metrics-server`]: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'metrics-server', labels: { 'kubernetes.io/service-name': 'metrics-server' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [addresses.apiServer], conditions: { ready: true } }],
      ports: [{ name: 'https', port: metricsPort, protocol: 'TCP' }],
    },
    '/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io': {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io' },
      spec: {
        group: 'metrics.k8s.io',
        version: 'v1beta1',
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { name: 'metrics-server', namespace: 'kube-system' },
      },
    },
    ...deployerAccess(),
    [`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${bindingsName}`]: bindingsDefinition,
  }
}

const bindingsName = 'targetgroupbindings.elbv2.k8s.aws'

/** The kind by which the AWS Load Balancer Controller says whose target group is whose; the front's stand-in writes it. */
const bindingsDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: bindingsName },
  spec: {
    group: 'elbv2.k8s.aws',
    scope: 'Namespaced',
    names: {
      kind: 'TargetGroupBinding',
      listKind: 'TargetGroupBindingList',
      plural: 'targetgroupbindings',
      singular: 'targetgroupbinding',
    },
    versions: [
      {
        name: 'v1beta1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
        subresources: { status: {} },
      },
    ],
  },
}

function service(name: string, ports: readonly object[], more: object = {}): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports, ...more } }
}

/** What the group of the deploy role may do: the built-in `edit`, and what a release needs beyond it. No admin. */
function deployerAccess(): Readonly<Record<string, object>> {
  const write = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']
  const rules = [
    { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'list', 'watch', 'create', 'patch'] },
    { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: [''], resources: ['events', 'pods/log'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['elbv2.k8s.aws'], resources: ['targetgroupbindings'], verbs: ['get', 'list', 'watch'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: write },
  ]
  const base = '/apis/rbac.authorization.k8s.io/v1'
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'gha-deploy' },
    rules,
  }
  return {
    [`${base}/clusterroles/gha-deploy`]: role,
    [`${base}/clusterrolebindings/gha-deploy`]: binding('gha-deploy', 'gha-deploy'),
    [`${base}/clusterrolebindings/gha-deploy-edit`]: binding('gha-deploy-edit', 'edit'),
  }
}

function binding(name: string, role: string): object {
  const api = 'rbac.authorization.k8s.io'
  return {
    apiVersion: `${api}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: api, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: api, kind: 'Group', name: 'gha:deploy' }],
  }
}

/** Pods reach the API server at the address of the `kubernetes` Service: a plain relay, as there is no kube-proxy. */
export async function relayKubernetesService(): Promise<void> {
  const server = createServer(incoming => {
    const outgoing = createConnection(443, addresses.apiServer)
    incoming.pipe(outgoing).pipe(incoming)
    incoming.once('error', () => outgoing.destroy())
    outgoing.once('error', () => incoming.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(443, kubernetesService, resolve)
  })
}
