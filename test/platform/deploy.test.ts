/**
 * The built deploy action as a user's job runs it: real tokens, the deploy role and its RBAC, a real kubelet.
 * Each application lives in a namespace of its own. Runs inside the platform.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import { hosts } from '../../sandbox/world.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import type { ReleaseRecord } from '../../src/rollout/model.ts'
import { releaseStore } from '../../src/rollout/record/record.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { recordingLog } from '../support/context.ts'
import { crashes, hangs, hookJob, runs, set, settings, workload } from '../support/manifests.ts'
import { contentOf, namespaces, type Namespaces } from '../support/namespaces.ts'
import { place, step, writesOf, type Step, type StepOptions } from '../support/step.ts'

jest.setTimeout(120_000)

/** In a Secret of a release, whose container talks about it. */
const password = 'correct-horse-battery'
const commits = { first: 'a'.repeat(40), second: 'b'.repeat(40), third: 'c'.repeat(40) } as const

let cluster: ClusterClient
let spaces: Namespaces
const steps: Step[] = []

beforeAll(async () => {
  cluster = await connectAsAdmin(attach().kubeconfig)
  spaces = namespaces(cluster)
})
afterAll(async () => {
  await spaces.remove()
  await cluster.close()
})

interface Deploy extends Omit<StepOptions, 'files'> {
  readonly inputs?: Readonly<Record<string, string>>
}

async function deploy(namespace: string, objects: readonly KubeObject[], { inputs, ...options }: Deploy = {}) {
  const given = { ...place, namespace, manifests: 'app.yaml', soak: '1s', timeout: '90s', ...inputs }
  const done = await step('deploy', given, { ...options, files: set(...objects) })
  steps.push(done)
  return done
}

const recordsOf = (namespace: string): Promise<readonly ReleaseRecord[]> =>
  releaseStore(namespace, namespace, { cluster, log: recordingLog() }).list()

const dataOf = async (namespace: string, name: string): Promise<unknown> =>
  (await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name }))?.['data']

const podsOf = async (namespace: string): Promise<readonly (string | undefined)[]> =>
  (await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, namespace, 'app=api')).map(({ metadata }) => metadata.uid)

const lastLine = ({ log }: Step): string => log.trimEnd().split('\n').at(-1) ?? ''

/** Refused before anything was written: one error of four lines at most, no record, no lock. */
async function expectRefusal(refused: Step, namespace: string, code: string): Promise<string> {
  expect(refused.errors).toHaveLength(1)
  const [text = ''] = refused.errors
  expect(text).toMatch(new RegExp(`^${code}: docs/troubleshooting.md#${code}$`, 'm'))
  expect(text.split('\n').length).toBeLessThanOrEqual(4)
  const outputs = { trace: expect.stringMatching(/\.trace\.jsonl$/) }
  expect({ code: refused.code, outputs: refused.outputs }).toEqual({ code: 1, outputs })
  expect(refused.log).not.toMatch(/^\s+at .+:\d+:\d+/m)
  expect(await writesOf(refused)).toEqual([])
  expect(Object.keys(await contentOf(namespace, cluster))).not.toContain(`Lease slipway-${namespace}`)
  return text
}

/** One application through its releases: each test goes on from where the one before it ended. */
describe('an application', () => {
  const good = [settings('settings', { color: 'blue' }), settings('old-feature'), workload(runs)]
  let namespace = ''
  let firstPods: readonly (string | undefined)[] = []
  beforeAll(async () => {
    namespace = await spaces.create('deploy-life')
  })

  test('is installed, judged healthy and recorded', async () => {
    const done = await deploy(namespace, good, { sha: commits.first })
    expect(done.outputs).toMatchObject({ verdict: 'healthy', cause: '', release: '1', 'rolled-back': 'false' })
    expect(done).toMatchObject({ code: 0, errors: [] })
    expect(lastLine(done)).toMatch(new RegExp(`^✓ ${namespace} aaaaaaa healthy after \\d+\\.\\d s$`))
    expect(done.summary).toContain(`**${namespace} aaaaaaa** healthy after`)

    const secret = await cluster.get({ apiVersion: 'v1', kind: 'Secret', namespace, name: `slipway-${namespace}-r1` })
    expect(secret).toMatchObject({
      type: 'slipway.dev/release',
      metadata: { annotations: { 'slipway.dev/verdict': 'healthy', 'slipway.dev/commit': commits.first } },
    })
    const [record] = await recordsOf(namespace)
    expect(record).toMatchObject({ revision: 1, verdict: 'healthy', commit: commits.first, actor: 'ada' })
    expect(record?.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ConfigMap settings',
      'ConfigMap old-feature',
      'Deployment api',
    ])
    firstPods = await podsOf(namespace)
    expect(firstPods).toHaveLength(1)
  })

  test('whose next release crashes is back as it was, and the cause is told with the last words of the container', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'database' }, stringData: { password } }
    const talkative = workload(`echo "connecting with ${password}"; ${crashes}`)
    const bad = [settings('settings', { color: 'red' }), settings('new-feature'), secret, talkative]
    const done = await deploy(namespace, bad, { sha: commits.second })
    expect(done.outputs).toMatchObject({ verdict: 'failed', cause: 'crash-loop', release: '2', 'rolled-back': 'true' })
    expect(done.code).toBe(1)
    const [text = ''] = done.errors
    expect(text).toMatch(
      /bbbbbbb failed after .* container "api" exited with 3 twice \(code: crash-loop, blame: code\)/,
    )
    expect(text).toContain('\n    boom: DATABASE_URL is not set\n')
    expect(text).toMatch(/\n {2}rolled back to aaaaaaa · healthy after /)
    expect(done.summary).toContain('boom: DATABASE_URL is not set')
    expect(done.summary).toContain('connecting with ***')

    expect(await dataOf(namespace, 'settings')).toEqual({ color: 'blue' })
    expect(Object.keys(await contentOf(namespace, cluster))).not.toContain('ConfigMap new-feature')
    expect(Object.keys(await contentOf(namespace, cluster))).toContain('ConfigMap old-feature')
    expect(await podsOf(namespace)).toEqual(expect.arrayContaining([...firstPods]))
    expect(await recordsOf(namespace)).toMatchObject([
      { revision: 2, verdict: 'failed', cause: 'crash-loop', rolledBackTo: 1, commit: commits.second },
      { revision: 1, verdict: 'healthy' },
    ])
  })

  test('is not changed by a dry run, which tells the plan', async () => {
    const before = await contentOf(namespace, cluster)
    const next = [settings('settings', { color: 'green' }), settings('brand-new'), workload(runs)]
    const done = await deploy(namespace, next, { inputs: { 'dry-run': 'true' } })
    expect(done).toMatchObject({ code: 0, errors: [], outputs: { 'rolled-back': 'false' } })
    expect(done.log.slice(done.log.indexOf('✓')).trimEnd().split('\n')).toEqual([
      `✓ dry run of ${namespace} 4f2c9ab in ${namespace}: the server accepts the set · 3 of 4 objects would change`,
      `  update ConfigMap ${namespace}/settings`,
      '      data.color: blue → green',
      `  create ConfigMap ${namespace}/brand-new`,
      `  prune  ConfigMap ${namespace}/old-feature`,
    ])
    expect(await contentOf(namespace, cluster)).toEqual(before)
    expect(await writesOf(done)).toEqual([])
  })

  test('loses an object that its manifests no longer hold', async () => {
    const done = await deploy(namespace, [settings('settings', { color: 'blue' }), workload(runs)], {
      sha: commits.third,
    })
    expect(done.outputs).toMatchObject({ verdict: 'healthy', release: '3' })
    expect(done.log).toContain(`pruned    ConfigMap ${namespace}/old-feature`)
    expect(Object.keys(await contentOf(namespace, cluster)).toSorted()).toEqual([
      'ConfigMap settings',
      'Deployment api',
      `Lease slipway-${namespace}`,
      `Secret slipway-${namespace}-members`,
      ...[1, 2, 3].map(revision => `Secret slipway-${namespace}-r${revision}`),
    ])
  })

  test('that is cancelled during the gate says so, keeps what runs and frees its lock', async () => {
    const cancel = new AbortController()
    const before = await podsOf(namespace)
    const next = [settings('settings', { color: 'blue' }), workload(hangs)]
    const deploying = deploy(namespace, next, { signal: cancel.signal })
    while ((await podsOf(namespace)).every(pod => before.includes(pod))) await systemClock.sleep(50)
    cancel.abort()
    const done = await deploying
    expect(done.outputs).toMatchObject({ verdict: 'cancelled', cause: 'cancelled', 'rolled-back': 'false' })
    expect(done.code).toBe(1)
    expect(done.errors[0]).toContain('A release that ended as cancelled is left as it is')
    expect(await recordsOf(namespace)).toMatchObject([
      { revision: 4, verdict: 'cancelled', cause: 'cancelled' },
      {},
      {},
      {},
    ])
    const lock = await cluster.get({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace,
      name: `slipway-${namespace}`,
    })
    expect(lock).toMatchObject({ spec: { holderIdentity: '' } })
    expect(await podsOf(namespace)).toEqual(expect.arrayContaining([...firstPods]))
  })
})

describe('a release that goes wrong at the start', () => {
  test('a Job that fails before the workloads stops the release there', async () => {
    const namespace = await spaces.create('deploy-hook')
    const done = await deploy(namespace, [
      workload(runs),
      hookJob('echo "no such table: orders"; exit 4'),
      settings('a'),
    ])
    expect(done.outputs).toMatchObject({ verdict: 'failed', cause: 'job-failed', 'rolled-back': 'false' })
    expect(done.code).toBe(1)
    expect(done.errors[0]).toContain('no such table: orders')
    expect(done.errors[0]).toContain('There is nothing to go back to')
    expect(Object.keys(await contentOf(namespace, cluster))).toContain('Job migrate-r1')
    expect(Object.keys(await contentOf(namespace, cluster))).not.toContain('Deployment api')
  })

  test('a set may bring its own namespace, which holds its record', async () => {
    const namespace = spaces.name('deploy-own')
    const own = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }
    const done = await deploy(namespace, [settings('settings'), own])
    expect(done.outputs).toMatchObject({ verdict: 'healthy', release: '1' })
    expect(await recordsOf(namespace)).toMatchObject([{ revision: 1, verdict: 'healthy' }])
  })
})

test('two releases at once go one after the other', async () => {
  const namespace = await spaces.create('deploy-twice')
  const inputs = { soak: '3s' }
  const both = await Promise.all([
    deploy(namespace, [workload(runs, { env: { BY: 'one' } })], { inputs }),
    deploy(namespace, [workload(runs, { env: { BY: 'two' } })], { inputs }),
  ])
  expect(new Set(both.map(({ outputs }) => outputs['release']))).toEqual(new Set(['1', '2']))
  expect(both.map(({ outputs }) => outputs['verdict'])).toEqual(['healthy', 'healthy'])
  const later = both.find(({ outputs }) => outputs['release'] === '2')
  expect(later?.log).toContain('waiting for the release that is running: https://github.com/acme/shop/actions/runs/')
  expect(await recordsOf(namespace)).toMatchObject([{ revision: 2 }, { revision: 1 }])
})

describe('refused before anything is applied, in one sentence:', () => {
  test('an image that is not in ECR', async () => {
    const namespace = await spaces.create('deploy-absent')
    const image = `${hosts.registry}/shop/api@sha256:${'0'.repeat(64)}`
    const named = workload(runs, { image: 'shop/api' })
    const done = await deploy(namespace, [settings('settings'), named], { inputs: { images: image } })
    expect(await expectRefusal(done, namespace, 'image-absent')).toContain(`Image ${image} is not in the registry.`)
  })

  test('a field that another manager owns, unless conflicts are forced', async () => {
    const namespace = await spaces.create('deploy-conflict')
    const theirs = settings('settings', { color: 'green', size: 'l' })
    const kubectl = ['apply', '--server-side', '--field-manager=helm', '--namespace', namespace, '-f', '-']
    expect(await attach().enter('kubectl', kubectl, { input: JSON.stringify(theirs) })).toMatchObject({ code: 0 })

    const ours = [settings('settings', { color: 'blue', size: 'm' })]
    const refused = await deploy(namespace, ours)
    const text = await expectRefusal(refused, namespace, 'field-conflict')
    expect(text).toContain(`The API server refuses ConfigMap ${namespace}/settings: helm owns .data.color, .data.size`)
    expect(text).toContain('`force-conflicts: true`')
    expect(await dataOf(namespace, 'settings')).toEqual({ color: 'green', size: 'l' })

    const forced = await deploy(namespace, ours, { inputs: { 'force-conflicts': 'true' } })
    expect(forced).toMatchObject({ code: 0, errors: [] })
    expect(await dataOf(namespace, 'settings')).toEqual({ color: 'blue', size: 'm' })
  })

  const bare = { ...(workload(runs)['spec'] as { template: object }).template, apiVersion: 'v1', kind: 'Pod' }
  const wrong: readonly (readonly [string, string, KubeObject, readonly string[]])[] = [
    [
      'a misspelt field',
      'manifest-refused',
      workload(runs, { container: { imagePullPolicies: 'Always' } }),
      ['Deployment ', 'imagePullPolicies', 'field not declared in schema'],
    ],
    [
      'a pod that breaks the Pod Security level of the namespace',
      'manifest-refused',
      { ...bare, metadata: { name: 'bare' } },
      ['Pod ', 'violates PodSecurity "restricted:latest"'],
    ],
    [
      'more objects than the quota of the namespace allows',
      'manifest-refused',
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'one-too-many' } },
      ['Secret ', 'exceeded quota: few'],
    ],
    [
      'a kind that the role may not write',
      'cluster-rights',
      { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'more' }, spec: { hard: { pods: '100' } } },
      [
        'app.yaml:3: arn:aws:iam::',
        'Missing (3): create, patch, delete on resourcequotas in namespace',
        'apply the Role',
      ],
    ],
    [
      'a kind that the cluster does not know',
      'kind-unknown',
      { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'api' } },
      ['Rollout api: the cluster does not know argoproj.io/v1alpha1 Rollout'],
    ],
    [
      'an object in a namespace that does not exist',
      'manifest-refused',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'elsewhere', namespace: 'deploy-nowhere' } },
      ['ConfigMap deploy-nowhere/elsewhere', 'namespaces "deploy-nowhere" not found'],
    ],
  ]

  describe('by the rules of a namespace,', () => {
    let namespace = ''
    beforeAll(async () => {
      namespace = await spaces.create('deploy-strict', { 'pod-security.kubernetes.io/enforce': 'restricted' })
      const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'few', namespace } }
      await cluster.apply({ ...quota, spec: { hard: { 'count/secrets': '0' } } })
      const key = { apiVersion: 'v1', kind: 'ResourceQuota', name: 'few', namespace }
      while ((await cluster.get(key))?.['status'] === undefined) await systemClock.sleep(20)
    })

    test.each(wrong)('%s', async (_, code, object, says) => {
      // A namespace beside the own one has to be allowed first.
      const inputs = { 'other-namespaces': 'deploy-nowhere' }
      const done = await deploy(namespace, [settings('settings'), object], { inputs })
      const text = await expectRefusal(done, namespace, code)
      for (const words of says) expect(text).toContain(words)
      expect(await contentOf(namespace, cluster)).toEqual({})
    })
  })
})

test('no step above let out a secret', () => {
  expect(steps.length).toBeGreaterThan(10)
  for (const { hidden, log, summary, outputs } of steps) {
    const told = [log, summary, JSON.stringify(outputs)].join('\n')
    expect(told).not.toContain(password)
    for (const secret of hidden) expect(told).not.toContain(secret)
    // What each step had in hand: the token of the job, that of the session, and that for the cluster.
    for (const form of [/^eyJ[\w-]+\.eyJ/, /^IQoJ/, /^k8s-aws-v1\./]) {
      expect(hidden.filter(secret => form.test(secret))).not.toEqual([])
      expect(told).not.toMatch(new RegExp(form.source.slice(1)))
    }
  }
})
