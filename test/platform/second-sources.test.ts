/**
 * The built deploy action with what load balancers, alarms and the API server say of a release: real probes of real pods
 * decide on the health of targets, and the session policy of the step on what may be asked. Runs inside the platform.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { runs, set, settings, workload } from '../support/manifests.ts'
import { namespaces, type Namespaces } from '../support/namespaces.ts'
import { front, place, step, type Step } from '../support/step.ts'

jest.setTimeout(180_000)

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

const deploy = (namespace: string, objects: readonly KubeObject[], inputs: Inputs = {}): Promise<Step> =>
  step(
    'deploy',
    { ...place, namespace, manifests: 'app.yaml', soak: '2s', timeout: '120s', ...inputs },
    { files: set(...objects) },
  )

/** What the steps asked of one service since `since`, with the status of each answer. */
async function asked(service: string, since: string): Promise<readonly string[]> {
  const requests = await front<readonly { service?: string; operation?: string; status: number }[]>(
    'GET',
    `/requests?since=${since}`,
  )
  return requests.filter(one => one.service === service).map(one => `${one.operation ?? ''} ${one.status}`)
}

/** Serves its own folder; the kubelet only sees that it listens. */
const web = 'cd /srv && exec python3 -m http.server 8000'

/** A workload behind the load balancer, which asks for `path`. */
function behindBalancer(path: string): readonly KubeObject[] {
  const container = {
    ports: [{ name: 'http', containerPort: 8000 }],
    readinessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 1 },
  }
  const service: KubeObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api' },
    spec: { selector: { app: 'api' }, ports: [{ port: 80, targetPort: 'http' }] },
  }
  const ingress: KubeObject = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: {
      name: 'api',
      annotations: {
        'alb.ingress.kubernetes.io/target-type': 'ip',
        'alb.ingress.kubernetes.io/healthcheck-path': path,
        'alb.ingress.kubernetes.io/healthcheck-interval-seconds': '5',
        'alb.ingress.kubernetes.io/healthy-threshold-count': '2',
        'alb.ingress.kubernetes.io/unhealthy-threshold-count': '2',
      },
    },
    spec: { ingressClassName: 'alb', defaultBackend: { service: { name: 'api', port: { number: 80 } } } },
  }
  return [workload(web, { container }), service, ingress]
}

describe('behind a load balancer', () => {
  let namespace = ''
  beforeAll(async () => {
    namespace = await spaces.create('targets')
  })

  test('a release is healthy when its pods are healthy targets', async () => {
    const since = new Date().toISOString()
    const done = await deploy(namespace, behindBalancer('/'))
    expect(done).toMatchObject({ code: 0, errors: [], outputs: { verdict: 'healthy' } })
    const calls = await asked('elasticloadbalancing', since)
    expect(calls).toContain('DescribeTargetGroups 200')
    expect(calls).toContain('DescribeTargetHealth 200')
    expect(calls.filter(call => !call.endsWith(' 200'))).toEqual([])
    // Nobody named alarms, so the session of the step may not even ask for them.
    expect(await asked('cloudwatch', since)).toEqual([])
  })

  test('one whose pods are ready, but whose targets are refused, has failed with the words of the load balancer', async () => {
    const refused = await spaces.create('refused')
    const done = await deploy(refused, behindBalancer('/no-such-page'))
    expect(done).toMatchObject({ code: 1, outputs: { verdict: 'failed', cause: 'target-unhealthy' } })
    expect(done.errors[0]).toMatch(
      /8000 is unhealthy in k8s-refused-.* \(Target\.ResponseCodeMismatch: Health checks failed with these codes: \[404\]\)/,
    )
    const [pod] = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, refused, 'app=api')
    expect(pod?.['status']).toMatchObject({
      conditions: expect.arrayContaining([expect.objectContaining({ type: 'Ready', status: 'True' })]),
    })
  })
})

describe('under alarms', () => {
  const alarm = 'shop-5xx'
  const setAlarm = (state: string): Promise<unknown> =>
    front('POST', '/alarms', { name: alarm, state, reason: '12 errors in a minute' })
  let namespace = ''
  beforeAll(async () => {
    namespace = await spaces.create('alarms')
    await setAlarm('OK')
  })

  test('a release is healthy when they stay quiet, and the session of its step may read them', async () => {
    const since = new Date().toISOString()
    const done = await deploy(namespace, [workload(runs), settings('settings', { color: 'blue' })], { alarms: alarm })
    expect(done).toMatchObject({ code: 0, errors: [], outputs: { verdict: 'healthy' } })
    expect(new Set(await asked('cloudwatch', since))).toEqual(new Set(['DescribeAlarms 200']))
  })

  test('one whose alarm goes off in the soak has failed and is rolled back', async () => {
    const bad = [workload(runs, { env: { VERSION: '2' } }), settings('settings', { color: 'red' })]
    const deploying = deploy(namespace, bad, { alarms: alarm, soak: '60s' })
    const rolled = async (): Promise<boolean> => {
      const map = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' })
      return (map?.['data'] as { color?: string } | undefined)?.color === 'red'
    }
    while (!(await rolled())) await systemClock.sleep(100)
    await systemClock.sleep(3_000)
    await setAlarm('ALARM')
    const done = await deploying
    expect(done).toMatchObject({
      code: 1,
      outputs: { verdict: 'failed', cause: 'alarm-raised', 'rolled-back': 'true' },
    })
    expect(done.errors[0]).toContain(`"${alarm}": 12 errors in a minute`)
    const map = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' })
    expect(map?.['data']).toEqual({ color: 'blue' })
  })

  test('one that was raised before is told, and says nothing about the release', async () => {
    await setAlarm('ALARM')
    const done = await deploy(namespace, [workload(runs), settings('settings', { color: 'green' })], { alarms: alarm })
    // Partial, because a changed ConfigMap is not read by pods that go on running.
    expect(done.outputs['verdict']).toMatch(/^healthy/)
    expect(done.log).toContain(`Alarm "${alarm}" is raised already, so it says nothing about this release`)
  })

  test('a name that does not exist is refused before anything is applied', async () => {
    const done = await deploy(namespace, [settings('settings', { color: 'black' })], { alarms: 'shop-6xx' })
    expect(done).toMatchObject({ code: 1, outputs: {} })
    expect(done.errors[0]).toContain('input "alarms": there is no alarm "shop-6xx" in account')
    const map = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' })
    expect(map?.['data']).toEqual({ color: 'green' })
  })
})

describe('configuration that is missing', () => {
  const env = [{ name: 'URL', valueFrom: { secretKeyRef: { name: 'database', key: 'url' } } }]

  test('is certain, and told within seconds, when the API server does not have it', async () => {
    const namespace = await spaces.create('no-secret')
    const done = await deploy(namespace, [workload(runs, { container: { env } })])
    expect(done.outputs).toMatchObject({ verdict: 'failed', cause: 'config-missing' })
    expect(done.errors[0]).toContain(`Secret ${namespace}/database does not exist`)
    // A0: without a second source it takes 10 s from the kubelet's first word.
    expect(Number(done.outputs['seconds'])).toBeLessThan(9)
  })

  test('names the key that a Secret lacks, and none of its values', async () => {
    const namespace = await spaces.create('no-key')
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'database', namespace },
      stringData: { user: 'correct-horse-battery' },
    }
    await cluster.apply(secret)
    const done = await deploy(namespace, [workload(runs, { container: { env } })])
    expect(done.outputs).toMatchObject({ verdict: 'failed', cause: 'config-missing' })
    expect(done.errors[0]).toContain(`Secret ${namespace}/database has no key "url"`)
    expect(JSON.stringify(done)).not.toContain('correct-horse-battery')
  })
})
