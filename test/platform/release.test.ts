/**
 * What a release does beside applying, on real controllers: configuration that rolls its readers, numbers of pods that
 * an autoscaler keeps, objects of other tools, fields that cannot be changed, and the ways back. Runs inside the platform.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { writersOf } from '../../src/kubernetes/objects.ts'
import { releaseStore } from '../../src/rollout/record/record.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { recordingLog } from '../support/context.ts'
import { crashes, hookJob, runs, set, settings, statefulSet, workload } from '../support/manifests.ts'
import { contentOf, namespaces, type Namespaces } from '../support/namespaces.ts'
import { place, step, writesOf, type Step } from '../support/step.ts'

jest.setTimeout(180_000)

const deploymentKind = { apiVersion: 'apps/v1', kind: 'Deployment' } as const
const podKind = { apiVersion: 'v1', kind: 'Pod' } as const

let cluster: ClusterClient
let spaces: Namespaces

beforeAll(async () => {
  cluster = await connectAsAdmin(attach().kubeconfig)
  spaces = namespaces(cluster)
})
afterAll(async () => {
  await spaces.remove()
  await cluster.close()
})

type Inputs = Readonly<Record<string, string>>

function deploy(namespace: string, objects: readonly KubeObject[], inputs: Inputs = {}, signal?: AbortSignal) {
  const given = { ...place, namespace, manifests: 'app.yaml', soak: '1s', timeout: '90s', ...inputs }
  return step('deploy', given, { files: set(...objects), ...(signal === undefined ? {} : { signal }) })
}

const rollback = (namespace: string, inputs: Inputs = {}): Promise<Step> =>
  step('rollback', { ...place, namespace, soak: '1s', timeout: '90s', ...inputs })

const records = (namespace: string) => releaseStore(namespace, namespace, { cluster, log: recordingLog() }).list()

const pods = async (namespace: string, app: string): Promise<readonly string[]> =>
  (await cluster.list(podKind, namespace, `app=${app}`))
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.uid ?? '')
    .toSorted()

const kubectl = async (namespace: string, object: KubeObject): Promise<void> => {
  const args = ['apply', '--namespace', namespace, '-f', '-']
  const done = await attach().enter('kubectl', args, { input: JSON.stringify(object) })
  expect(done).toMatchObject({ code: 0 })
}

/** A Deployment whose container reads all of ConfigMap `settings` at its start. */
const reader = (script: string, more: object = {}): KubeObject =>
  workload(script, { container: { envFrom: [{ configMapRef: { name: 'settings' } }], ...more } })

/** One application through its releases: each test goes on from where the one before it ended. */
describe('configuration', () => {
  const needsColor = `test "$COLOR" != red || { echo "boom: no red"; exit 3; }; ${runs}`
  const colored = (COLOR: string) => [settings('settings', { COLOR }), reader(needsColor)]
  let namespace = ''
  let first: readonly string[] = []
  beforeAll(async () => {
    namespace = await spaces.create('release-config')
    await deploy(namespace, colored('blue'))
    first = await pods(namespace, 'api')
  })

  test('that is as it was starts no pod anew', async () => {
    expect((await deploy(namespace, colored('blue'))).outputs).toMatchObject({ verdict: 'healthy' })
    expect(await pods(namespace, 'api')).toEqual(first)
  })

  test('that changes is announced by a dry run with what it starts anew', async () => {
    const done = await deploy(namespace, colored('green'), { 'dry-run': 'true' })
    expect(done.log.slice(done.log.indexOf('✓')).trimEnd().split('\n').slice(1)).toEqual([
      `  update ConfigMap ${namespace}/settings`,
      '      data.COLOR: blue → green',
      `  update Deployment ${namespace}/api (restarts: it reads ConfigMap ${namespace}/settings)`,
    ])
    expect(done.summary).toContain(`restarts: it reads ConfigMap ${namespace}/settings`)
    expect(await writesOf(done)).toEqual([])
  })

  test('that changes starts its readers anew, and the gate judges them', async () => {
    expect((await deploy(namespace, colored('green'))).outputs).toMatchObject({ verdict: 'healthy' })
    const now = await pods(namespace, 'api')
    expect(now).toHaveLength(1)
    expect(now).not.toEqual(first)
  })

  test('that is bad fails the release and comes back with the pods that still read the good one', async () => {
    const before = await pods(namespace, 'api')
    const done = await deploy(namespace, colored('red'))
    expect(done.outputs).toMatchObject({ verdict: 'failed', cause: 'crash-loop', rollback: 'rolled-back-healthy' })
    expect(done.errors[0]).toContain('boom: no red')
    expect(await pods(namespace, 'api')).toEqual(before)
    const live = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' })
    expect(live?.['data']).toEqual({ COLOR: 'green' })
  })
})

describe('the number of pods that an autoscaler decides', () => {
  const api = (replicas: number): KubeObject => {
    const { spec, ...rest } = workload(runs)
    return { ...rest, spec: { ...(spec as object), replicas } }
  }
  const autoscaler = (minReplicas: number): KubeObject => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'api' },
    spec: { scaleTargetRef: { ...deploymentKind, name: 'api' }, minReplicas, maxReplicas: 8 },
  })
  const replicasOf = (object: KubeObject | undefined) =>
    (object?.['spec'] as { replicas?: number } | undefined)?.replicas

  /** Every number of pods that the Deployment is told to have while `work` goes on. */
  async function numbersDuring(
    namespace: string,
    work: () => Promise<unknown>,
  ): Promise<ReadonlySet<number | undefined>> {
    const seen = new Set<number | undefined>()
    const over = new AbortController()
    const watching = (async () => {
      for await (const event of cluster.watch(deploymentKind, namespace, over.signal)) {
        if (event.type === 'listed') for (const object of event.objects) seen.add(replicasOf(object))
        if (event.type === 'added' || event.type === 'modified') seen.add(replicasOf(event.object))
      }
    })().catch(() => {
      // Ends with `over`.
    })
    try {
      await work()
    } finally {
      over.abort()
      await watching
    }
    return seen
  }

  test("is handed over where it is ours, never drops, and is the manifest's again when the autoscaler is gone", async () => {
    const namespace = await spaces.create('release-scale')
    expect((await deploy(namespace, [api(4)])).outputs).toMatchObject({ verdict: 'healthy' })
    // It has nothing to change: the field stays ours.
    await kubectl(namespace, autoscaler(4))
    for (let time = 1; time <= 2; time++) {
      const seen = await numbersDuring(namespace, async () => {
        const done = await deploy(namespace, [api(4)])
        expect(done.outputs).toMatchObject({ verdict: 'healthy' })
        expect(done.log).toContain('keeps its number of pods')
      })
      expect([...seen]).toEqual([4])
    }
    const written = await cluster.get({ ...deploymentKind, namespace, name: 'api' })
    expect(writersOf(written ?? api(0)).map(({ manager }) => manager)).toContain('slipway-handover')

    await cluster.remove({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', namespace, name: 'api' })
    expect((await deploy(namespace, [api(2)])).outputs).toMatchObject({ verdict: 'healthy' })
    expect(replicasOf(await cluster.get({ ...deploymentKind, namespace, name: 'api' }))).toBe(2)
  })

  test('is left alone when somebody else made the autoscaler and it has scaled', async () => {
    const namespace = await spaces.create('release-scaled')
    await deploy(namespace, [api(1)])
    await kubectl(namespace, autoscaler(5))
    const key = { ...deploymentKind, namespace, name: 'api' }
    while (replicasOf(await cluster.get(key)) !== 5) await systemClock.sleep(200)
    const seen = await numbersDuring(namespace, async () => {
      const done = await deploy(namespace, [settings('new'), api(1)])
      expect(done.outputs).toMatchObject({ verdict: 'healthy' })
    })
    expect([...seen]).toEqual([5])
  })
})

describe('refused before anything is applied:', () => {
  test('an object that a Helm release owns, unless told otherwise', async () => {
    const namespace = await spaces.create('release-helm')
    const annotations = { 'meta.helm.sh/release-name': 'shop', 'meta.helm.sh/release-namespace': namespace }
    const theirs = settings('settings', { color: 'green' })
    await kubectl(namespace, { ...theirs, metadata: { ...theirs.metadata, annotations } })
    const ours = [settings('settings', { color: 'blue' })]
    const refused = await deploy(namespace, ours)
    expect(refused.errors[0]).toContain(
      `Another tool owns ConfigMap ${namespace}/settings (Helm release ${namespace}/shop).`,
    )
    expect(refused.errors[0]).toContain('docs/troubleshooting.md#object-owned')
    expect(await writesOf(refused)).toEqual([])
    const taken = await deploy(namespace, ours, { 'take-ownership': 'true' })
    expect(taken).toMatchObject({ code: 0, errors: [] })
    const live = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' })
    expect(live?.['data']).toEqual({ color: 'blue' })
  })

  const claims = (storage: string) => [
    {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } },
    },
  ]
  const otherLabels = (() => {
    const { spec, ...rest } = workload(runs)
    const labels = { app: 'web' }
    const { template } = spec as { template: object }
    return {
      ...rest,
      spec: { ...(spec as object), selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } },
    }
  })()

  test.each<[string, KubeObject, KubeObject, string]>([
    [
      'the selector of a Deployment',
      workload(runs),
      otherLabels,
      'spec.selector.matchLabels.app (api → web) cannot be changed',
    ],
    [
      'the claims of a StatefulSet',
      statefulSet(runs, 0, { volumeClaimTemplates: claims('1Gi') }),
      statefulSet(runs, 0, { volumeClaimTemplates: claims('2Gi') }),
      'spec.volumeClaimTemplates[data].spec.resources.requests.storage (1Gi → 2Gi) cannot be changed',
    ],
    [
      'the content of an immutable ConfigMap',
      { ...settings('fixed', { color: 'blue' }), immutable: true },
      { ...settings('fixed', { color: 'red' }), immutable: true },
      'data.color (blue → red) cannot be changed',
    ],
  ])('a change of %s', async (_, before, after, says) => {
    const namespace = await spaces.create('release-fixed')
    expect(await deploy(namespace, [before])).toMatchObject({ code: 0, errors: [] })
    const refused = await deploy(namespace, [settings('other'), after])
    expect(refused.errors).toHaveLength(1)
    expect(refused.errors[0]).toContain(says)
    expect(refused.errors[0]).toContain('docs/troubleshooting.md#field-immutable')
    expect(await writesOf(refused)).toEqual([])
  })
})

describe('the way back', () => {
  test('of a first release restores what somebody else ran before, and it is judged', async () => {
    const namespace = await spaces.create('release-adopt')
    await kubectl(namespace, settings('settings', { COLOR: 'theirs' }))
    await kubectl(namespace, reader(runs))
    while ((await pods(namespace, 'api')).length === 0) await systemClock.sleep(100)
    const before = await pods(namespace, 'api')

    const bad = [settings('settings', { COLOR: 'ours' }), settings('added'), reader(crashes)]
    const done = await deploy(namespace, bad, { 'force-conflicts': 'true' })
    expect(done.outputs).toMatchObject({ verdict: 'failed', cause: 'crash-loop', rollback: 'rolled-back-healthy' })
    expect(done.errors[0]).toContain('rolled back to what stood before the first release · healthy after')
    expect(await pods(namespace, 'api')).toEqual(before)
    const live = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' })
    expect(live).toMatchObject({ data: { COLOR: 'theirs' } })
    expect(live?.metadata.labels).toBeUndefined()
    expect(Object.keys(await contentOf(namespace, cluster))).not.toContain('ConfigMap added')
  })

  test('of a StatefulSet that waits for its broken pod gets that pod out of the way', async () => {
    const namespace = await spaces.create('release-stuck')
    expect((await deploy(namespace, [statefulSet(runs, 2)])).outputs).toMatchObject({ verdict: 'healthy' })
    const done = await deploy(namespace, [statefulSet(crashes, 2)])
    expect(done.outputs).toMatchObject({ verdict: 'failed', cause: 'crash-loop', rollback: 'rolled-back-healthy' })
    expect(done.log).toMatch(/replaced {2}Pod \S+\/db-1: it is of an earlier revision, not ready/)
    const live = await cluster.list(podKind, namespace, 'app=db')
    const revisions = live.map(({ metadata }) => metadata.labels?.['controller-revision-hash'])
    expect(revisions).toHaveLength(2)
    expect(new Set(revisions).size).toBe(1)
  })

  test('is not needed to mend a first release: the next one frees the StatefulSet that it left stuck', async () => {
    const namespace = await spaces.create('release-mended')
    const broken = await deploy(namespace, [statefulSet(crashes, 1)])
    expect(broken.outputs).toMatchObject({ verdict: 'failed', rollback: '' })
    expect(broken.errors[0]).toContain('There is nothing to go back to')
    const mended = await deploy(namespace, [statefulSet(runs, 1)])
    expect(mended.outputs).toMatchObject({ verdict: 'healthy' })
    expect(mended.log).toMatch(/replaced {2}Pod \S+\/db-0: it is of an earlier revision, not ready/)
  })

  test('on demand is shown by a dry run, recreates what was pruned, and judges it', async () => {
    const namespace = await spaces.create('release-pruned')
    const version = (name: string) => workload(runs, { env: { VERSION: name } })
    await deploy(namespace, [settings('old-feature', { on: 'true' }), version('one')])
    await deploy(namespace, [version('two')])
    expect(Object.keys(await contentOf(namespace, cluster))).not.toContain('ConfigMap old-feature')

    const plan = await rollback(namespace, { 'dry-run': 'true' })
    expect(plan.log.slice(plan.log.indexOf('✓')).trimEnd().split('\n')).toEqual([
      `✓ dry run of the rollback of ${namespace} to r1 in ${namespace}: the server accepts the set · 2 of 2 objects would change`,
      `  create ConfigMap ${namespace}/old-feature`,
      `  update Deployment ${namespace}/api`,
      '      spec.template.spec.containers[api].env[VERSION].value: two → one',
    ])
    expect(await writesOf(plan)).toEqual([])

    expect((await rollback(namespace)).outputs).toMatchObject({ verdict: 'healthy', release: '3', to: '1' })
    const live = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'old-feature' })
    expect(live?.['data']).toEqual({ on: 'true' })
  })
})

test('a Job that a cancelled release began is gone on with, not run a second time', async () => {
  const namespace = await spaces.create('release-job')
  const objects = [hookJob('sleep 8'), workload(runs)]
  const cancel = new AbortController()
  const first = deploy(namespace, objects, {}, cancel.signal)
  while ((await cluster.list(podKind, namespace, 'job-name=migrate-r1')).length === 0) await systemClock.sleep(50)
  cancel.abort()
  expect((await first).outputs).toMatchObject({ verdict: 'cancelled' })
  expect((await deploy(namespace, objects)).outputs).toMatchObject({ verdict: 'healthy', release: '2' })
  const jobs = await cluster.list({ apiVersion: 'batch/v1', kind: 'Job' }, namespace)
  expect(jobs.map(({ metadata }) => metadata.name)).toEqual(['migrate-r1'])
  expect(await records(namespace)).toMatchObject([
    { revision: 2, verdict: 'healthy' },
    { revision: 1, verdict: 'cancelled' },
  ])
})
