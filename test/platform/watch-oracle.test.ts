/**
 * Our watch through a link that is cut, refused and made to forget, against what another client lists: the same objects
 * at the same versions. Runs inside the platform.
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { KubeConfig, KubernetesObjectApi, type KubernetesObject } from '@kubernetes/client-node'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { forgetHistory } from '../../sandbox/faults/control-plane.ts'
import { createDeployer } from '../../sandbox/faults/deployer.ts'
import { openLink, type Link } from '../../sandbox/faults/link.ts'
import { attach } from '../../sandbox/platform.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { WatchEvent } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { Chance } from '../world/chance.ts'

jest.setTimeout(300_000)

const platform = attach()
const kind = { apiVersion: 'v1', kind: 'ConfigMap' } as const
let admin: ClusterClient
let oracle: KubernetesObjectApi
beforeAll(async () => {
  admin = await connectAsAdmin(platform.kubeconfig)
  const config = new KubeConfig()
  config.loadFromFile(platform.kubeconfig)
  oracle = KubernetesObjectApi.makeApiClient(config)
})
afterAll(async () => {
  await admin.close()
})

/** Objects by name, as a consumer of the watch knows them. */
class Follower {
  readonly versions = new Map<string, string>()
  readonly counts = { listed: 0, gap: 0, added: 0, modified: 0, deleted: 0 }
  /** Changes that cannot be: of an object that is not there, or back to an older version. */
  readonly impossible: string[] = []

  take(event: WatchEvent): void {
    this.counts[event.type]++
    if (event.type === 'gap') return
    if (event.type === 'listed') {
      this.versions.clear()
      for (const { metadata } of event.objects) this.versions.set(metadata.name, metadata.resourceVersion ?? '')
      return
    }
    const { name, resourceVersion = '' } = event.object.metadata
    const known = this.versions.get(name)
    if (known !== undefined && Number(resourceVersion) <= Number(known)) this.impossible.push(`${name} went back`)
    if ((event.type === 'added') === (known !== undefined)) this.impossible.push(`${event.type} ${name}`)
    if (event.type === 'deleted') this.versions.delete(name)
    else this.versions.set(name, resourceVersion)
  }
}

async function truth(namespace: string): Promise<ReadonlyMap<string, string>> {
  const { items } = await oracle.list<KubernetesObject>('v1', 'ConfigMap', namespace)
  return new Map(items.map(({ metadata }) => [metadata?.name ?? '', metadata?.resourceVersion ?? '']))
}

const sorted = (versions: ReadonlyMap<string, string>): readonly (readonly [string, string])[] =>
  [...versions].toSorted(([a], [b]) => a.localeCompare(b))

/** Waits at most 30 s; what did not come about, the expectations after it tell. */
async function until(isSo: () => boolean): Promise<void> {
  const end = systemClock.now() + 30_000
  while (!isSo() && systemClock.now() < end) await systemClock.sleep(50)
}

async function trouble(link: Link, chance: number): Promise<void> {
  if (chance < 0.03) link.cut()
  else if (chance < 0.04) {
    link.open = false
    link.cut()
    await systemClock.sleep(700)
    link.open = true
  } else if (chance < 0.06) link.latencyMs = link.latencyMs === 0 ? 150 : 0
}

test.each([1, 2])('a random story of 150 changes, seed %i', async seed => {
  const chance = new Chance(seed)
  const namespace = `oracle-${seed}-${Date.now().toString(36)}`
  await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const deployer = await createDeployer(platform, namespace, admin)
  const link = await openLink()
  const cluster = await deployer.connect(link.url)
  const abort = new AbortController()
  const follower = new Follower()
  const watching = (async () => {
    for await (const event of cluster.watch(kind, namespace, abort.signal)) follower.take(event)
  })()
  try {
    await until(() => follower.counts.listed > 0)
    for (let step = 0; step < 150; step++) {
      // Slowly enough for a watch to be open again between two cuts: what is only listed proves nothing about watching.
      await systemClock.sleep(25)
      const name = `object-${chance.whole(0, 19)}`
      const [choice, luck] = [chance.next(), chance.next()]
      if (choice < 0.25) await admin.remove({ ...kind, namespace, name })
      else await admin.apply({ ...kind, metadata: { name, namespace }, data: { step: String(step) } })
      await trouble(link, luck)
      if (step === 75) {
        link.open = false
        link.cut()
        await admin.apply({ ...kind, metadata: { name: 'unseen', namespace } })
        await forgetHistory(platform, admin)
        link.open = true
      }
    }
    const expected = sorted(await truth(namespace))
    await until(() => JSON.stringify(sorted(follower.versions)) === JSON.stringify(expected))
    expect(sorted(follower.versions)).toEqual(expected)
    expect(follower.impossible).toEqual([])
    expect(follower.counts.listed).toBeGreaterThanOrEqual(2)
    expect(follower.counts.modified).toBeGreaterThan(10)
  } finally {
    abort.abort(new Error('done'))
    await watching
    await cluster.close()
    await link.close()
    await admin.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  }
})
