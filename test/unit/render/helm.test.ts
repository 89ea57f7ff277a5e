import { describe, expect, test } from '@jest/globals'
import { prints, readTree } from '../../support/render.ts'

const document = (source: string, kind: string, name: string, annotations = ''): string =>
  `---\n# Source: shop/${source}\napiVersion: v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n${annotations}`

const hook = (when: string, weight = ''): string =>
  `  annotations:\n    helm.sh/hook: ${when}\n    helm.sh/hook-delete-policy: before-hook-creation\n    note: kept\n` +
  (weight === '' ? '' : `    helm.sh/hook-weight: "${weight}"\n`)

const chart = {
  'deploy/chart/Chart.yaml': 'name: shop\n',
  'deploy/chart/templates/api.yaml':
    '{{ if .Values.api }}\napiVersion: v1\nkind: Service\n---\nkind: Service\n{{ end }}',
  'deploy/chart/templates/each.yaml': '{{ range .Values.all }}\nkind: ConfigMap\n{{ end }}',
  'deploy/prod.yaml': 'api: true\n',
}

describe('a Helm chart', () => {
  test('is rendered for the application, its namespace, its values and the version of the cluster', async () => {
    const programs = { helm: prints(document('templates/api.yaml', 'Service', 'api')) }
    const request = { values: ['deploy/prod.yaml'], application: 'shop', namespace: 'live' }
    const { set, ran } = await readTree(['deploy/chart'], chart, programs, request)
    await set.forVersion(() => Promise.resolve('v1.36.4'))
    expect(ran).toEqual([
      'helm template --namespace live --include-crds --values deploy/prod.yaml -- shop ./deploy/chart',
      'helm template --namespace live --include-crds --kube-version v1.36.4 --values deploy/prod.yaml -- shop ./deploy/chart',
    ])
  })

  test('may be packaged', async () => {
    const programs = { helm: prints(document('templates/api.yaml', 'Service', 'api')) }
    const { set, ran } = await readTree(['shop-1.tgz'], { 'shop-1.tgz': '' }, programs)
    expect(ran).toEqual(['helm template --namespace shop --include-crds -- shop ./shop-1.tgz'])
    expect(set.manifests[0]?.place).toEqual({ file: 'shop-1.tgz' })
  })

  test('leads each object back to its template, and its line where that is clear', async () => {
    const text = [
      document('templates/api.yaml', 'Service', 'one'),
      document('templates/api.yaml', 'Service', 'two'),
      document('templates/each.yaml', 'ConfigMap', 'a'),
      document('templates/each.yaml', 'ConfigMap', 'b'),
      document('charts/redis/templates/redis.yaml', 'Service', 'redis'),
    ].join('\n')
    const { set } = await readTree(['deploy/chart/'], chart, { helm: prints(text) })
    expect(set.manifests.map(({ place }) => place)).toEqual([
      { file: 'deploy/chart/templates/api.yaml', line: 3 },
      { file: 'deploy/chart/templates/api.yaml', line: 5 },
      { file: 'deploy/chart/templates/each.yaml', line: 2 },
      { file: 'deploy/chart/templates/each.yaml', line: 2 },
      { file: 'deploy/chart/Chart.yaml' },
    ])
  })

  test('brings its hooks along: before or after, in waves by weight; those of other moments are left out', async () => {
    const text = [
      document('templates/a.yaml', 'Job', 'migrate', hook('pre-install,pre-upgrade', '-5')),
      document('templates/b.yaml', 'Job', 'warm', hook('post-upgrade')),
      document('templates/c.yaml', 'Job', 'seed', hook('"post-install, pre-upgrade"', 'x')),
      document('templates/d.yaml', 'Pod', 'check', hook('test')),
      document('templates/e.yaml', 'Job', 'clean', hook('pre-delete,post-rollback')),
      document('templates/f.yaml', 'Pod', 'once', hook('pre-upgrade')),
    ].join('\n')
    const { set, lines } = await readTree(['deploy/chart'], chart, { helm: prints(text) })
    expect(set.objects.map(({ metadata }) => [metadata.name, metadata.annotations])).toEqual([
      ['migrate', { 'slipway.dev/hook': 'before', 'slipway.dev/wave': '-5', note: 'kept' }],
      ['warm', { 'slipway.dev/hook': 'after', 'slipway.dev/wave': '0', note: 'kept' }],
      ['seed', { 'slipway.dev/hook': 'before', 'slipway.dev/wave': '0', note: 'kept' }],
      ['once', { 'slipway.dev/hook': 'before', 'slipway.dev/wave': '0', note: 'kept' }],
    ])
    expect(lines).toEqual([
      'Pod check is left out: it is a Helm hook for test',
      'Job clean is left out: it is a Helm hook for pre-delete, post-rollback',
      'warning: Pod once is a Helm hook and a Pod: it runs once only, a Job would run each time.',
    ])
  })

  test('says what to install where there is no helm', async () => {
    await expect(readTree(['deploy/chart'], chart)).rejects.toMatchObject({
      code: 'helm-missing',
      message: 'input "manifests": deploy/chart is a Helm chart, and there is no helm here.',
    })
  })

  test('that is refused is refused in the words of Helm, at the line of the template', async () => {
    const words =
      'Error: shop/templates/api.yaml:41:28\n  executing "shop/templates/api.yaml" at <.Values.image.tag>:\n' +
      '    nil pointer evaluating interface {}.tag\n\nUse --debug flag to render out invalid YAML\n'
    await expect(readTree(['deploy/chart'], chart, { helm: prints('', words, 1) })).rejects.toMatchObject({
      code: 'helm-refused',
      message:
        'input "manifests": Helm cannot render deploy/chart/templates/api.yaml:41: shop/templates/api.yaml:41:28 ' +
        'executing "shop/templates/api.yaml" at <.Values.image.tag>: nil pointer evaluating interface {}.tag',
      place: { file: 'deploy/chart/templates/api.yaml', line: 41 },
    })
  })

  test('that is not made for the version Helm assumes is read for one that it accepts, until the cluster says its own', async () => {
    const refused = prints(
      '',
      'Error: chart requires kubeVersion: <1.35.0-0 which is incompatible with Kubernetes v1.36.0',
      1,
    )
    const text = prints(document('templates/api.yaml', 'Service', 'api'))
    const helm = (line: string): typeof text => (/--kube-version v1\.3[0-4]/.test(line) ? text : refused)
    const { set, ran } = await readTree(['deploy/chart'], chart, { helm })
    expect(set.objects).toHaveLength(1)
    expect(ran.at(-1)).toContain('--kube-version v1.34.0')
    await expect(set.forVersion(() => Promise.resolve('v1.35.2'))).rejects.toMatchObject({
      code: 'helm-refused',
      message: expect.stringContaining('chart requires kubeVersion: <1.35.0-0'),
    })
  })

  test('without its values file is refused before Helm is asked', async () => {
    const read = readTree(['deploy/chart'], chart, { helm: prints('') }, { values: ['deploy/stage.yaml'] })
    await expect(read).rejects.toMatchObject({
      code: 'input-values',
      message: 'input "values": deploy/stage.yaml is not a file of the checkout.',
    })
  })
})

test('plain manifests are not read again for the version of the cluster', async () => {
  const { set } = await readTree(['a.yaml'], { 'a.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n' })
  expect(await set.forVersion(() => Promise.reject(new Error('not asked')))).toBe(set)
})
