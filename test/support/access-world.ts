/** Clusters that cannot be reached, and roles that clusters do not know. For use inside the platform. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { loadAll } from 'js-yaml'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import { account, addresses, cluster as prod, github, hosts, region } from '../../sandbox/world.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import { suggestedGroup } from '../../src/kubernetes/access/unauthorized.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { namespaces } from './namespaces.ts'
import { front } from './step.ts'

/** Of this run: what a front once has, it keeps. */
const run = Date.now().toString(36)

export interface AccessWorld {
  readonly admin: ClusterClient
  readonly namespace: string
  /** Where the mapped role may write everything, and not see pods. */
  readonly blind: string
  /** ARNs of roles that may use EKS; no cluster knows them. */
  readonly roles: {
    /** May also list access entries. */
    readonly known: string
    /** May not. */
    readonly quiet: string
    /** Is mapped in the course of the cases. */
    readonly mapped: string
  }
  /** Names of clusters, by what is wrong with them. */
  readonly clusters: Readonly<Record<ClusterName, string>>
  /** A proxy that refuses every tunnel. */
  readonly proxy: string
  /** Connections that the endpoint of cluster `counted` got. */
  readonly connections: () => number
  /** Writes what an error told to paste: manifests, or an entry of aws-auth. */
  apply(manifests: string): Promise<void>
  mapRole(entry: string): Promise<void>
  remove(): Promise<void>
}

const names = [
  'entries',
  'quiet',
  'stale',
  'closed',
  'private',
  'restricted',
  'nameless',
  'foreign',
  'opened',
  'counted',
] as const
type ClusterName = (typeof names)[number]

export async function createAccessWorld(): Promise<AccessWorld> {
  const platform = attach()
  const admin = await connectAsAdmin(platform.kubeconfig)
  const spaces = namespaces(admin)
  const [namespace, blind] = [await spaces.create('access'), await spaces.create('blind')]
  for (const object of blindRights(blind)) await admin.apply(object)
  const servers = await openServers()
  const roles = { known: roleArn('known'), quiet: roleArn('quiet'), mapped: roleArn('mapped') }
  const clusters = Object.fromEntries(names.map(name => [name, `${name}-${run}`])) as Record<ClusterName, string>
  const ca = readFileSync(join(platform.state, 'pki/ca.crt'), 'utf8')
  await front('POST', '/seed', {
    account,
    region,
    roles: [
      seedRole('known', ['eks:DescribeCluster', 'eks:ListAccessEntries']),
      seedRole('quiet', ['eks:DescribeCluster']),
      seedRole('mapped', ['eks:*']),
    ],
    clusters: names.map(name =>
      seedCluster(clusters[name], endpoints(servers)[name], name === 'foreign' ? servers.certificate : ca),
    ),
  })
  await Promise.all(
    Object.entries(shapes(roles)).map(([name, shape]) =>
      front('POST', '/clusters', { name: clusters[name as ClusterName], ...shape }),
    ),
  )
  return {
    admin,
    namespace,
    blind,
    roles,
    clusters,
    proxy: `http://127.0.0.1:${servers.proxy.port}`,
    connections: () => servers.counted.connections(),
    async apply(manifests) {
      for (const object of loadAll(manifests)) await admin.apply(object as KubeObject)
    },
    mapRole: entry => admin.apply({ ...awsAuth, data: { mapRoles: entry } }).then(() => undefined),
    async remove() {
      await admin.remove({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'aws-auth' })
      await front('POST', '/clusters', { name: prod.name, authenticationMode: 'API_AND_CONFIG_MAP' })
      await front('PUT', '/sts/token-size', { bytes: 0 })
      for (const { close } of Object.values(servers).filter(server => typeof server === 'object')) await close()
      await spaces.remove()
      await admin.close()
    },
  }
}

const awsAuth = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'aws-auth', namespace: 'kube-system' },
} as const

/** What DescribeCluster and ListAccessEntries say of those that are not as usual. */
function shapes(roles: AccessWorld['roles']): Partial<Record<ClusterName, object>> {
  const others = ['admin', 'nodes'].map(name => `arn:aws:iam::${account}:role/${name}`)
  return {
    entries: { authenticationMode: 'API', accessEntries: others },
    quiet: { authenticationMode: 'API' },
    stale: { authenticationMode: 'API', accessEntries: [roles.known] },
    private: { network: { endpointPublicAccess: false } },
    restricted: { network: { publicAccessCidrs: ['198.51.100.0/24'] } },
  }
}

function endpoints({ opened, counted }: Servers): Readonly<Record<ClusterName, string>> {
  const live = `https://${prod.host}`
  // There is no way to this address from here; as behind a firewall nobody answers.
  const nowhere = 'https://192.0.2.1'
  return {
    entries: live,
    quiet: live,
    stale: live,
    closed: `https://${addresses.apiServer}:9`,
    private: nowhere,
    restricted: nowhere,
    nameless: `https://NOWHERE.gr7.${region}.eks.amazonaws.com`,
    foreign: live,
    opened: `https://127.0.0.1:${opened.port}`,
    counted: `https://127.0.0.1:${counted.port}`,
  }
}

function blindRights(namespace: string): readonly KubeObject[] {
  const api = 'rbac.authorization.k8s.io'
  const metadata = { name: 'blind', namespace }
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']
  const rules = [
    { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs },
    { apiGroups: ['apps'], resources: ['deployments'], verbs },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs },
  ]
  const roleRef = { apiGroup: api, kind: 'Role', name: 'blind' }
  const subjects = [{ apiGroup: api, kind: 'Group', name: suggestedGroup }]
  return [
    { apiVersion: `${api}/v1`, kind: 'Role', metadata, rules },
    { apiVersion: `${api}/v1`, kind: 'RoleBinding', metadata, roleRef, subjects },
  ]
}

interface Served {
  readonly port: number
  connections(): number
  close(): Promise<void>
}

interface Servers {
  /** Speaks TLS by a certificate of its own, as a proxy that looks into connections does. */
  readonly opened: Served
  /** Only counts. */
  readonly counted: Served
  readonly proxy: Served
  /** PEM of a certificate that is not the platform's. */
  readonly certificate: string
}

async function openServers(): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-proxy-'))
  const [key, crt] = [join(folder, 'key'), join(folder, 'crt')]
  const newKey = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=Corp Proxy CA',
  ]
  execFileSync('openssl', ['req', '-x509', ...newKey, '-keyout', key, '-out', crt], { stdio: 'pipe' })
  const pair = { key: readFileSync(key), cert: readFileSync(crt) }
  rmSync(folder, { recursive: true })
  const proxy = createHttpServer()
  proxy.on('connect', (_request, socket: Socket) => socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n'))
  const [opened, counted, refusing] = await Promise.all([
    serve(createTlsServer(pair)),
    serve(createServer()),
    serve(proxy),
  ])
  return { opened, counted, proxy: refusing, certificate: pair.cert.toString() }
}

async function serve(server: Server): Promise<Served> {
  let connections = 0
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  // A client that does not trust the certificate hangs up.
  server.on('tlsClientError', () => undefined)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const roleArn = (name: string): string => `arn:aws:iam::${account}:role/access-${name}-${run}`

/** Trusts every run of the sample's repository. */
function seedRole(name: string, actions: readonly string[]): object {
  const policy = (statement: object): object => ({ Version: '2012-10-17', Statement: [statement] })
  const trust = policy({
    Effect: 'Allow',
    Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${hosts.issuer}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringEquals: { [`${hosts.issuer}:aud`]: 'sts.amazonaws.com' },
      StringLike: { [`${hosts.issuer}:sub`]: `repo:${github.repository}:*` },
    },
  })
  return {
    name: roleArn(name).split('/')[1],
    trust,
    policies: { eks: policy({ Effect: 'Allow', Action: actions, Resource: '*' }) },
  }
}

function seedCluster(name: string, endpoint: string, ca: string): object {
  const roleArn = `arn:aws:iam::${account}:role/eks-cluster`
  return { name, version: '1.36', roleArn, endpoint, certificateAuthority: Buffer.from(ca).toString('base64') }
}
