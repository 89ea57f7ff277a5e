import { describe, expect, test } from '@jest/globals'
import { readManifests } from '../../../src/rollout/manifests.ts'
import { filesOf } from '../../support/objects.ts'

const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: api}\n'
const named = (name: string): string => service.replace('{name: api}', `{name: ${name}}`)

describe('reading manifests', () => {
  test('takes every manifest of a folder and of the folders below it, in order of name', async () => {
    const files = filesOf({
      'k8s/b.yaml': named('second'),
      'k8s/a.yml': `${service}---\n# only a comment\n---\n${named('other')}`,
      'k8s/jobs/c.json': '{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"migrate"}}',
      'k8s/README.md': '# not a manifest',
    })
    const objects = await readManifests(['k8s/'], files)
    expect(objects.map(({ metadata }) => metadata.name)).toEqual(['api', 'other', 'second', 'migrate'])
  })

  test('takes a List apart', async () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n`
    expect(await readManifests(['all.yaml'], filesOf({ 'all.yaml': list }))).toHaveLength(2)
  })

  test('reads numbers and booleans as kubectl does: 0644 is octal, a date and 22:22 stay text', async () => {
    const text = `${service}spec: {mode: 0644, on: yes, time: 22:22, day: 2026-11-23, base: &b {x: 1}, merged: {<<: *b, y: 2}}\n`
    const [object] = await readManifests(['a.yaml'], filesOf({ 'a.yaml': text }))
    expect(object?.['spec']).toEqual({
      mode: 420,
      true: true,
      time: '22:22',
      day: '2026-11-23',
      base: { x: 1 },
      merged: { x: 1, y: 2 },
    })
  })

  test.each([
    ['a missing path', ['nowhere/'], {}, 'input "manifests": nowhere/ does not exist.'],
    [
      'a folder without manifests',
      ['k8s'],
      { 'k8s/readme.txt': '' },
      'input "manifests": there is no Kubernetes object in k8s.',
    ],
    [
      'text that is no YAML',
      ['a.yaml'],
      { 'a.yaml': 'a: b: c' },
      'input "manifests": a.yaml, line 1, column 5 is not YAML: bad indentation of a mapping entry.',
    ],
    [
      'a document that is no object',
      ['a.yaml'],
      { 'a.yaml': `${service}---\nreplicas: 3` },
      'input "manifests": document 2 of a.yaml is no Kubernetes object.',
    ],
    [
      'the same object twice',
      ['a.yaml'],
      { 'a.yaml': `${service}---\n${service}` },
      'input "manifests": Service api is there twice.',
    ],
    [
      'a Helm chart',
      ['chart'],
      { 'chart/Chart.yaml': 'name: x' },
      'input "manifests": chart/Chart.yaml makes chart a Kustomize folder or a Helm chart.',
    ],
  ])('%s is one sentence that names the input', async (_, paths, tree, message) => {
    await expect(readManifests(paths, filesOf(tree))).rejects.toThrow(message)
  })
})
