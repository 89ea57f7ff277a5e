/** Releases and rollbacks that are killed at a step, and what the next run makes of it. For use inside the platform. */
import { join } from 'node:path'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import { acquireLease } from '../../src/kubernetes/lease.ts'
import type { Kind, KubeObject } from '../../src/kubernetes/model.ts'
import { deploy } from '../../src/rollout/deploy.ts'
import type { ReleaseOutcome } from '../../src/rollout/model.ts'
import { releaseStore } from '../../src/rollout/record/record.ts'
import { rollback } from '../../src/rollout/way-back/rollback.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { quiet } from '../connect.ts'
import type { Platform } from '../platform.ts'
import { requestFor, type Doom } from './doomed.ts'
import { simulated } from './simulated.ts'

export type Story = 'release' | 'failing release' | 'rollback'

/** Each step of each story, in an order that it can have: what is not in the way of each other goes side by side. */
export const steps: Readonly<Record<Story, readonly string[]>> = {
  release: [
    'take the lock',
    'apply Secret slipway-shop-r2',
    'apply Secret slipway-shop-members',
    'apply ConfigMap settings',
    'apply ConfigMap new',
    'apply Deployment api',
    'gate',
    'remove ConfigMap old',
    'apply Secret slipway-shop-members #2',
    'apply Secret slipway-shop-r2 #2',
    'free the lock',
  ],
  'failing release': [
    'take the lock',
    'apply Secret slipway-shop-r2',
    'apply Secret slipway-shop-members',
    'apply ConfigMap settings',
    'apply ConfigMap new',
    'apply Deployment api',
    'gate',
    'apply ConfigMap settings #2',
    'apply ConfigMap old',
    'apply Deployment api #2',
    'remove ConfigMap new',
    'gate #2',
    'apply Secret slipway-shop-r2 #2',
    'free the lock',
  ],
  rollback: [
    'take the lock',
    'apply Secret slipway-shop-r3',
    'apply Secret slipway-shop-members',
    'apply ConfigMap settings',
    'apply ConfigMap old',
    'apply Deployment api',
    'remove ConfigMap new',
    'gate',
    'apply Secret slipway-shop-members #2',
    'apply Secret slipway-shop-r3 #2',
    'free the lock',
  ],
}

export interface Aftermath {
  /** Steps that the killed run took. */
  readonly taken: readonly string[]
  /** Signal that ended it; null when it came to its own end. */
  readonly endedBy: string | null
  /** What the next run came to. */
  readonly verdict: string | undefined
  /** From the next run's start until it had the lock. */
  readonly lockSeconds: number
  /** What stands in the namespace, but for records and locks: `ConfigMap settings {"color":"red"}`. */
  readonly content: readonly string[]
  /** Verdicts of the records, newest first; `running` for a run that died. */
  readonly records: readonly string[]
}

/** What must stand in the end. */
export function expectedContent(story: Story): readonly string[] {
  const [color, version, other] = story === 'rollback' ? ['blue', '1', 'old'] : ['red', '2', 'new']
  return [
    `ConfigMap ${other} {}`,
    `ConfigMap settings {"color":"${color}"}`,
    'ConfigMap theirs {"made":"by hand"}',
    `Deployment api version ${version}, 1 of 1 ready`,
  ]
}

/**
 * A first release; then, of a story, the run that dies before `diesBefore`; then the next run, which is the same again
 * (for a failing release: its repaired version). `patient` waits for the dead lock's own end, 30 s; else the lock is
 * made to end at once.
 */
export async function killAndGoOn(
  story: Story,
  diesBefore: string | undefined,
  { platform, admin, patient = false }: { platform: Platform; admin: ClusterClient; patient?: boolean },
): Promise<Aftermath> {
  const namespace = `kill-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}`
  try {
    await newNamespace(namespace, admin)
    await admin.create({ ...configMap('theirs', { made: 'by hand' }, namespace) })
    await release(namespace, 'first', firstSet, admin)
    if (story === 'rollback') await release(namespace, 'second', secondSet, admin)
    const { taken, endedBy } = await killedRun(story, namespace, diesBefore, platform)
    if (!patient) await endLock(namespace, admin)
    const began = systemClock.now()
    const lockSeconds = await secondsToLock(namespace, admin, began)
    const outcome =
      story === 'rollback' ? await goBack(namespace, admin) : await release(namespace, 'next', secondSet, admin)
    return {
      taken,
      endedBy,
      verdict: outcome.result?.verdict,
      lockSeconds,
      content: await contentOf(namespace, admin),
      records: await recordsOf(namespace, admin),
    }
  } finally {
    await admin.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  }
}

const configMapKind: Kind = { apiVersion: 'v1', kind: 'ConfigMap' }
const deploymentKind: Kind = { apiVersion: 'apps/v1', kind: 'Deployment' }

const firstSet = [configMap('settings', { color: 'blue' }), configMap('old', {}), api('1')]
const secondSet = [configMap('settings', { color: 'red' }), configMap('new', {}), api('2')]
const badSet = [configMap('settings', { color: 'black' }), configMap('new', {}), api('bad')]

function killedRun(
  story: Story,
  namespace: string,
  diesBefore: string | undefined,
  platform: Platform,
): Promise<{ readonly taken: readonly string[]; readonly endedBy: string | null }> {
  const doom: Doom = {
    namespace,
    what: story === 'rollback' ? 'rollback' : 'deploy',
    objects: story === 'failing release' ? badSet : secondSet,
    holder: 'the run that dies',
    // Its pod is ready for a second before it crashes.
    soakMs: story === 'failing release' ? 2_000 : 0,
    ...(diesBefore === undefined ? {} : { diesBefore }),
  }
  const program = join(import.meta.dirname, 'doomed.ts')
  const child = platform.spawn(process.execPath, [program, JSON.stringify(doom)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (_, endedBy) => resolve({ taken: text.split('\n').filter(line => line !== ''), endedBy }))
  })
}

async function newNamespace(namespace: string, admin: ClusterClient): Promise<void> {
  await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace }
  while ((await admin.get(account)) === undefined) await systemClock.sleep(50)
}

const portsFor = (cluster: ClusterClient) => ({
  cluster,
  clock: systemClock,
  log: quiet,
  signal: new AbortController().signal,
})

function release(
  namespace: string,
  holder: string,
  objects: readonly KubeObject[],
  admin: ClusterClient,
): Promise<ReleaseOutcome> {
  const request = {
    ...requestFor({ namespace, holder }),
    images: [],
    source: 'app',
    rollback: true,
    takeOwnership: false,
  }
  return deploy({ ...request, objects, force: false }, portsFor(admin))
}

/** Back to the first release, which is what the killed run wanted; it may have been one step short of saying so. */
function goBack(namespace: string, admin: ClusterClient): Promise<ReleaseOutcome> {
  return rollback({ ...requestFor({ namespace, holder: 'next' }), to: 1 }, portsFor(admin))
}

/** Takes the lock as the next run would, and lets it go again. */
async function secondsToLock(namespace: string, cluster: ClusterClient, began: number): Promise<number> {
  const request = { cluster, namespace, application: 'shop', holder: 'next', waitMs: 60_000 }
  const lock = await acquireLease(request, { clock: systemClock }, new AbortController().signal)
  const took = (systemClock.now() - began) / 1_000
  await lock.release()
  return took
}

/** As if its holder had died a while ago. */
async function endLock(namespace: string, admin: ClusterClient): Promise<void> {
  const key = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace, name: 'slipway-shop' }
  const lease = await admin.get(key)
  if (lease === undefined) return
  await admin.replace({ ...lease, spec: { ...(lease['spec'] as object), leaseDurationSeconds: 1 } })
}

async function contentOf(namespace: string, admin: ClusterClient): Promise<readonly string[]> {
  const maps = await admin.list(configMapKind, namespace)
  const deployments = await admin.list(deploymentKind, namespace)
  return [
    ...maps
      .filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt')
      .map(({ metadata, data = {} }) => `ConfigMap ${metadata.name} ${JSON.stringify(data)}`),
    ...deployments.map(({ metadata, spec, status }) => {
      const { replicas, template } = spec as Spec
      const { readyReplicas = 0 } = status as { readonly readyReplicas?: number }
      return `Deployment ${metadata.name} version ${template.metadata.labels.version}, ${readyReplicas} of ${replicas} ready`
    }),
  ].toSorted()
}

interface Spec {
  readonly replicas: number
  readonly template: { readonly metadata: { readonly labels: { readonly version: string } } }
}

async function recordsOf(namespace: string, admin: ClusterClient): Promise<readonly string[]> {
  const records = await releaseStore(namespace, 'shop', { cluster: admin, log: quiet }).list()
  return records.map(({ verdict = 'running', rolledBackTo }) =>
    rolledBackTo === undefined ? verdict : `${verdict}, back to r${rolledBackTo}`,
  )
}

function configMap(name: string, data: Readonly<Record<string, string>>, namespace?: string): KubeObject {
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) }
  return { ...configMapKind, metadata, data }
}

/** One pod on a simulated node; of version `bad` it crashes again and again. */
function api(version: string): KubeObject {
  const sim = version === 'bad' ? { sim: 'crash-loop' } : {}
  return simulated('Deployment', { name: 'api', labels: { ...sim, version } })
}
