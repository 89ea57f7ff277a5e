import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { shopRuntime } from '../../sandbox/base/shop-runtime.ts'
import { attach } from '../../sandbox/platform.ts'
import type { EnterOptions } from '../../sandbox/platform.ts'
import { ports } from '../../sandbox/world.ts'

jest.setTimeout(300_000)

const sample = resolve(import.meta.dirname, '../../examples/shop')
const repository = `127.0.0.1:${ports.registry}/shop/sample`
const namespace = 'shop-sample'
const platform = attach()
const folders: string[] = []

async function run(command: string, args: readonly string[], options?: EnterOptions): Promise<string> {
  const { code, stdout, stderr } = await platform.enter(command, args, options)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`)
  return stdout.trim()
}

const kubectl = (...args: string[]): Promise<string> => run('kubectl', ['--namespace', namespace, ...args])
const apply = (text: string): Promise<string> =>
  run('kubectl', ['--namespace', namespace, 'apply', '-f', '-'], { input: text })

interface Pod {
  readonly metadata: { readonly name: string }
  readonly status: {
    readonly podIP: string
    readonly containerStatuses?: readonly {
      readonly restartCount: number
      readonly state: State
      readonly lastState: State
    }[]
  }
}
interface State {
  readonly terminated?: { readonly exitCode: number }
}

const podOf = async (name: string): Promise<Pod> => JSON.parse(await kubectl('get', 'pod', name, '-o', 'json')) as Pod

async function podsOf(component: string): Promise<readonly Pod[]> {
  const list = await kubectl('get', 'pods', '-l', `app.kubernetes.io/component=${component}`, '-o', 'json')
  return (JSON.parse(list) as { items: Pod[] }).items
}

/** Asks until the answer is as wanted; jest's own limit ends a wait in vain. */
async function until<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    await sleep(200)
  }
}

async function json(
  pod: Pod,
  path: string,
  init?: RequestInit,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`http://${pod.status.podIP}:8000${path}`, { ...init, keepalive: false })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Builds the sample as its users do, with one of the demo's patches if wanted. Returns the image by digest. */
async function build(commit: string, patch?: string): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), 'shop-'))
  folders.push(context)
  await cp(sample, context, { recursive: true })
  if (patch !== undefined) await run('git', ['apply', join(sample, 'demo', patch)], { cwd: context })
  const metadata = join(context, 'metadata.json')
  const output = ['--provenance=false', '--output', `type=image,name=${repository}:${commit},push=true`]
  await run('buildx', ['build', '--build-arg', `COMMIT=${commit}`, ...output, '--metadata-file', metadata, context])
  const digest = (JSON.parse(await readFile(metadata, 'utf8')) as Record<string, unknown>)['containerimage.digest']
  return `${repository}@${String(digest)}`
}

async function manifests(image: string, only: (file: string) => boolean): Promise<string> {
  const files = (await readdir(join(sample, 'k8s'))).filter(only)
  const texts = await Promise.all(files.map(file => readFile(join(sample, 'k8s', file), 'utf8')))
  return texts.join('\n---\n').replaceAll('image: shop/api\n', `image: ${image}\n`)
}

/** A pod that runs the API's process once, with or without the settings of the application. */
function apiPod(name: string, image: string, secret: string | undefined): string {
  const envFrom = secret === undefined ? [] : [{ secretRef: { name: secret } }]
  const securityContext = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  }
  const command = ['uvicorn', 'app.main:app', '--host', '0.0.0.0']
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ name: 'api', image, command, envFrom, securityContext }],
    },
  })
}

let good = ''

beforeAll(async () => {
  // A worker that another test left behind takes its orders from the same Redis, and would confirm ours.
  await platform.reset()
  const [image] = await Promise.all([
    build('good'),
    ...shopRuntime(namespace, platform.database).map(object => until(() => tryApply(JSON.stringify(object)), Boolean)),
  ])
  good = image
  await apply(await manifests(image, file => ['accounts.yaml', 'stores.yaml', 'migrate.yaml'].includes(file)))
  await kubectl('wait', 'job/migrate', '--for=condition=complete', '--timeout=120s')
  await apply(await manifests(image, file => ['api.yaml', 'worker.yaml'].includes(file)))
  await kubectl('rollout', 'status', 'deployment/worker', '--timeout=120s')
  // The HorizontalPodAutoscaler brings the second pod.
  await until(
    () => kubectl('get', 'deployment', 'api', '-o', 'jsonpath={.status.readyReplicas}'),
    ready => ready === '2',
  )
})

/** The Secret waits for its namespace. */
async function tryApply(text: string): Promise<boolean> {
  return (await platform.enter('kubectl', ['apply', '-f', '-'], { input: text })).code === 0
}

afterAll(async () => {
  await kubectl('delete', 'namespace', namespace, '--ignore-not-found', '--wait=false')
  await Promise.all(folders.map(folder => rm(folder, { recursive: true })))
})

describe('the sample application in real pods', () => {
  test('the migration Job says from where to where the schema moved', async () => {
    expect(await kubectl('logs', 'job/migrate')).toMatch(/^schema\.from=(empty|0002) schema\.to=0002$/)
  })

  test('every API pod answers with the commit of its image and is ready with both stores', async () => {
    for (const pod of await podsOf('api')) {
      expect(await json(pod, '/')).toEqual({ status: 200, body: { service: 'shop', commit: 'good' } })
      expect(await json(pod, '/livez')).toEqual({ status: 200, body: { status: 'alive' } })
      expect(await json(pod, '/readyz')).toEqual({
        status: 200,
        body: { status: 'ready', postgres: 'ok', redis: 'ok' },
      })
    }
  })

  test('an order placed at one pod is processed by the worker and read from another', async () => {
    const [one, other] = await podsOf('api')
    if (!one || !other) throw new Error('there should be two pods')
    const headers = { 'content-type': 'application/json' }
    const placed = await json(one, '/orders', { method: 'POST', headers, body: '{"sku": "apple", "quantity": 3}' })
    expect(placed).toMatchObject({
      status: 202,
      body: { sku: 'apple', quantity: 3, status: 'pending', processed_at: null },
    })
    const path = `/orders/${String(placed.body['id'])}`
    const { body } = await until(
      () => json(other, path),
      ({ body }) => body['status'] !== 'pending',
    )
    expect(body).toMatchObject({ sku: 'apple', quantity: 3, status: 'confirmed', processed_at: expect.any(String) })
    // The worker writes its line after the order is confirmed, and the kubelet hands it on after that.
    const line = `"order": "${String(placed.body['id'])}"`
    const said = await until(
      () => kubectl('logs', 'deployment/worker'),
      log => log.includes(line),
    )
    expect(said).toContain(line)
  })

  test('it runs as an ordinary user on a read-only file system', async () => {
    const script = 'import os; print(os.getuid(), os.access("/srv/shop", os.W_OK), os.access("/tmp", os.W_OK))'
    expect(await kubectl('exec', 'deployment/api', '--', 'python', '-c', script)).toBe('10001 False False')
  })

  test('told to stop, a pod says that it drains while it still serves, and ends in order', async () => {
    const [pod] = await podsOf('api')
    if (!pod) throw new Error('there should be a pod')
    const { name } = pod.metadata
    await kubectl('exec', name, '--', 'python', '-c', 'import os; os.kill(1, 15)')
    const report = await until(
      () => json(pod, '/readyz'),
      ({ status }) => status !== 200,
    )
    expect(report).toEqual({ status: 503, body: { status: 'draining' } })
    expect(await json(pod, '/')).toMatchObject({ status: 200 })
    const restarted = await until(
      () => podOf(name),
      ({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 0,
    )
    expect(restarted.status.containerStatuses?.[0]?.lastState.terminated?.exitCode).toBe(0)
  })
})

describe('a process that cannot start says why in one line and exits with 3', () => {
  test.each([
    { name: 'without-dsn', patch: undefined, secret: undefined, line: 'shop: DATABASE_URL is not set' },
    { name: 'crash', patch: 'crash.patch', secret: 'shop-runtime', line: 'shop: PAYMENT_API_KEY is not set' },
  ])('$name: $line', async ({ name, patch, secret, line }) => {
    const image = patch === undefined ? good : await build(name, patch)
    await apply(apiPod(name, image, secret))
    const ended = ({ status }: Pod): boolean => status.containerStatuses?.[0]?.state.terminated !== undefined
    const pod = await until(() => podOf(name), ended)
    expect(pod.status.containerStatuses?.[0]?.state.terminated?.exitCode).toBe(3)
    expect(await kubectl('logs', name)).toBe(line)
  })
})

test('the demo commit with a critical finding builds, and its image says what the scanner is to find', async () => {
  const image = await build('critical', 'critical.patch')
  const config = JSON.parse(await run('crane', ['config', '--insecure', image])) as {
    config: { Labels: Record<string, string> }
  }
  const findings = JSON.parse(config.config.Labels['dev.slipway.sandbox.findings'] ?? '') as unknown
  expect(findings).toEqual([
    expect.objectContaining({ name: 'CVE-2020-14343', severity: 'CRITICAL', package: 'pyyaml' }),
  ])
})
