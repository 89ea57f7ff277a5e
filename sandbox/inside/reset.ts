import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ports } from '../world.ts'
import { podProcesses } from '../lifecycle/cgroup.ts'
import { applyClusterObjects } from './cluster-services.ts'
import type { Context } from './context.ts'
import { flushRedis, recreateDatabase } from './data.ts'
import { controlPlaneReady } from './control-plane.ts'
import { keysIn, removeKeys } from './etcd.ts'
import { Kube } from './kube.ts'
import { nodeName } from './pki.ts'
import type { Supervisor } from './supervisor.ts'
import { registerSimulatedNodes, simulatedTaints } from './simulated.ts'

/** Kept whole by a reset; everything outside `default` and these goes, `default` keeps what a fresh one has. */
const systemNamespaces = new Set(['kube-system', 'kube-public', 'kube-node-lease'])

/** How long pods may take to end before their objects are removed under the kubelet's hands. */
const podsMs = 1500

/** Writes down what a fresh cluster holds: what is not in this list is what a reset removes. */
export async function rememberFresh(state: string): Promise<void> {
  await writeFile(freshFile(state), JSON.stringify(await keysIn('/registry/')))
}

/**
 * Back to a fresh platform: the cluster as it was when it came up, AWS and GitHub state and databases as new, processes
 * that ended started again. The content of the registry and BuildKit's cache stay.
 */
export async function reset({ name, state, supervisor }: Context): Promise<string> {
  const kube = new Kube(state)
  try {
    await revive(supervisor, kube)
    await Promise.all([resetFront(), recreateDatabase(), flushRedis(), emptyCluster(name, state, kube)])
  } finally {
    kube.close()
  }
  return 'clean'
}

/** Starts what ended, and waits until the control plane answers. */
async function revive(supervisor: Supervisor, kube: Kube): Promise<void> {
  const ended = supervisor.ended()
  for (const process of ended) await supervisor.restart(process)
  if (ended.length > 0) await controlPlaneReady(supervisor, kube)
}

async function resetFront(): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${ports.control}/reset`, { method: 'POST' })
  if (!answer.ok) throw new Error(`the front cannot reset: ${answer.status} ${await answer.text()}`)
}

/**
 * Owners go first and straight from etcd, so that nothing makes pods again and no finalizer or namespace controller is
 * waited for; pods go through the API server, so that the kubelet ends their containers properly, and their namespaces
 * stay so long: the API server takes no status of a pod whose namespace is gone.
 */
async function emptyCluster(name: string, state: string, kube: Kube): Promise<void> {
  const fresh = new Set(JSON.parse(await readFile(freshFile(state), 'utf8')) as string[])
  const extra = async (): Promise<readonly string[]> =>
    (await keysIn('/registry/')).filter(key => !fresh.has(key) && !isSystem(key))
  await removeKeys(
    (await extra()).filter(key => !/^\/registry\/(pods|namespaces|serviceaccounts|configmaps)\//.test(key)),
  )
  const deadline = Date.now() + podsMs
  while ((await endPods(kube)) > 0 && Date.now() < deadline) {
    await sleep(100)
    killPodProcesses(name)
  }
  await removeKeys((await extra()).filter(key => key.startsWith('/registry/namespaces/')))
  // Controllers put back what every namespace has, until they hear that the namespace is gone.
  await sleep(150)
  await removeKeys(await extra())
  await Promise.all([applyClusterObjects(kube), restoreNodes(kube)])
}

/** What every namespace has anyway. */
const ofEveryNamespace = new Set([
  '/registry/serviceaccounts/default/default',
  '/registry/configmaps/default/kube-root-ca.crt',
])

/** Keys of namespaced objects of the system, and what the control plane keeps for itself. */
function isSystem(key: string): boolean {
  const [, , kind, ...rest] = key.split('/')
  const own = kind === 'masterleases' || kind === 'ranges' || ofEveryNamespace.has(key)
  return own || rest.some(part => systemNamespaces.has(part))
}

/** Asks every pod outside the system to end within a second; pods of simulated nodes at once. Returns how many there are. */
async function endPods(kube: Kube): Promise<number> {
  const { items } = (await kube.json('GET', '/api/v1/pods')) as { items: readonly Pod[] }
  const pods = items.filter(({ metadata }) => !systemNamespaces.has(metadata.namespace))
  const fresh = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined || metadata.finalizers)
  await Promise.all(
    fresh.map(async ({ metadata, spec }) => {
      const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`
      const without = { metadata: { finalizers: null } }
      if (metadata.finalizers) await kube.send('PATCH', path, without, 'application/merge-patch+json')
      await kube.send('DELETE', path, { gracePeriodSeconds: spec.nodeName === nodeName ? 1 : 0 })
    }),
  )
  return pods.length
}

/** The kubelet gives every container two seconds, whatever the pod says; killed, they end at once. */
function killPodProcesses(name: string): void {
  for (const pid of podProcesses(name)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
}

interface Pod {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly deletionTimestamp?: string
    readonly finalizers?: readonly string[]
  }
  readonly spec: { readonly nodeName?: string }
}

/** Nodes that a test deleted, cordoned or tainted. */
async function restoreNodes(kube: Kube): Promise<void> {
  await registerSimulatedNodes(kube)
  const { items } = (await kube.json('GET', '/api/v1/nodes')) as { items: readonly { metadata: { name: string } }[] }
  await Promise.all(
    items.map(async ({ metadata: { name } }) => {
      const spec = { unschedulable: null, taints: name === nodeName ? null : simulatedTaints }
      await kube.json('PATCH', `/api/v1/nodes/${name}`, { spec }, 'application/merge-patch+json')
    }),
  )
}

function freshFile(state: string): string {
  return join(state, 'fresh-keys.json')
}
