import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dump, loadAll } from 'js-yaml'
import { partPath, program } from '../provision/parts.ts'
import { addresses, kubernetesVersion, ports, region } from '../world.ts'
import type { Context } from './context.ts'
import type { Kube } from './kube.ts'

/** Stages of kwok itself that every pod without a `sim` label follows: Ready at once, complete, delete. */
const stockStages = [
  'pod/fast/pod-ready',
  'pod/fast/pod-complete',
  'pod/fast/pod-delete',
  'node/fast/node-initialize',
  'node/heartbeat-with-lease/node-heartbeat-with-lease',
]

/** The stage that pods with a `sim` label follow as well: whatever they play, they can be deleted. */
const forAll = 'pod-delete'

interface Stage {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly selector?: { readonly matchExpressions?: readonly object[] } }
}

/** A pod picks its behaviour with the label `sim` (see sandbox/stages); without it, it becomes Ready at once. */
export async function startKwok({ state, supervisor }: Context): Promise<void> {
  const folder = join(state, 'kwok')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'stages.yaml'), (await stages()).map(stage => dump(stage)).join('---\n'))
  supervisor.start({
    name: 'kwok',
    command: program('kwok'),
    args: [
      `--kubeconfig=${join(state, 'kubeconfig')}`,
      `--config=${join(folder, 'stages.yaml')}`,
      '--manage-all-nodes=false',
      '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
      `--node-ip=${addresses.node}`,
      `--node-port=${ports.kwok}`,
      `--server-address=127.0.0.1:${ports.kwok}`,
      '--node-lease-duration-seconds=40',
      '--cidr=10.202.0.0/16',
    ],
    // It keeps a configuration folder in the home folder.
    env: { HOME: folder },
  })
}

async function stages(): Promise<readonly Stage[]> {
  const own = join(import.meta.dirname, '../stages')
  const files = (await readdir(own)).filter(file => file.endsWith('.yaml')).toSorted()
  const ours = await Promise.all(files.map(async file => loadAll(await readFile(join(own, file), 'utf8')) as Stage[]))
  const stock = await Promise.all(
    stockStages.map(async name => {
      const file = join(partPath('kwok'), 'stages', `${name}.yaml`)
      return (loadAll(await readFile(file, 'utf8')) as Stage[]).map(withoutSimLabel)
    }),
  )
  return [...ours.flat(), ...stock.flat()]
}

function withoutSimLabel(stage: Stage): Stage {
  if (stage.metadata.name === forAll) return stage
  const rule = { key: '.metadata.labels["sim"]', operator: 'DoesNotExist' }
  const { selector } = stage.spec
  const matchExpressions = [rule, ...(selector?.matchExpressions ?? [])]
  return { ...stage, spec: { ...stage.spec, selector: { ...selector, matchExpressions } } }
}

/** The simulated nodes of a fresh platform: three zones, two architectures. */
const simulatedNodes = [
  { zone: 'a', architecture: 'amd64' },
  { zone: 'b', architecture: 'amd64' },
  { zone: 'b', architecture: 'arm64' },
  { zone: 'c', architecture: 'amd64' },
  { zone: 'c', architecture: 'arm64' },
]

export const simulatedTaint = { key: 'kwok.x-k8s.io/node', value: 'fake', effect: 'NoSchedule' }
export const simulatedTaints = [simulatedTaint]

export async function registerSimulatedNodes(kube: Kube): Promise<void> {
  await Promise.all(
    simulatedNodes.map(async ({ zone, architecture }) => {
      const node = simulatedNode(`sim-${zone}-${architecture}`, `${region}${zone}`, architecture)
      await kube.apply(`/api/v1/nodes/${node.metadata.name}`, node)
    }),
  )
}

/** Tainted, so that only pods that tolerate it land there; everything else runs on the real node. */
export function simulatedNode(name: string, zone: string, architecture: string) {
  const capacity = { cpu: '64', memory: '256Gi', pods: '500', 'ephemeral-storage': '100Gi' }
  const labels = {
    type: 'kwok',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': architecture,
    'topology.kubernetes.io/region': region,
    'topology.kubernetes.io/zone': zone,
    'node.kubernetes.io/instance-type': architecture === 'arm64' ? 'm7g.16xlarge' : 'm7i.16xlarge',
  }
  const nodeInfo = { architecture, operatingSystem: 'linux', kubeletVersion: `v${kubernetesVersion}` }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels, annotations: { 'kwok.x-k8s.io/node': 'fake', 'node.alpha.kubernetes.io/ttl': '0' } },
    spec: { taints: simulatedTaints },
    status: { capacity, allocatable: capacity, nodeInfo },
  }
}
