import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addresses, cluster, frontHosts } from '../world.ts'
import { kubernetesService } from './network.ts'
import { run } from './run.ts'

/** Name of the one real node. */
export const nodeName = 'real-0'

interface Subject {
  readonly name: string
  readonly subject: string
  readonly alternatives?: readonly string[]
}

const apiServerNames = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', cluster.host]
const apiServerAddresses = ['127.0.0.1', addresses.apiServer, kubernetesService]

const subjects: readonly Subject[] = [
  {
    name: 'apiserver',
    subject: '/CN=kube-apiserver',
    alternatives: [...apiServerNames.map(dns), ...apiServerAddresses.map(ip)],
  },
  { name: 'front', subject: '/CN=front', alternatives: [...frontHosts.map(dns), ip(addresses.front)] },
  { name: 'admin', subject: '/O=system:masters/CN=admin' },
  { name: 'controller-manager', subject: '/CN=system:kube-controller-manager' },
  { name: 'scheduler', subject: '/CN=system:kube-scheduler' },
  { name: 'kubelet', subject: `/O=system:nodes/CN=system:node:${nodeName}` },
  { name: 'aggregator', subject: '/CN=aggregator' },
]

/** Makes the CA, a certificate for everyone and the keys of service account tokens. Elliptic keys: made in an instant. */
export async function makePki(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  // A configuration of our own: the system's would add extensions of a CA to every certificate.
  const config = join(folder, 'openssl.cnf')
  await writeFile(config, '[req]\ndistinguished_name = name\n[name]\n')
  const key = ['-config', config, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30']
  const ca = ['-x509', ...key, '-keyout', join(folder, 'ca.key'), '-out', join(folder, 'ca.crt')]
  const usage = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  const identifier = ['-addext', 'subjectKeyIdentifier=hash']
  await Promise.all([
    run('openssl', ['req', ...ca, '-subj', '/CN=slipway platform CA', ...usage, ...identifier]),
    makeServiceAccountKeys(folder),
  ])
  await Promise.all(subjects.map(subject => issue(folder, key, subject)))
}

async function issue(folder: string, key: readonly string[], { name, subject, alternatives }: Subject): Promise<void> {
  const file = (suffix: string): string => join(folder, `${name}.${suffix}`)
  const authority = ['-x509', '-CA', join(folder, 'ca.crt'), '-CAkey', join(folder, 'ca.key')]
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth,clientAuth',
    ...(alternatives ? [`subjectAltName=${alternatives.join(',')}`] : []),
  ]
  const use = extensions.flatMap(extension => ['-addext', extension])
  const files = ['-keyout', file('key'), '-out', file('crt')]
  await run('openssl', ['req', ...authority, ...key, ...files, '-subj', subject, ...use])
}

async function makeServiceAccountKeys(folder: string): Promise<void> {
  const key = join(folder, 'service-account.key')
  await run('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key])
  await run('openssl', ['ec', '-in', key, '-pubout', '-out', join(folder, 'service-account.pub')])
}

/** A kubeconfig file for one of the certificates. Returns its path. */
export async function writeKubeconfig(state: string, user: string): Promise<string> {
  const pki = join(state, 'pki')
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'platform',
    contexts: [{ name: 'platform', context: { cluster: 'platform', user } }],
    clusters: [
      {
        name: 'platform',
        cluster: { server: `https://${addresses.apiServer}:443`, 'certificate-authority': join(pki, 'ca.crt') },
      },
    ],
    users: [
      { name: user, user: { 'client-certificate': join(pki, `${user}.crt`), 'client-key': join(pki, `${user}.key`) } },
    ],
  }
  const file = join(state, user === 'admin' ? 'kubeconfig' : `${user}.kubeconfig`)
  await writeFile(file, JSON.stringify(config, undefined, 1), { mode: 0o600 })
  return file
}

function dns(name: string): string {
  return `DNS:${name}`
}

function ip(address: string): string {
  return `IP:${address}`
}
