/** The built rollback action on an application with a history. Runs inside the platform. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { releaseStore } from '../../src/rollout/record/record.ts'
import { recordingLog } from '../support/context.ts'
import { crashes, runs, set, settings, workload } from '../support/manifests.ts'
import { contentOf, namespaces, type Namespaces } from '../support/namespaces.ts'
import { place, step, writesOf, type Step } from '../support/step.ts'

jest.setTimeout(120_000)

const bounds = { soak: '1s', timeout: '90s' } as const

let cluster: ClusterClient
let spaces: Namespaces
let namespace = ''

beforeAll(async () => {
  cluster = await connectAsAdmin(attach().kubeconfig)
  spaces = namespaces(cluster)
  namespace = await spaces.create('rollback')
})
afterAll(async () => {
  await spaces.remove()
  await cluster.close()
})

const deploy = (sha: string, objects: readonly KubeObject[], inputs: Readonly<Record<string, string>> = {}) =>
  step('deploy', { ...place, ...bounds, namespace, manifests: 'app.yaml', ...inputs }, { sha, files: set(...objects) })

const rollback = (inputs: Readonly<Record<string, string>> = {}): Promise<Step> =>
  step('rollback', { ...place, ...bounds, namespace, ...inputs })

const records = () => releaseStore(namespace, namespace, { cluster, log: recordingLog() }).list()

/** What the pods of the live release say of themselves, and the settings beside them. */
async function live(): Promise<unknown> {
  const content = await contentOf(namespace, cluster)
  const deployment = await cluster.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'api' })
  const config = await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' })
  const { spec, status } = deployment as unknown as {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly { env?: unknown }[] } } }
    readonly status: unknown
  }
  return {
    env: spec.template.spec.containers[0]?.env,
    status,
    settings: config?.['data'],
    extra: Object.keys(content).includes('ConfigMap extra'),
  }
}

const runsVersion = (version: string, extra: boolean) => ({
  env: [{ name: 'VERSION', value: version }],
  status: { readyReplicas: 1, updatedReplicas: 1 },
  settings: { version },
  extra,
})

const version = (name: string, script = runs): readonly KubeObject[] => [
  settings('settings', { version: name }),
  workload(script, { env: { VERSION: name } }),
]

/** Each test goes on from where the one before it ended. */
describe('rolling back', () => {
  test('brings what ran before, and takes away what was new', async () => {
    await deploy('a'.repeat(40), version('one'))
    await deploy('b'.repeat(40), [...version('two'), settings('extra')])
    expect(await live()).toMatchObject(runsVersion('two', true))

    const done = await rollback()
    expect(done.outputs).toMatchObject({ verdict: 'healthy', cause: '', release: '3', to: '1' })
    expect(done).toMatchObject({ code: 0, errors: [] })
    expect(done.log).toMatch(/✓ \S+ aaaaaaa healthy after/)
    expect(done.summary).toContain(`| \`ConfigMap ${namespace}/extra\` | prune |`)
    expect(await live()).toMatchObject(runsVersion('one', false))
    const [newest] = await records()
    expect(newest).toMatchObject({
      revision: 3,
      rollbackTo: 1,
      verdict: 'healthy',
      commit: 'a'.repeat(40),
      actor: 'ada',
    })
  })

  test('does not swing back: before the first release there was nothing', async () => {
    const done = await rollback()
    expect(done).toMatchObject({ code: 1, outputs: {} })
    expect(done.errors).toHaveLength(1)
    expect(done.errors[0]).toContain(`No release of ${namespace} before the live one was healthy.`)
    expect(done.errors[0]).toContain('Recorded are r3 (healthy), r2 (healthy), r1 (healthy).')
    expect(await writesOf(done)).toEqual([])
  })

  test('goes to the revision that is asked for, with all that it had', async () => {
    const done = await rollback({ to: '2' })
    expect(done.outputs).toMatchObject({ verdict: 'healthy', release: '4', to: '2' })
    expect(await live()).toMatchObject(runsVersion('two', true))
  })

  test('gets a broken release out of the way that was left as it is', async () => {
    const broken = await deploy('c'.repeat(40), version('three', crashes), { rollback: 'false' })
    expect(broken.outputs).toMatchObject({ verdict: 'failed', release: '5', 'rolled-back': 'false' })
    expect(broken.errors[0]).toContain('Rollback is switched off')

    const done = await rollback()
    expect(done.outputs).toMatchObject({ verdict: 'healthy', release: '6', to: '2' })
    expect(await live()).toMatchObject(runsVersion('two', true))
  })

  test('to a release that is broken is judged as it is', async () => {
    const done = await rollback({ to: '5' })
    expect(done.outputs).toMatchObject({ verdict: 'failed', cause: 'crash-loop', release: '7', to: '5' })
    expect(done.code).toBe(1)
    expect(done.errors[0]).toContain('boom: DATABASE_URL is not set')
    expect(done.errors[0]).toContain('A rollback that fails is left as it is')
  })
})

describe('what cannot be rolled back is one sentence:', () => {
  test.each([
    {
      what: 'a revision that is not recorded',
      inputs: { to: '99' },
      says: ['input "to": there is no release r99 of ', 'Recorded are r7 (failed), r6 (healthy), '],
    },
    {
      what: 'an application that is misspelt',
      inputs: { application: 'sohp' },
      says: ['no recorded release of application "sohp"', 'Recorded are releases of rollback-'],
    },
    {
      what: 'a namespace that does not exist',
      inputs: { namespace: 'rollback-nowhere' },
      says: ['in namespace "rollback-nowhere"', 'Correct the input "application" or "namespace".'],
    },
  ])('$what', async ({ inputs, says }) => {
    const before = await contentOf(namespace, cluster)
    const done = await rollback(inputs)
    expect(done.errors).toHaveLength(1)
    for (const words of says) expect(done.errors[0]).toContain(words)
    expect(done).toMatchObject({ code: 1, outputs: {} })
    expect(await writesOf(done)).toEqual([])
    expect(await contentOf(namespace, cluster)).toEqual(before)
  })
})
