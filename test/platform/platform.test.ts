/** What everything else stands on: the platform's own promises. Runs inside the platform. */
import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { processStates } from '../../sandbox/lifecycle/status.ts'
import { attach } from '../../sandbox/platform.ts'
import { addresses, baseImage, hosts } from '../../sandbox/world.ts'

jest.setTimeout(120_000)

const platform = attach()
const namespace = 'platform-test'

async function kubectl(args: readonly string[], input?: object): Promise<string> {
  const given = input === undefined ? {} : { input: JSON.stringify(input) }
  const { code, stdout, stderr } = await platform.enter('kubectl', ['--namespace', namespace, ...args], given)
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`)
  return stdout.trim()
}

const create = (object: object): Promise<string> => kubectl(['apply', '-f', '-'], object)

async function get<T>(...args: string[]): Promise<T> {
  return JSON.parse(await kubectl(['get', ...args, '--output=json'])) as T
}

/** Asks until the answer is as wanted; jest's own limit ends a wait in vain. */
async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    await sleep(200)
  }
}

interface Pod {
  readonly spec: { readonly nodeName?: string }
  readonly status: {
    readonly phase: string
    readonly containerStatuses?: readonly {
      readonly restartCount: number
      readonly state: { readonly waiting?: { readonly reason: string } }
      readonly lastState?: { readonly terminated?: { readonly reason: string; readonly exitCode: number } }
    }[]
  }
}

interface Node {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] }
}

/** A pod that runs one Python program. */
function python(name: string, program: string, more: object = {}): object {
  const container = { name: 'main', image: baseImage, command: ['python3', '-c', program] }
  const spec = { restartPolicy: 'Never', containers: [container] }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...spec, ...more } }
}

async function outputOf(name: string): Promise<readonly string[]> {
  await until(
    () => get<Pod>('pod', name),
    ({ status }) => status.phase === 'Succeeded' || status.phase === 'Failed',
  )
  return (await kubectl(['logs', name])).split('\n')
}

/** A pod on a simulated node that plays a part of sandbox/stages. */
function simulated(behaviour: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: behaviour, labels: { sim: behaviour } },
    spec: {
      nodeSelector: { type: 'kwok' },
      tolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }],
      containers: [{ name: 'main', image: 'shop/api:1' }],
    },
  }
}

const statusOf = async (pod: string) => (await get<Pod>('pod', pod)).status.containerStatuses?.[0]

beforeAll(async () => {
  await kubectl(['delete', 'namespace', namespace, '--ignore-not-found'])
  await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  await until(
    () => platform.enter('kubectl', ['--namespace', namespace, 'get', 'serviceaccount', 'default']),
    ({ code }) => code === 0,
  )
})

afterAll(async () => {
  await kubectl(['delete', 'namespace', namespace, '--wait=false'])
})

describe('what runs', () => {
  test('every process of the platform runs', () => {
    const states = processStates(platform.name)
    expect(states.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['etcd', 'kube-apiserver', 'kubelet', 'front']),
    )
    expect(states.filter(({ state }) => state !== 'running')).toEqual([])
  })

  test('the real node and the simulated ones of three zones and two architectures are Ready', async () => {
    const { items } = await get<{ items: readonly Node[] }>('nodes')
    const ready = items.filter(({ status }) =>
      status.conditions.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    )
    expect(ready.map(({ metadata }) => metadata.name)).toContain(platform.node)
    const values = (label: string): Set<string | undefined> =>
      new Set(ready.map(({ metadata }) => metadata.labels[label]))
    expect(values('topology.kubernetes.io/zone').size).toBe(3)
    expect(values('kubernetes.io/arch')).toEqual(new Set(['amd64', 'arm64']))
  })

  test('a process that is restarted comes back', async () => {
    const pidOf = (name: string) => processStates(platform.name).find(state => state.name === name)?.pid
    const before = pidOf('coredns')
    await platform.restart('coredns')
    expect(pidOf('coredns')).not.toBe(before)
    await until(
      () => lookup('kubernetes.default.svc.cluster.local').catch(() => undefined),
      found => found?.address === '10.96.0.1',
    )
  })
})

describe('a pod', () => {
  test('runs on the real node from the registry, and resolves an ExternalName by ClusterFirst DNS', async () => {
    const spec = { type: 'ExternalName', externalName: hosts.database }
    await create({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'database' }, spec })
    const program = `
import socket
print(socket.gethostbyname('database'))
socket.create_connection(('database', ${platform.database.port}), 5)
print('connected')`
    await create(python('resolver', program))
    expect(await outputOf('resolver')).toEqual([addresses.database, 'connected'])
    expect((await get<Pod>('pod', 'resolver')).spec.nodeName).toBe(platform.node)
  })

  test('reaches the API server as its service account', async () => {
    const program = `
import ssl, urllib.request
folder = '/var/run/secrets/kubernetes.io/serviceaccount/'
headers = {'Authorization': 'Bearer ' + open(folder + 'token').read()}
request = urllib.request.Request('https://kubernetes.default.svc/version', headers=headers)
print(urllib.request.urlopen(request, context=ssl.create_default_context(cafile=folder + 'ca.crt')).status)`
    await create(python('caller', program))
    expect(await outputOf('caller')).toEqual(['200'])
  })

  test('reaches nothing outside', async () => {
    const program = `
import socket
for host, port in (('192.0.2.1', 443), ('example.com', 443)):
    try: print(socket.create_connection((host, port), 5))
    except OSError as error: print(type(error).__name__)`
    await create(python('leaver', program))
    expect(await outputOf('leaver')).toEqual(['OSError', 'gaierror'])
  })

  test('gets its CPU measured, and an HPA reads it', async () => {
    const labels = { app: 'busy' }
    const container = {
      name: 'main',
      image: baseImage,
      command: ['python3', '-c', 'import time\nwhile True: time.sleep(0.01)'],
      resources: { requests: { cpu: '50m' } },
    }
    const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } }
    const spec = { replicas: 1, selector: { matchLabels: labels }, template }
    await create({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'busy' }, spec })
    await kubectl(['autoscale', 'deployment', 'busy', '--min=1', '--max=2', '--cpu=500%'])
    interface Scaler {
      readonly status: {
        readonly currentMetrics?: readonly { resource?: { current: { averageUtilization?: number } } }[]
      }
    }
    const measured = ({ status }: Scaler) => status.currentMetrics?.[0]?.resource?.current.averageUtilization
    const scaler = await until(
      () => get<Scaler>('hpa', 'busy'),
      found => measured(found) !== undefined,
    )
    expect(measured(scaler)).toBeGreaterThanOrEqual(0)
  })
})

describe('a simulated pod', () => {
  test('crash-loop: restarts are counted, the word CrashLoopBackOff appears', async () => {
    await create(simulated('crash-loop'))
    const status = await until(
      () => statusOf('crash-loop'),
      found => (found?.restartCount ?? 0) >= 2 && found?.state.waiting !== undefined,
    )
    expect(status?.state.waiting?.reason).toBe('CrashLoopBackOff')
    expect(status?.lastState?.terminated).toMatchObject({ reason: 'Error', exitCode: 1 })
  })

  test('pull-fail: ErrImagePull, then ImagePullBackOff', async () => {
    await create(simulated('pull-fail'))
    const seen = new Set<string>()
    await until(
      async () => (await statusOf('pull-fail'))?.state.waiting?.reason,
      reason => {
        if (reason !== undefined) seen.add(reason)
        return seen.size === 2
      },
    )
    expect([...seen]).toEqual(['ErrImagePull', 'ImagePullBackOff'])
  })
})

describe('what the deploy role may do', () => {
  test.each([
    ['create', 'deployments.apps', 'yes'],
    ['create', 'namespaces', 'yes'],
    ['update', 'leases.coordination.k8s.io', 'yes'],
    ['get', 'pods/log', 'yes'],
    ['create', 'clusterrolebindings.rbac.authorization.k8s.io', 'no'],
    ['delete', 'namespaces', 'no'],
    ['delete', 'nodes', 'no'],
  ])('%s %s: %s', async (verb, resource, expected) => {
    const group = ['--as=ci:test', '--as-group=gha:deploy', '--as-group=system:authenticated']
    const [name = '', subresource] = resource.split('/')
    const asked = [verb, name, ...(subresource === undefined ? [] : [`--subresource=${subresource}`])]
    const { stdout } = await platform.enter('kubectl', ['--namespace', namespace, 'auth', 'can-i', ...asked, ...group])
    expect(stdout.trim()).toBe(expected)
  })
})

test('nothing outside the platform is reachable from the tests either', async () => {
  await expect(lookup('example.com')).rejects.toMatchObject({ code: 'ENOTFOUND' })
  const socket = connect(443, '192.0.2.1')
  const code = await new Promise(resolve => {
    socket
      .once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
      .once('connect', () => resolve('connected'))
  })
  expect(code).toBe('ENETUNREACH')
})
