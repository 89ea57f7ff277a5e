/** Scenarios in which the release engine decides: 44, 46, 50 and 62. */
import type { Kind, KubeObject } from '../../src/kubernetes/model.ts'
import { deploy } from '../../src/rollout/deploy.ts'
import { SlipwayError } from '../../src/runtime/errors.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { localRegistry, quiet } from '../connect.ts'
import { available, exit, start } from './moments.ts'
import { deployment, shell, simulated, statefulSet } from './objects.ts'
import { exitBound, healthyBound, soakSeconds, type Ending, type Scenario, type Stage } from './scenario.ts'

/** One release through the engine: a set of manifests of the application `shop`, with rollback. */
export async function throughEngine(
  { namespace, cluster }: Stage,
  objects: readonly KubeObject[],
  soakMs = 10_000,
): Promise<Ending> {
  const request = { application: 'shop', namespace, objects, images: [], source: 'k8s', holder: namespace }
  try {
    const { result, rollback } = await deploy(
      { ...request, timeoutMs: 300_000, soakMs, rollback: true, dryRun: false, force: false, takeOwnership: false },
      { cluster, clock: systemClock, log: quiet, images: localRegistry, signal: new AbortController().signal },
    )
    if (result === undefined) throw new Error('a release without a verdict')
    const { verdict, cause, endedAt } = result
    return { verdict, cause, endedAt, ...(rollback === undefined ? {} : { back: rollback.result.verdict }) }
  } catch (thrown) {
    if (!(thrown instanceof SlipwayError)) throw thrown
    return { verdict: 'refused', cause: { code: thrown.code, says: thrown.message }, endedAt: systemClock.now() }
  }
}

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** The definition of one namespaced kind with a status; what it holds is anybody's. */
export function definition(group: string, kind: string, version = 'v1', scope = 'Namespaced'): KubeObject {
  const plural = `${kind.toLowerCase()}s`
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { plural, singular: kind.toLowerCase(), kind },
      versions: [{ name: version, served: true, storage: true, schema, subresources: { status: {} } }],
    },
  }
}

/** Scenarios that run now and need a definition: it stays until the last of them is over. */
const users = new Map<string, number>()

function untilTheEnd({ kube, atEnd }: Stage, { metadata: { name } }: KubeObject): void {
  users.set(name, (users.get(name) ?? 0) + 1)
  atEnd(async () => {
    const left = (users.get(name) ?? 1) - 1
    users.set(name, left)
    if (left === 0) await kube.send('DELETE', `${crds}/${name}`)
  })
}

/** A kind that the cluster has before the release, as an operator that was installed long ago brings it. */
export async function installed(
  stage: Stage,
  group: string,
  kind: string,
  version = 'v1',
  scope = 'Namespaced',
): Promise<void> {
  const made = definition(group, kind, version, scope)
  const served = { apiVersion: `${group}/${version}`, kind }
  // One that the platform brings is not ours to change, nor to take away.
  if (!users.has(made.metadata.name) && (await answers(stage, served))) return
  untilTheEnd(stage, made)
  for (;;) {
    // One that an earlier scenario still deletes comes back only when it is gone.
    await stage.cluster.apply(made)
    if (await answers(stage, served)) return
    await systemClock.sleep(300, stage.signal)
  }
}

async function answers({ cluster, namespace }: Stage, kind: Kind): Promise<boolean> {
  try {
    if ((await cluster.namespaced(kind)) === undefined) return false
    await cluster.list(kind, namespace)
    return true
  } catch {
    return false
  }
}

const env = (value: string) => ({ env: [{ name: 'VERSION', value }] })

const autoscaler = (namespace: string): KubeObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'api', namespace },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
    minReplicas: 3,
    maxReplicas: 5,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
  },
})

/** Two releases whose manifest says one replica, with an HPA that wants three: its three stay. */
async function besideAnAutoscaler(stage: Stage): Promise<Ending> {
  const { namespace, cluster, signal } = stage
  const set = (version: string): readonly KubeObject[] => [
    deployment(namespace, simulated({ container: env(version) })),
  ]
  const replicas = async (): Promise<number | undefined> => {
    const found = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'api', namespace })
    return (found?.['spec'] as { readonly replicas?: number } | undefined)?.replicas
  }
  await throughEngine(stage, set('1'), 0)
  await cluster.apply(autoscaler(namespace))
  while ((await replicas()) !== 3) await systemClock.sleep(500, signal)
  const ending = await throughEngine(stage, set('2'))
  if ((await replicas()) !== 3) throw new Error(`the release set ${String(await replicas())} replicas`)
  return ending
}

/** A good set, then one that crashes: its pod blocks the way back until it is deleted (kubernetes#67250). */
async function brokenSet(stage: Stage): Promise<Ending> {
  const { namespace } = stage
  await throughEngine(stage, [statefulSet(namespace, { container: shell('sleep 3600') })], 0)
  return throughEngine(stage, [statefulSet(namespace, { container: shell('echo bad; exit 3') })])
}

async function definitionWithObject(stage: Stage): Promise<Ending> {
  const { namespace } = stage
  const group = `${namespace}.example.com`
  const made = definition(group, 'Widget')
  untilTheEnd(stage, made)
  const widget = {
    apiVersion: `${group}/v1`,
    kind: 'Widget',
    metadata: { name: 'first', namespace },
    spec: { size: 1 },
  }
  return throughEngine(stage, [widget, made, deployment(namespace, simulated())])
}

/** The lock of a release goes to another run, as it does when this one could not renew it in time. */
async function lockTaken(stage: Stage): Promise<Ending> {
  const { namespace, cluster, signal } = stage
  const releasing = throughEngine(stage, [deployment(namespace, simulated())], 60_000)
  const workload = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api', namespace }
  while ((await cluster.get(workload)) === undefined) await systemClock.sleep(100, signal)
  await cluster.apply(
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'slipway-shop', namespace },
      spec: { holderIdentity: 'another run' },
    },
    { force: true, manager: 'another-run' },
  )
  return releasing
}

const nothing = (): readonly KubeObject[] => []

export const engineScenarios: readonly Scenario[] = [
  {
    name: 'owned-replicas',
    number: 44,
    title: 'release of a Deployment whose replicas an HPA owns',
    where: 'kwok',
    objects: nothing,
    release: besideAnAutoscaler,
    expected: { verdict: 'healthy' },
    after: available('deployments', soakSeconds),
    bound: healthyBound,
  },
  {
    name: 'broken-set',
    number: 46,
    title: 'StatefulSet that crashes, and the way back',
    where: 'node',
    objects: nothing,
    release: brokenSet,
    expected: { verdict: 'failed', cause: 'crash-loop', back: 'healthy' },
    after: exit(2),
    bound: exitBound,
  },
  {
    name: 'definition-and-object',
    number: 50,
    title: 'a CRD and an object of its kind in one release',
    where: 'kwok',
    objects: nothing,
    release: definitionWithObject,
    expected: { verdict: 'healthy' },
    after: available('deployments', soakSeconds),
    bound: healthyBound,
  },
  {
    name: 'lock-taken',
    number: 62,
    title: 'another run takes the lock of a release that is under way',
    where: 'kwok',
    objects: nothing,
    release: lockTaken,
    expected: { verdict: 'superseded', cause: 'superseded' },
    after: start,
    // It is taken in the first second; the release sees it when it renews, every 8 s.
    bound: 12,
  },
]
