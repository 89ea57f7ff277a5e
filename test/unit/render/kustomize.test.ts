import { describe, expect, test } from '@jest/globals'
import { prints, readTree } from '../../support/render.ts'

const rendered = `apiVersion: v1
kind: Service
metadata: {name: prod-api}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: prod-settings-7d9f}
`
const tree = {
  'k8s/prod/kustomization.yaml': 'resources: [../base]\nnamePrefix: prod-\n',
  'k8s/base/kustomization.yaml': 'resources:\n- api.yaml\n- https://example.com/far.yaml\n',
  'k8s/base/api.yaml': '# the API\napiVersion: v1\nkind: Service\nmetadata: {name: api}\n',
}

describe('a Kustomize folder', () => {
  test('is built by kustomize; each object knows the file it came from', async () => {
    const { set, ran } = await readTree(['k8s/prod'], tree, { kustomize: prints(rendered), kubectl: prints('') })
    expect(ran).toEqual(['kustomize build ./k8s/prod'])
    expect(set.manifests.map(({ object, place }) => [object.metadata.name, place])).toEqual([
      ['prod-api', { file: 'k8s/base/api.yaml', line: 3 }],
      ['prod-settings-7d9f', { file: 'k8s/prod/kustomization.yaml' }],
    ])
  })

  test('is built by kubectl where there is no kustomize; naming the file is as good as naming the folder', async () => {
    const { ran } = await readTree(['k8s/prod/kustomization.yaml'], tree, { kubectl: prints(rendered) })
    expect(ran).toEqual(['kubectl kustomize ./k8s/prod'])
  })

  test('says what to install where there is neither', async () => {
    await expect(readTree(['k8s/prod'], tree)).rejects.toMatchObject({
      code: 'kustomize-missing',
      message: 'input "manifests": k8s/prod is a Kustomize folder, and there is neither kustomize nor kubectl here.',
    })
  })

  test('that is refused is refused in the words of Kustomize, the innermost of them, without our paths', async () => {
    const words =
      `error: accumulating resources: accumulation err='accumulating resources from '../base': '/work/k8s/base' must resolve to a file': ` +
      `accumulating resources: accumulation err='accumulating resources from 'nope.yaml': lstat /work/k8s/base/nope.yaml: no such file or directory'`
    await expect(readTree(['k8s/prod'], tree, { kustomize: prints('', words, 1) })).rejects.toMatchObject({
      code: 'kustomize-refused',
      message:
        `input "manifests": k8s/prod/kustomization.yaml cannot be built: ` +
        `accumulating resources from 'nope.yaml': lstat k8s/base/nope.yaml: no such file or directory'`,
      place: { file: 'k8s/prod/kustomization.yaml' },
    })
  })
})
