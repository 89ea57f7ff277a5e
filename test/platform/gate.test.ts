import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import { scenarioOf } from '../../sandbox/scenarios/all.ts'
import { openTheatre, play, type Theatre } from '../../sandbox/scenarios/play.ts'
import { soakSeconds } from '../../sandbox/scenarios/scenario.ts'
import { baseImage } from '../../sandbox/world.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { runGate } from '../../src/rollout/gate/run-gate.ts'
import type { AppliedObject, GateResult } from '../../src/rollout/model.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'

jest.setTimeout(120_000)

let cluster: ClusterClient
beforeAll(async () => {
  cluster = await connectAsAdmin(attach().kubeconfig)
})
afterAll(async () => {
  await cluster.close()
})

describe('on a real kubelet', () => {
  let theatre: Theatre
  beforeAll(async () => {
    theatre = await openTheatre(attach())
  })
  afterAll(() => theatre.close())

  async function resultOf(name: string): Promise<GateResult> {
    const { gate } = await play(scenarioOf(name), theatre)
    if (gate === undefined) throw new Error(`${name} is no release through the gate alone`)
    return gate.result
  }

  test('a process that exits with 3 at once is told with its last words', async () => {
    const { verdict, cause, logs } = await resultOf('crash')
    expect({ verdict, code: cause?.code, says: cause?.says }).toEqual({
      verdict: 'failed',
      code: 'crash-loop',
      says: 'container "api" exited with 3 twice',
    })
    expect(logs.flatMap(({ lines }) => lines)).toContain('boom: DATABASE_URL is not set')
  })

  test('a tag that does not exist is certain, because the registry agrees', async () => {
    const { verdict, cause } = await resultOf('missing-tag')
    expect({ verdict, code: cause?.code, confidence: cause?.confidence }).toEqual({
      verdict: 'failed',
      code: 'image-not-found',
      confidence: 'certain',
    })
  })

  test('a good release is healthy, and was ready before its soak', async () => {
    const { verdict, readyAt = 0, endedAt } = await resultOf('good')
    expect(verdict).toBe('healthy')
    expect(endedAt - readyAt).toBeGreaterThanOrEqual(1_000 * soakSeconds)
  })
})

const quiet = {
  info: () => undefined,
  warn: () => undefined,
  debug: () => undefined,
  group: <T>(_title: string, work: () => Promise<T>) => work(),
}

/** Applies, updates and gates one object as a release would, on a clock of its own. */
async function release(object: KubeObject, clock: Clock = systemClock, meanwhile?: KubeObject): Promise<GateResult> {
  const { namespace = '', name } = object.metadata
  const before = await cluster.get({ ...object, namespace, name })
  const startedAt = clock.now()
  const previousGeneration = before?.metadata.generation
  const applied: AppliedObject = {
    object: await cluster.apply(object),
    ...(previousGeneration === undefined ? {} : { previousGeneration }),
  }
  const ports = { cluster, clock, log: quiet, signal: AbortSignal.timeout(60_000) }
  const judging = runGate({ applied: [applied], startedAt, timeoutMs: 60_000, soakMs: 3_000 }, ports)
  if (meanwhile !== undefined) await cluster.apply(meanwhile)
  return judging
}

function workload(kind: string, namespace: string, pod: object, command = 'sleep 3600'): KubeObject {
  const labels = { app: kind.toLowerCase() }
  const containers = [{ name: 'work', image: baseImage, command: ['sh', '-c', command] }]
  const spec = { terminationGracePeriodSeconds: 0, containers, ...pod }
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name: labels.app, namespace },
    spec: {
      template: { metadata: { labels }, spec },
      ...(kind === 'Job' ? {} : { selector: { matchLabels: labels } }),
      ...(kind === 'StatefulSet' ? { serviceName: 'work' } : {}),
    },
  }
}

describe('with real controllers', () => {
  const namespace = 'gate-controllers'
  beforeAll(async () => {
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace }
    while ((await cluster.get(account)) === undefined) await systemClock.sleep(50)
  })
  afterAll(async () => {
    await cluster.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  })

  test('a Job, a StatefulSet and a DaemonSet without their service account have failed, not before their 10 s', async () => {
    const results = await Promise.all(
      [
        workload('Job', namespace, { serviceAccountName: 'nobody', restartPolicy: 'Never' }),
        workload('StatefulSet', namespace, { serviceAccountName: 'nobody' }),
        workload('DaemonSet', namespace, { serviceAccountName: 'nobody' }),
      ].map(object => release(object)),
    )
    for (const { verdict, cause, startedAt, endedAt } of results) {
      expect([verdict, cause?.code]).toEqual(['failed', 'service-account-missing'])
      expect(endedAt - startedAt).toBeGreaterThanOrEqual(10_000)
    }
  })

  test.each([
    ['right', 0],
    ['a minute ahead', 60_000],
    ['a minute behind', -60_000],
  ])("an update that crashes has failed when the runner's clock is %s", async (_, aheadMs) => {
    const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs }
    const good = workload('Deployment', namespace, {}, `sleep 3600 # ${aheadMs}`)
    expect(await release(good, clock)).toMatchObject({ verdict: 'healthy' })
    const bad = workload('Deployment', namespace, {}, `exit 3 # ${aheadMs}`)
    expect(await release(bad, clock)).toMatchObject({ verdict: 'failed', cause: { code: 'crash-loop' } })
  })

  test('a newer release of the same object supersedes the older one', async () => {
    const [older, newer] = ['older', 'newer'].map(name => workload('Deployment', namespace, {}, `sleep 3600 # ${name}`))
    if (older === undefined) throw new Error('there is no older release')
    expect(await release(older, systemClock, newer)).toMatchObject({
      verdict: 'superseded',
      cause: { code: 'superseded' },
    })
  })
})
