import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { program } from '../provision/parts.ts'
import { addresses, cluster, ports, roles, serviceSubnet } from '../world.ts'
import type { Context } from './context.ts'
import type { Kube } from './kube.ts'
import { writeKubeconfig } from './pki.ts'
import type { Supervisor } from './supervisor.ts'

const etcdUrl = `http://127.0.0.1:${ports.etcd}`
const etcdPeerUrl = `http://127.0.0.1:${ports.etcdPeer}`

export async function startEtcd({ state, supervisor }: Context): Promise<void> {
  supervisor.start({
    name: 'etcd',
    command: program('etcd'),
    args: [
      `--data-dir=${join(state, 'etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=${etcdPeerUrl}`,
      `--initial-advertise-peer-urls=${etcdPeerUrl}`,
      `--initial-cluster=default=${etcdPeerUrl}`,
      // Nothing here outlives the platform, so nothing needs to reach the disk.
      '--unsafe-no-fsync',
    ],
  })
  await etcdReady(supervisor)
}

/** The authenticator of EKS: it turns a presigned STS request into the user and groups of the caller's role. */
export async function startAuthenticator({ state, supervisor }: Context): Promise<string> {
  const folder = join(state, 'authenticator')
  await mkdir(folder, { recursive: true })
  const mapRoles = [{ roleARN: roles.deploy, username: 'ci:{{SessionName}}', groups: ['gha:deploy'] }]
  const config = { clusterID: cluster.name, server: { port: ports.authenticator, mapRoles } }
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config))
  const webhook = join(folder, 'webhook.kubeconfig')
  supervisor.start({
    name: 'aws-iam-authenticator',
    command: program('aws-iam-authenticator'),
    args: [
      'server',
      `--config=${join(folder, 'config.yaml')}`,
      `--state-dir=${folder}`,
      `--generate-kubeconfig=${webhook}`,
      `--kubeconfig=${join(state, 'kubeconfig')}`,
      // The deploy role is in the file; the ConfigMap aws-auth is watched as in EKS.
      '--backend-mode=MountedFile,EKSConfigMap',
      '--address=127.0.0.1',
      `--port=${ports.authenticator}`,
    ],
    // Without a region it would look for one in the metadata service of EC2, which does not exist here.
    env: { AWS_EC2_METADATA_DISABLED: 'true', AWS_REGION: 'us-east-1' },
  })
  await supervisor.ready('aws-iam-authenticator', async () => existsSync(webhook))
  return webhook
}

const told = [
  { group: '', resources: ['pods/status', 'events'] },
  { group: 'events.k8s.io', resources: ['events'] },
  ...['apps', 'batch', 'argoproj.io', 'external-secrets.io'].map(group => ({ group, resources: ['*/status'] })),
]

/** Statuses and events with their content, everything else by name: verdict delays are measured against this log. */
const auditPolicy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  omitManagedFields: true,
  rules: [
    { level: 'None', resources: [{ group: 'coordination.k8s.io', resources: ['leases'] }] },
    { level: 'None', resources: [{ group: '', resources: ['nodes', 'nodes/status'] }] },
    { level: 'RequestResponse', verbs: ['create', 'update', 'patch'], resources: told },
    { level: 'None', nonResourceURLs: ['/healthz*', '/readyz*', '/livez*', '/openapi*', '/api', '/apis', '/apis/*'] },
    { level: 'Metadata' },
  ],
}

export async function startApiServer({ state, supervisor }: Context, kube: Kube, webhook: string): Promise<void> {
  const pki = (file: string): string => join(state, 'pki', file)
  const policy = join(state, 'audit-policy.yaml')
  await writeFile(policy, JSON.stringify(auditPolicy))
  supervisor.start({
    name: 'kube-apiserver',
    command: program('kubernetes', 'kube-apiserver'),
    args: [
      `--etcd-servers=${etcdUrl}`,
      `--bind-address=${addresses.apiServer}`,
      `--advertise-address=${addresses.apiServer}`,
      '--secure-port=443',
      '--allow-privileged=true',
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--client-ca-file=${pki('ca.crt')}`,
      `--service-cluster-ip-range=${serviceSubnet}`,
      '--authorization-mode=Node,RBAC',
      '--enable-admission-plugins=NodeRestriction',
      ...serviceAccountFlags(pki),
      ...aggregationFlags(pki),
      `--authentication-token-webhook-config-file=${webhook}`,
      '--authentication-token-webhook-cache-ttl=5s',
      `--kubelet-client-certificate=${pki('admin.crt')}`,
      `--kubelet-client-key=${pki('admin.key')}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--audit-policy-file=${policy}`,
      `--audit-log-path=${join(state, 'log/audit.log')}`,
      '--audit-log-maxsize=200',
      '--audit-log-maxbackup=2',
    ],
  })
  await controlPlaneReady(supervisor, kube)
}

function etcdReady(supervisor: Supervisor): Promise<void> {
  return supervisor.ready('etcd', async () => (await fetch(`${etcdUrl}/health`)).ok)
}

export async function controlPlaneReady(supervisor: Supervisor, kube: Kube): Promise<void> {
  await etcdReady(supervisor)
  await supervisor.ready('kube-apiserver', async () => (await kube.send('GET', '/readyz')).status === 200)
}

type PkiFile = (file: string) => string

function serviceAccountFlags(pki: PkiFile): readonly string[] {
  return [
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki('service-account.pub')}`,
    `--service-account-signing-key-file=${pki('service-account.key')}`,
  ]
}

/** Aggregated APIs are reached at their endpoints' addresses: there is no kube-proxy. */
function aggregationFlags(pki: PkiFile): readonly string[] {
  return [
    '--enable-aggregator-routing=true',
    `--requestheader-client-ca-file=${pki('ca.crt')}`,
    '--requestheader-allowed-names=aggregator',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    `--proxy-client-cert-file=${pki('aggregator.crt')}`,
    `--proxy-client-key-file=${pki('aggregator.key')}`,
  ]
}

export async function startControllers({ state, supervisor }: Context): Promise<void> {
  const pki = (file: string): string => join(state, 'pki', file)
  const managerConfig = await writeKubeconfig(state, 'controller-manager')
  supervisor.start({
    name: 'kube-controller-manager',
    command: program('kubernetes', 'kube-controller-manager'),
    args: [
      `--kubeconfig=${managerConfig}`,
      '--bind-address=127.0.0.1',
      `--root-ca-file=${pki('ca.crt')}`,
      `--service-account-private-key-file=${pki('service-account.key')}`,
      '--use-service-account-credentials=true',
      '--leader-elect=false',
      `--flex-volume-plugin-dir=${join(state, 'controller-manager/volume-plugins')}`,
    ],
  })
  const schedulerConfig = await writeKubeconfig(state, 'scheduler')
  supervisor.start({
    name: 'kube-scheduler',
    command: program('kubernetes', 'kube-scheduler'),
    args: [`--kubeconfig=${schedulerConfig}`, '--bind-address=127.0.0.1', '--leader-elect=false'],
  })
}

/** Resolves when pods can be made: each needs the service account that the controller manager makes. */
export async function defaultAccountReady({ supervisor }: Context, kube: Kube): Promise<void> {
  const path = '/api/v1/namespaces/default/serviceaccounts/default'
  await supervisor.ready('kube-controller-manager', async () => (await kube.send('GET', path)).status === 200)
}
