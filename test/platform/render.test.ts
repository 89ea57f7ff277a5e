/** Manifests that must be rendered, with the real helm and kubectl, through the built bundle into the real cluster. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import { crashes, hookJob, runs, set, workload } from '../support/manifests.ts'
import { contentOf, namespaces, type Namespaces } from '../support/namespaces.ts'
import type { WorkspaceFiles } from '../support/run-bundle.ts'
import { place, step, writesOf } from '../support/step.ts'
import type { Step } from '../support/step.ts'

jest.setTimeout(90_000)

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

const deploy = (namespace: string, files: WorkspaceFiles, inputs: Readonly<Record<string, string>>): Promise<Step> =>
  step('deploy', { ...place, namespace, soak: '1s', timeout: '60s', ...inputs }, { files })

const dataOf = async (namespace: string, name: string): Promise<unknown> =>
  (await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name }))?.['data']

/** JSON is YAML; Helm reads a template as text, so that its braces stay as they are. */
const template = (object: object): string => JSON.stringify(object, undefined, 2)

function chart(script: string): WorkspaceFiles {
  const hook = (when: string): object => ({ 'helm.sh/hook': when, 'helm.sh/hook-weight': '-1' })
  const job = hookJob('echo migrated')
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'check', annotations: hook('test') }, spec: {} }
  const settings = `apiVersion: v1
kind: ConfigMap
metadata: { name: {{ .Release.Name }}-settings, namespace: {{ .Release.Namespace }} }
data: { color: {{ .Values.color }}, version: {{ .Capabilities.KubeVersion.Version }} }
`
  return {
    'chart/Chart.yaml': 'apiVersion: v2\nname: shop\nversion: 1.0.0\nkubeVersion: ">= 1.30.0-0"\n',
    'chart/values.yaml': 'color: green\n',
    'chart/templates/settings.yaml': settings,
    'chart/templates/jobs.yaml': `${template({ ...job, metadata: { name: 'migrate', annotations: hook('pre-install,pre-upgrade') } })}\n---\n${template(pod)}`,
    'chart/templates/api.yaml': `# What answers\n${yamlOf(workload(script))}`,
    'prod.yaml': 'color: blue\n',
  }
}

/** With `kind` on a line of its own, as people write it. */
function yamlOf({ apiVersion, kind, ...rest }: object & { apiVersion: string; kind: string }): string {
  const fields = Object.entries(rest).map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
  return [`apiVersion: ${apiVersion}`, `kind: ${kind}`, ...fields, ''].join('\n')
}

describe('a Helm chart', () => {
  test('is released with its values and hooks, for the version of this cluster, without a Helm release', async () => {
    const namespace = await spaces.create('render-chart')
    const url = 'https://shop.example.com'
    const inputs = { manifests: 'chart', values: 'prod.yaml', application: 'shop', 'environment-url': url }
    const done = await deploy(namespace, chart(runs), inputs)
    expect(done).toMatchObject({ code: 0, errors: [], outputs: { verdict: 'healthy', release: '1' } })
    expect(done.summary).toContain(`It answers at [${url}](<${url}>).`)
    expect(done.log).toContain('Pod check is left out: it is a Helm hook for test')
    expect(await dataOf(namespace, 'shop-settings')).toEqual({ color: 'blue', version: await cluster.version() })
    const made = Object.keys(await contentOf(namespace, cluster))
    expect(made.filter(name => name.startsWith('Job'))).toEqual([expect.stringMatching(/^Job migrate-r/)])
    expect(made.filter(name => name.includes('sh.helm.release'))).toEqual([])
    const writes = (await writesOf(done)).join('\n')
    expect(writes.indexOf('/jobs/')).toBeGreaterThan(0)
    expect(writes.indexOf('/jobs/')).toBeLessThan(writes.indexOf('/deployments/'))
  })

  test('that fails is annotated at its template, with the chart of its time and the warnings of the cluster', async () => {
    const namespace = await spaces.create('render-crash')
    const done = await deploy(namespace, chart(crashes), { manifests: 'chart' })
    expect(done).toMatchObject({ code: 1, outputs: { verdict: 'failed', cause: 'crash-loop' } })
    expect(done.log).toContain('::error file=chart/templates/api.yaml,line=3,title=')
    expect(done.summary).toContain('```mermaid\n')
    expect(done.summary).toContain('section Deployment api\n')
    expect(done.summary).toMatch(/\n(configuration|before|workloads) [\d.]+ s :/)
  })

  test('that does not render is refused in the words of Helm, and nothing is applied', async () => {
    const namespace = await spaces.create('render-broken')
    const files = { ...chart(runs), 'chart/templates/settings.yaml': '# first\n{{ .Values.no.such.value }}\n' }
    const done = await deploy(namespace, files, { manifests: 'chart' })
    expect(done.code).toBe(1)
    expect(done.errors[0]).toContain('Helm cannot render chart/templates/settings.yaml:2: ')
    expect(done.errors[0]).toContain('nil pointer evaluating')
    expect(done.log).toContain('::error file=chart/templates/settings.yaml,line=2,title=')
    expect(await contentOf(namespace, cluster)).toEqual({})
  })
})

describe('a Kustomize folder', () => {
  const base = {
    'k8s/base/kustomization.yaml': 'resources: [settings.yaml]\n',
    'k8s/base/settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { color: green }\n',
  }
  const overlay = 'resources: [../base]\nnamePrefix: prod-\nlabels: [{ pairs: { tier: web } }]\n'

  test('is released as it is built', async () => {
    const namespace = await spaces.create('render-kustomize')
    const files = { ...base, 'k8s/prod/kustomization.yaml': overlay }
    const done = await deploy(namespace, files, { manifests: 'k8s/prod' })
    expect(done).toMatchObject({ code: 0, errors: [], outputs: { verdict: 'healthy' } })
    expect(await dataOf(namespace, 'prod-settings')).toEqual({ color: 'green' })
  })

  test('that cannot be built is refused in the words of Kustomize', async () => {
    const namespace = await spaces.create('render-unbuilt')
    const files = { ...base, 'k8s/prod/kustomization.yaml': 'resources: [../nowhere]\n' }
    const done = await deploy(namespace, files, { manifests: 'k8s/prod' })
    expect(done.code).toBe(1)
    expect(done.errors[0]).toMatch(/^input "manifests": k8s\/prod\/kustomization\.yaml cannot be built: .*nowhere/)
    expect(await contentOf(namespace, cluster)).toEqual({})
  })
})

describe('plain manifests', () => {
  test('a field that the server refuses is annotated at its line', async () => {
    const namespace = await spaces.create('render-refused')
    const text = `${yamlOf(workload(runs))}extra: true\n`
    const done = await deploy(namespace, { 'app.yaml': text }, { manifests: 'app.yaml' })
    expect(done.errors[0]).toMatch(/^app\.yaml:5: The API server refuses Deployment /)
    expect(done.log).toContain('::error file=app.yaml,line=5,title=')
  })

  test('a release that fails is annotated at the field that its cause is about', async () => {
    const namespace = await spaces.create('render-missing')
    const text = set(workload(runs, { container: { envFrom: [{ secretRef: { name: 'nowhere' } }] } }))['app.yaml']
    const lines = JSON.stringify(JSON.parse(text), undefined, 2)
    const done = await deploy(namespace, { 'app.yaml': lines }, { manifests: 'app.yaml' })
    expect(done).toMatchObject({ code: 1, outputs: { cause: 'config-missing' } })
    const line = 1 + lines.split('\n').findIndex(one => one.includes('"nowhere"'))
    expect(done.log).toContain(`::error file=app.yaml,line=${line},title=`)
    expect(done.summary).toContain('Warnings of the cluster')
  })
})
