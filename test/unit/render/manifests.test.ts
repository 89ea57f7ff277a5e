import { describe, expect, test } from '@jest/globals'
import { manifestsIn, readTree } from '../../support/render.ts'

const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: api}\n'
const named = (name: string): string => service.replace('{name: api}', `{name: ${name}}`)

describe('reading manifests', () => {
  test('takes every manifest of a folder and of the folders below it, in order of name', async () => {
    const { set } = await readTree(['k8s/'], {
      'k8s/b.yaml': named('second'),
      'k8s/a.yml': `${service}---\n# only a comment\n---\n${named('other')}`,
      'k8s/jobs/c.json': '{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"migrate"}}',
      'k8s/README.md': '# not a manifest',
    })
    expect(set.objects.map(({ metadata }) => metadata.name)).toEqual(['api', 'other', 'second', 'migrate'])
  })

  test('takes a List apart, and knows the line of each of its items', () => {
    const list =
      'apiVersion: v1\nkind: List\nitems:\n' +
      '- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n' +
      '- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n'
    expect(manifestsIn(list).map(({ place }) => place.line)).toEqual([4, 6])
  })

  test('reads numbers and booleans as kubectl does: 0644 is octal, a date and 22:22 stay text', () => {
    const text = `${service}spec: {mode: 0644, on: yes, time: 22:22, day: 2026-11-23, base: &b {x: 1}, merged: {<<: *b, y: 2}}\n`
    expect(manifestsIn(text)[0]?.object['spec']).toEqual({
      mode: 420,
      true: true,
      time: '22:22',
      day: '2026-11-23',
      base: { x: 1 },
      merged: { x: 1, y: 2 },
    })
  })

  test('reads a file once that two paths lead to', async () => {
    const { set } = await readTree(['k8s', './k8s/a.yaml'], { 'k8s/a.yaml': service, './k8s/a.yaml': service })
    expect(set.objects).toHaveLength(1)
  })

  test.each([
    ['a missing path', ['nowhere/'], {}, 'input "manifests": nowhere/ does not exist.', undefined],
    [
      'a folder without manifests',
      ['k8s'],
      { 'k8s/readme.txt': '' },
      'input "manifests": there is no Kubernetes object in k8s.',
      undefined,
    ],
    [
      'text that is no YAML',
      ['a.yaml'],
      { 'a.yaml': `${service}---\na: b: c` },
      'input "manifests": a.yaml:5 is not YAML: bad indentation of a mapping entry.',
      5,
    ],
    [
      'a template',
      ['a.yaml'],
      { 'a.yaml': `${service}spec:\n  replicas: {{ .Values.replicas }}\n` },
      'input "manifests": a.yaml:5 is a template, not YAML.',
      5,
    ],
    [
      'a document that is no object',
      ['a.yaml'],
      { 'a.yaml': `${service}---\nreplicas: 3` },
      'input "manifests": a.yaml:5 is no Kubernetes object.',
      5,
    ],
    [
      'the same object twice',
      ['a.yaml', 'b.yaml'],
      { 'a.yaml': service, 'b.yaml': `\n${service.replace('{name: api}', '{name: api, namespace: shop}')}` },
      'input "manifests": Service shop/api is there twice, at a.yaml:2 and b.yaml:3.',
      3,
    ],
    [
      'a folder that holds a Kustomize folder among others',
      ['k8s'],
      { 'k8s/prod/kustomization.yaml': 'resources: []', 'k8s/a.yaml': service },
      'input "manifests": k8s holds the Kustomize folder k8s/prod.',
      undefined,
    ],
    [
      'values without a chart',
      ['a.yaml'],
      { 'a.yaml': service },
      'input "values" names prod.yaml, and there is no Helm chart among the manifests.',
      undefined,
    ],
  ] as const)('%s is one sentence, with file and line', async (_, paths, tree, message, line) => {
    const values = message.includes('"values"') ? ['prod.yaml'] : []
    await expect(readTree(paths, tree, {}, { values })).rejects.toMatchObject({
      message,
      ...(line && { place: { line } }),
    })
  })

  test('names the input it was told of, and asks less of objects that others apply', async () => {
    const text = `${service}spec: {type: "\${TYPE}"}\n`.replace('{name: api}', '{name: api, namespace: other}')
    const named = { input: 'from-manifests', check: undefined }
    const { set } = await readTree(['a.yaml'], { 'a.yaml': text }, {}, named)
    expect(set.objects).toHaveLength(1)
    await expect(readTree(['b.yaml'], {}, {}, named)).rejects.toThrow('input "from-manifests": b.yaml does not exist.')
  })

  test.each([
    ['kind: Service\nmetadata: {name: a}', 'It lacks apiVersion.'],
    ['apiVersion: v1\nkind: Service', 'It lacks metadata.name.'],
    ['apiVersion: v1\nkind: Service\nmetadata: {name: 5}', 'It lacks metadata.name as text.'],
    ['apiVersion: v1\nkind: Job\nmetadata: {generateName: a-}', 'It has generateName'],
    ['- a', 'It is no mapping.'],
  ])('%j says what it lacks', (text, why) => {
    expect(() => manifestsIn(text)).toThrow(expect.objectContaining({ why: expect.stringContaining(why) }))
  })
})
