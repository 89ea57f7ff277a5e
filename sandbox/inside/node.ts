import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createConnection } from 'node:net'
import { nodeCredentials } from '../front/node-credentials.ts'
import { pauseImage } from '../provision/pause.ts'
import { partPath, program } from '../provision/parts.ts'
import { addresses, podSubnet, ports, region } from '../world.ts'
import { cgroupOf, makeCgroup } from '../lifecycle/cgroup.ts'
import type { Context } from './context.ts'
import type { Kube } from './kube.ts'
import { nodeName, writeKubeconfig } from './pki.ts'
import { run } from './run.ts'

/** The usual place, on the private /run of the platform: cAdvisor in the kubelet looks nowhere else. */
const containerdSocket = '/run/containerd/containerd.sock'

const nodeLabels = {
  'topology.kubernetes.io/region': region,
  'topology.kubernetes.io/zone': `${region}a`,
  'node.kubernetes.io/instance-type': 'm7i.large',
  'eks.amazonaws.com/nodegroup': 'real',
}

/** containerd with runc and a CNI bridge; the pause image is loaded, not pulled. */
export async function startContainerd({ state, supervisor }: Context): Promise<void> {
  const folder = join(state, 'containerd')
  await mkdir(join(folder, 'cni'), { recursive: true })
  await writeFile(join(folder, 'config.toml'), containerdConfig(folder))
  await writeFile(join(folder, 'cni/10-pods.conflist'), JSON.stringify(podNetwork))
  await writeRegistryHosts(join(folder, 'certs.d'))
  supervisor.start({ name: 'containerd', command: 'containerd', args: ['--config', join(folder, 'config.toml')] })
  await supervisor.ready('containerd', () => accepts(containerdSocket))
  await run('ctr', ['--namespace', 'k8s.io', 'images', 'import', join(partPath('pause'), 'pause.tar')])
}

const podNetwork = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'pods0',
      isGateway: true,
      ipMasq: false,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: podSubnet }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'loopback' },
  ],
}

/** `restrict_oom_score_adj`: where root lacks CAP_SYS_RESOURCE, runc dies with "can't get final child's PID from pipe". */
function containerdConfig(folder: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  return `version = 2
root = "${folder}/root"
state = "/run/slipway/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "${containerdSocket}"
[${cri}]
  sandbox_image = "${pauseImage}"
  disable_tcp_service = true
  restrict_oom_score_adj = true
  [${cri}.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [${cri}.containerd.runtimes.runc.options]
      BinaryName = "/usr/sbin/runc"
  [${cri}.cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
  [${cri}.registry]
    config_path = "${folder}/certs.d"
`
}

/** Public images come from the platform's registry; ECR is pulled from its own name, over TLS, with credentials. */
async function writeRegistryHosts(folder: string): Promise<void> {
  const local = `[host."http://127.0.0.1:${ports.registry}"]\n  capabilities = ["pull", "resolve"]\n`
  const hosts = {
    'public.ecr.aws': `server = "https://public.ecr.aws"\n${local}`,
    [`127.0.0.1:${ports.registry}`]: `server = "http://127.0.0.1:${ports.registry}"\n${local}`,
  }
  for (const [host, text] of Object.entries(hosts)) {
    // containerd writes the colon of a port as an underscore.
    const place = join(folder, host.replace(/:(\d+)$/, '_$1_'))
    await mkdir(place, { recursive: true })
    await writeFile(join(place, 'hosts.toml'), text)
  }
}

/** The kubelet of the one real node, with the credential provider that EKS nodes use for ECR. */
export async function startKubelet({ name, state, supervisor }: Context): Promise<void> {
  const folder = join(state, 'kubelet')
  await mkdir(folder, { recursive: true })
  makeCgroup(name)
  await writeFile(join(folder, 'config.json'), JSON.stringify(kubeletConfig(name, state, folder), undefined, 1))
  await writeFile(join(folder, 'credentials.json'), JSON.stringify(credentialProviders(state), undefined, 1))
  const kubeconfig = await writeKubeconfig(state, 'kubelet')
  const labels = Object.entries(nodeLabels).map(([key, value]) => `${key}=${value}`)
  supervisor.start({
    name: 'kubelet',
    command: program('kubernetes', 'kubelet'),
    args: [
      `--config=${join(folder, 'config.json')}`,
      `--kubeconfig=${kubeconfig}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${addresses.node}`,
      `--node-labels=${labels.join(',')}`,
      `--root-dir=${join(folder, 'root')}`,
      `--cert-dir=${join(folder, 'pki')}`,
      `--image-credential-provider-config=${join(folder, 'credentials.json')}`,
      `--image-credential-provider-bin-dir=${join(partPath('ecr-credential-provider'), 'bin')}`,
    ],
  })
}

function kubeletConfig(name: string, state: string, folder: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: addresses.node,
    providerID: `aws:///${region}a/i-0a1b2c3d4e5f60718`,
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cgroupOf(name)}`,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    volumePluginDir: join(folder, 'volume-plugins'),
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(state, 'pki/ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    clusterDNS: [addresses.dns],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    serializeImagePulls: false,
    // The disk is the developer's own: its filling up is not this node's business.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '0%',
      'imagefs.available': '0%',
      'nodefs.inodesFree': '0%',
    },
    nodeStatusUpdateFrequency: '2s',
  }
}

function credentialProviders(state: string): object {
  const { accessKeyId, secretAccessKey } = nodeCredentials
  const environment = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    SSL_CERT_FILE: join(state, 'pki/ca.crt'),
  }
  return {
    apiVersion: 'kubelet.config.k8s.io/v1',
    kind: 'CredentialProviderConfig',
    providers: [
      {
        name: 'ecr-credential-provider',
        apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
        matchImages: ['*.dkr.ecr.*.amazonaws.com'],
        defaultCacheDuration: '0s',
        env: Object.entries(environment).map(([key, value]) => ({ name: key, value })),
      },
    ],
  }
}

/** Resolves when the node says Ready. */
export async function nodeReady({ supervisor }: Context, kube: Kube): Promise<void> {
  await supervisor.ready(
    'kubelet',
    async () => {
      const { status } = await kube.json('GET', `/api/v1/nodes/${nodeName}`)
      const { conditions = [] } = status as { conditions?: readonly { type: string; status: string }[] }
      return conditions.some(condition => condition.type === 'Ready' && condition.status === 'True')
    },
    60_000,
  )
}

/** True when somebody listens on a Unix socket. */
export function accepts(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return Promise.resolve(false)
  return new Promise(resolve => {
    const connection = createConnection(socket)
    connection.once('connect', () => resolve(true)).once('error', () => resolve(false))
    connection.once('connect', () => connection.destroy())
  })
}
