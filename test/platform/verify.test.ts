/**
 * The built verify action on what kubectl and Helm applied, and releases as GitHub Deployments: the real programs, real
 * tokens, a real kubelet. Runs inside the platform.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import { baseImage } from '../../sandbox/world.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { isSame, replay } from '../../src/rollout/gate/trace/replay.ts'
import { crashes, runs, set, workload } from '../support/manifests.ts'
import { namespaces, type Namespaces } from '../support/namespaces.ts'
import { front, place, step, writesOf, type Step } from '../support/step.ts'

jest.setTimeout(180_000)

const platform = attach()
let cluster: ClusterClient
let spaces: Namespaces
let folder = ''

beforeAll(async () => {
  cluster = await connectAsAdmin(platform.kubeconfig)
  spaces = namespaces(cluster)
  folder = await mkdtemp(join(tmpdir(), 'slipway-verify-'))
})
afterAll(async () => {
  await spaces.remove()
  await cluster.close()
  await rm(folder, { recursive: true })
})

async function kubectlApply(namespace: string, ...objects: readonly KubeObject[]): Promise<void> {
  const input = set(...objects)['app.yaml']
  expect(await platform.enter('kubectl', ['apply', '-n', namespace, '-f', '-'], { input })).toMatchObject({ code: 0 })
}

/** A chart whose only template is this object. */
async function helmUpgrade(namespace: string, release: string, object: KubeObject): Promise<void> {
  const chart = join(folder, release)
  const files = {
    'Chart.yaml': `apiVersion: v2\nname: ${release}\nversion: 1.0.0\n`,
    'templates/all.yaml': JSON.stringify(object),
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(chart, path)), { recursive: true })
    await writeFile(join(chart, path), text)
  }
  const args = ['upgrade', '--install', release, chart, '--namespace', namespace]
  expect(await platform.enter('helm', args)).toMatchObject({ code: 0 })
}

const verify = (namespace: string, inputs: Readonly<Record<string, string>>, options = {}): Promise<Step> =>
  step(
    'verify',
    { ...place, namespace, soak: '2s', timeout: '90s', ...inputs },
    { keep: ['result', 'trace'], ...options },
  )

describe('verify', () => {
  test('calls healthy what kubectl has just applied, writes nothing, and leaves a result and a trace that agree', async () => {
    const namespace = await spaces.create('verify-good')
    await kubectlApply(namespace, workload(runs))
    const done = await verify(namespace, { workloads: 'deployment/api' })
    expect(done).toMatchObject({ code: 0, outputs: { verdict: 'healthy', cause: '' } })
    expect(await writesOf(done)).toEqual([])
    const result: unknown = JSON.parse(done.kept['result'] ?? '')
    expect(result).toMatchObject({ action: 'verify', verdict: 'healthy', ok: true, images: [baseImage], changes: [] })
    const again = replay((done.kept['trace'] ?? '').split('\n'))
    expect(again.gates.map(({ recorded }) => recorded)).toEqual([{ verdict: 'healthy' }])
    expect(isSame(again)).toBe(true)
  })

  test('names the cause of a crash after helm upgrade, though Helm called it deployed', async () => {
    const namespace = await spaces.create('verify-helm')
    await helmUpgrade(namespace, 'shop', workload(runs))
    expect((await verify(namespace, { 'helm-release': 'shop' })).outputs).toMatchObject({ verdict: 'healthy' })
    await helmUpgrade(namespace, 'shop', workload(crashes))
    const done = await verify(namespace, { 'helm-release': 'shop' })
    expect(done).toMatchObject({ code: 1, outputs: { verdict: 'failed', cause: 'crash-loop' } })
    expect(done.errors.join('\n')).toContain('boom: DATABASE_URL is not set')
    expect(isSame(replay((done.kept['trace'] ?? '').split('\n')))).toBe(true)
    expect(await writesOf(done)).toEqual([])
  })

  test('refuses a selector that nothing has, and says what is there', async () => {
    const namespace = await spaces.create('verify-nothing')
    await kubectlApply(namespace, workload(runs))
    const done = await verify(namespace, { selector: 'app=apl' })
    expect(done.code).toBe(1)
    expect(done.errors[0]).toContain(`input "selector": nothing in namespace "${namespace}" has app=apl.`)
    expect(done.errors[0]).toContain(`There is Deployment ${namespace}/api`)
  })

  test('stalls on an image that nobody applies, and says so instead of judging the old one', async () => {
    const namespace = await spaces.create('verify-image')
    await kubectlApply(namespace, workload(runs))
    const image = `123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api@sha256:${'0'.repeat(64)}`
    const done = await verify(namespace, { workloads: 'deploy/api', 'expected-images': image, timeout: '10s' })
    expect(done).toMatchObject({ code: 1, outputs: { verdict: 'stalled', cause: 'not-applied' } })
    expect(done.errors[0]).toContain(`the pod templates name ${baseImage}`)
  })
})

interface Kept {
  readonly deployments: readonly { readonly id: number; readonly sha: string; readonly environment: string }[]
  readonly deploymentStatuses: readonly { readonly state: string; readonly deployment_url: string }[]
}

describe('GitHub Deployments of releases', () => {
  const commits = { good: 'a'.repeat(40), bad: 'b'.repeat(40) } as const

  async function statesOf(sha: string, environment: string): Promise<readonly string[]> {
    const { deployments, deploymentStatuses } = await front<Kept>('GET', '/github')
    const ids = deployments.filter(one => one.sha === sha && one.environment === environment).map(({ id }) => `/${id}`)
    return deploymentStatuses
      .filter(({ deployment_url: url }) => ids.some(id => url.endsWith(id)))
      .map(({ state }) => state)
  }

  test('a good release is a success; one that fails is a failure and makes the one before active again', async () => {
    const namespace = await spaces.create('verify-github')
    const { token } = await front<{ token: string }>('POST', '/github/tokens', {
      permissions: { deployments: 'write' },
    })
    const deploy = (sha: string, object: KubeObject, inputs: Readonly<Record<string, string>> = {}): Promise<Step> =>
      step(
        'deploy',
        { ...place, namespace, manifests: 'app.yaml', soak: '1s', timeout: '90s', 'github-token': token, ...inputs },
        { sha, files: set(object) },
      )
    const environment = `${place.cluster}/${namespace}`
    expect((await deploy(commits.good, workload(runs))).outputs).toMatchObject({ verdict: 'healthy' })
    expect(await statesOf(commits.good, environment)).toEqual(['in_progress', 'success'])
    const bad = await deploy(commits.bad, workload(crashes), { 'environment-url': 'https://shop.example.com' })
    expect(bad.outputs).toMatchObject({ verdict: 'failed', 'rolled-back': 'true' })
    expect(bad.hidden).toContain(token)
    expect(await statesOf(commits.bad, environment)).toEqual(['in_progress', 'failure'])
    expect(await statesOf(commits.good, environment)).toEqual(['in_progress', 'success', 'success'])
  })

  test('a token without the permission is a line of the log; a job with an environment of its own is left to GitHub', async () => {
    const namespace = await spaces.create('verify-quiet')
    const inputs = { ...place, namespace, manifests: 'app.yaml', soak: '0s', timeout: '90s' }
    const { token } = await front<{ token: string }>('POST', '/github/tokens', { permissions: { contents: 'read' } })
    const files = set(workload(runs))
    const denied = await step('deploy', { ...inputs, 'github-token': token }, { files })
    expect(denied.code).toBe(0)
    expect(denied.log).toContain('not shown as a GitHub Deployment: the token may not write them')
    // The subject as the role trusts it: only the claim tells of the environment here.
    const claims = { environment: 'prod', sub: 'repo:acme/shop:ref:refs/heads/main' }
    const own = await step('deploy', { ...inputs, 'github-token': 'any' }, { files, claims })
    expect(own.log).toContain('GitHub shows this job as a deployment to "prod" itself')
    expect(await statesOf(denied.sha, `${place.cluster}/${namespace}`)).toEqual([])
  })
})
