/**
 * The Kubernetes client against a real API server, as its administrator and as EKS users come: role, session, token.
 * Runs inside the platform.
 */
import { readFile } from 'node:fs/promises'
import { rootCertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { KubeConfig, KubernetesObjectApi, PatchStrategy, type KubernetesObject } from '@kubernetes/client-node'
import { connectAsAdmin, quiet } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import { account, baseImage, cluster as world, kubernetesVersion, region, roles } from '../../sandbox/world.ts'
import { ecrPush, eksDeploy } from '../../src/identity/session-policy.ts'
import { openSession } from '../../src/identity/session.ts'
import { createCluster, type ClusterClient } from '../../src/kubernetes/client.ts'
import { connectEks } from '../../src/kubernetes/eks.ts'
import { KubeError } from '../../src/kubernetes/errors.ts'
import { readKubeconfig } from '../../src/kubernetes/kubeconfig.ts'
import { LeaseLostError, acquireLease } from '../../src/kubernetes/lease.ts'
import type { KubeObject, WatchEvent } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { jobContext } from '../support/job-context.ts'

jest.setTimeout(120_000)

const platform = attach()
const namespace = `client-${Date.now()}`
const configMaps = { apiVersion: 'v1', kind: 'ConfigMap' } as const
const never = new AbortController().signal
let cluster: ClusterClient
/** client-node: another implementation, and another field manager. */
let other: KubernetesObjectApi

beforeAll(async () => {
  cluster = await connectAsAdmin(platform.kubeconfig)
  const config = new KubeConfig()
  config.loadFromFile(platform.kubeconfig)
  other = KubernetesObjectApi.makeApiClient(config)
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
})
afterAll(async () => {
  await cluster.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  await cluster.close()
})

const configMap = (name: string, data: Readonly<Record<string, string>>): KubeObject => ({
  ...configMaps,
  metadata: { name, namespace },
  data,
})

function deployment(name: string, replicas: number, more: object = {}): KubeObject {
  const labels = { app: name }
  const containers = [{ name: 'api', image: baseImage, command: ['sh', '-c', 'echo hello; echo world; sleep 600'] }]
  const spec = {
    replicas,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers, terminationGracePeriodSeconds: 1 } },
    ...more,
  }
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace }, spec }
}

/** Collects the events of a watch until it is stopped. */
function collect(
  kind: typeof configMaps,
  inNamespace: string,
): { events: WatchEvent[]; stop(): Promise<void>; until(holds: () => boolean): Promise<void> } {
  const [events, abort] = [[] as WatchEvent[], new AbortController()]
  const done = (async () => {
    for await (const event of cluster.watch(kind, inNamespace, abort.signal)) events.push(event)
  })()
  return {
    events,
    stop: () => {
      abort.abort(new Error('enough'))
      return done
    },
    until: async holds => {
      while (!holds()) await systemClock.sleep(20)
    },
  }
}

const sees = (events: readonly WatchEvent[], type: string, name: string): boolean =>
  events.some(event => event.type === type && 'object' in event && event.object.metadata.name === name)

describe('as administrator', () => {
  test('the version is that of the server', async () => {
    expect(await cluster.version()).toBe(`v${kubernetesVersion}`)
  })

  test('a list holds what another client lists; of managedFields only who wrote it', async () => {
    await cluster.apply(configMap('listed', { a: '1' }))
    const theirs = await other.list<KubernetesObject>('v1', 'ConfigMap', namespace)
    const expected = theirs.items.map(({ metadata }) => [metadata?.name, metadata?.resourceVersion, metadata?.uid])
    const ours = await cluster.list(configMaps, namespace)
    expect(ours.map(({ metadata }) => [metadata.name, metadata.resourceVersion, metadata.uid])).toEqual(expected)
    expect(ours.every(({ kind }) => kind === 'ConfigMap')).toBe(true)
    const listed = ours.find(({ metadata }) => metadata.name === 'listed')
    expect(listed?.metadata['managedFields']).toEqual([
      { manager: 'slipway', operation: 'Apply', time: expect.stringMatching(/Z$/) },
    ])
    expect(await cluster.list(configMaps, namespace, 'no=such')).toEqual([])
  })

  test('600 objects come over several pages', async () => {
    const names = Array.from({ length: 600 }, (_, i) => `page-${i}`)
    for (let i = 0; i < names.length; i += 50) {
      await Promise.all(
        names
          .slice(i, i + 50)
          .map(name => cluster.create({ ...configMaps, metadata: { name, namespace, labels: { page: 'yes' } } })),
      )
    }
    const listed = await cluster.list(configMaps, namespace, 'page=yes')
    expect(listed.map(({ metadata }) => metadata.name).toSorted()).toEqual(names.toSorted())
  })

  test('a watch sees what is made, changed and removed after its list', async () => {
    await cluster.apply(configMap('before', {}))
    const watch = collect(configMaps, namespace)
    await watch.until(() => watch.events.length > 0)
    expect(watch.events[0]).toMatchObject({ type: 'listed', kind: configMaps })
    await cluster.apply(configMap('seen', { a: '1' }))
    await cluster.apply(configMap('seen', { a: '2' }))
    await cluster.remove({ ...configMaps, namespace, name: 'seen' })
    await watch.until(() => sees(watch.events, 'deleted', 'seen'))
    await watch.stop()
    const ofSeen = watch.events.filter(event => 'object' in event && event.object.metadata.name === 'seen')
    expect(ofSeen.map(({ type }) => type)).toEqual(['added', 'modified', 'deleted'])
  })

  test('a dry run validates and defaults but changes nothing', async () => {
    const dry = await cluster.apply(deployment('dry', 1), { dryRun: true })
    expect(dry).toMatchObject({ spec: { progressDeadlineSeconds: 600 } })
    expect(await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'dry' })).toBeUndefined()
  })

  test('a field of another manager is a conflict that names it, and force takes it over', async () => {
    await cluster.apply(deployment('contested', 0))
    const theirs = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'contested', namespace },
      spec: { replicas: 0, paused: true },
    }
    await other.patch(theirs, undefined, undefined, 'other-tool', true, PatchStrategy.ServerSideApply)
    const mine = deployment('contested', 0, { paused: false })
    const error: unknown = await cluster.apply(mine).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(KubeError)
    expect(error).toMatchObject({ status: 409, conflicts: [{ manager: 'other-tool', field: '.spec.paused' }] })
    expect(await cluster.apply(mine, { force: true })).toMatchObject({ metadata: { generation: expect.any(Number) } })
  })

  test('a misspelt field is refused, not dropped', async () => {
    await expect(cluster.apply(deployment('typo', 0, { replica: 3 }), { dryRun: true })).rejects.toMatchObject({
      kind: 'user',
      message: expect.stringContaining('.spec.replica'),
    })
  })

  test('two who replace the same version: one wins', async () => {
    const made = await cluster.create(configMap('raced', {}))
    await cluster.replace({ ...made, data: { by: 'first' } })
    await expect(cluster.replace({ ...made, data: { by: 'second' } })).rejects.toMatchObject({
      status: 409,
      reason: 'Conflict',
    })
    expect(await cluster.get({ ...configMaps, namespace, name: 'raced' })).toMatchObject({ data: { by: 'first' } })
  })

  test('a kind that was defined a moment ago is found', async () => {
    const widget = { apiVersion: 'client.slipway.test/v1', kind: 'Widget' }
    expect(await cluster.namespaced(widget)).toBeUndefined()
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
    await cluster.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.client.slipway.test' },
      spec: {
        group: 'client.slipway.test',
        scope: 'Namespaced',
        names: { kind: 'Widget', plural: 'widgets', singular: 'widget' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    })
    try {
      while ((await cluster.namespaced(widget)) === undefined) await systemClock.sleep(50)
      expect(await cluster.namespaced(widget)).toBe(true)
    } finally {
      await cluster.remove({
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        name: 'widgets.client.slipway.test',
      })
    }
  })

  test('the last lines of a container on the real node', async () => {
    await cluster.apply(deployment('talker', 1))
    const lines = async (): Promise<string> => {
      const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, namespace, 'app=talker')
      if (!pod) return ''
      return cluster.logs(pod.metadata.name, namespace, { container: 'api', tailLines: 1 }).catch(() => '')
    }
    while ((await lines()) === '') await systemClock.sleep(200)
    expect(await lines()).toBe('world\n')
    await cluster.remove({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'talker' })
  })

  test('one lock, one holder: the older release learns that a newer one took over', async () => {
    const request = { cluster, namespace, application: 'shop', waitMs: 0 }
    const older = await acquireLease({ ...request, holder: 'run 1' }, { clock: systemClock }, never)
    await expect(acquireLease({ ...request, holder: 'run 2' }, { clock: systemClock }, never)).rejects.toMatchObject({
      code: 'lock-held',
    })
    const newer = await acquireLease({ ...request, holder: 'run 2', takeOver: true }, { clock: systemClock }, never)
    if (!older.lost.aborted) await new Promise(resolve => older.lost.addEventListener('abort', resolve))
    expect(older.lost.reason).toBeInstanceOf(LeaseLostError)
    expect(older.lost.reason).toMatchObject({ holder: 'run 2' })
    await Promise.all([older.release(), newer.release()])
    const again = await acquireLease({ ...request, holder: 'run 3' }, { clock: systemClock }, never)
    expect(again.takenFrom).toBeUndefined()
    await again.release()
  })

  test('a certificate of another CA is refused, and told as that', async () => {
    const connection = await readKubeconfig(await readFile(platform.kubeconfig, 'utf8'), path => readFile(path, 'utf8'))
    const stranger = createCluster({
      ...connection,
      ca: rootCertificates[0] ?? '',
      clock: systemClock,
      random: Math.random,
      log: quiet,
    })
    await expect(stranger.version()).rejects.toMatchObject({ code: 'cluster-unreachable', reason: 'tls' })
    await stranger.close()
  })

  test('a watch outlives a restart of the API server and misses nothing', async () => {
    const watch = collect(configMaps, namespace)
    await watch.until(() => watch.events.length > 0)
    await platform.restart('kube-apiserver')
    const apply = (): Promise<unknown> => cluster.apply(configMap('after-restart', { a: '1' })).catch(() => undefined)
    while ((await apply()) === undefined) await systemClock.sleep(200)
    const listedAgain = (): boolean =>
      watch.events
        .slice(1)
        .some(
          event => event.type === 'listed' && event.objects.some(({ metadata }) => metadata.name === 'after-restart'),
        )
    await watch.until(() => sees(watch.events, 'added', 'after-restart') || listedAgain())
    await watch.stop()
    const gaps = watch.events.filter(({ type }) => type === 'gap').length
    const lists = watch.events.filter(({ type }) => type === 'listed').length
    expect(gaps).toBeLessThanOrEqual(lists)
  })
})

describe('as a job with an OIDC token', () => {
  const place = { partition: 'aws', region, account }
  const api = { ...place, name: 'shop/api' }
  const policy = eksDeploy({ ...place, cluster: world.name, repositories: [api], alarms: false, judged: true })

  test('role, session policy and signed token open the cluster, with the rights of the group', async () => {
    const { context, masked } = jobContext()
    const session = await openSession({ role: roles.deploy, region, policy }, context)
    const eks = await connectEks({ cluster: world.name, session, context })
    expect(await eks.version()).toBe(`v${kubernetesVersion}`)
    expect(await eks.apply(configMap('from-ci', { by: 'ci' }))).toMatchObject({ data: { by: 'ci' } })
    const kind = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' }
    await expect(eks.list(kind, undefined)).rejects.toMatchObject({
      kind: 'denied',
      status: 403,
      why: expect.stringContaining('verb "list" on "clusterroles"'),
    })
    expect(masked.some(secret => secret.startsWith('k8s-aws-v1.'))).toBe(true)
    await eks.close()
  })

  // The role may describe its own cluster only, so AWS does not even say that the other one does not exist.
  test('a misspelt cluster leads to the input', async () => {
    const { context } = jobContext()
    const session = await openSession({ role: roles.deploy, region }, context)
    await expect(connectEks({ cluster: 'prd', session, context })).rejects.toMatchObject({
      todo: expect.stringContaining('Correct the input "cluster"'),
    })
  })

  test('a session policy without eks:DescribeCluster is told as that', async () => {
    const { context } = jobContext()
    const session = await openSession({ role: roles.deploy, region, policy: ecrPush({ push: [api] }) }, context)
    await expect(connectEks({ cluster: world.name, session, context })).rejects.toMatchObject({
      code: 'eks-describe-denied',
    })
  })

  test('a pull request is refused by the trust policy in under three seconds, and told what its token says', async () => {
    const { context } = jobContext({ event_name: 'pull_request', ref: 'refs/pull/7/merge' })
    const before = systemClock.now()
    await expect(openSession({ role: roles.deploy, region }, context)).rejects.toMatchObject({
      code: 'role-denied',
      why: expect.stringContaining('event=pull_request'),
    })
    expect(systemClock.now() - before).toBeLessThan(3_000)
  })

  test('a role that does not exist is the same refusal', async () => {
    const { context } = jobContext()
    const role = `arn:aws:iam::${account}:role/nobody`
    await expect(openSession({ role, region }, context)).rejects.toMatchObject({ code: 'role-denied' })
  })
})
