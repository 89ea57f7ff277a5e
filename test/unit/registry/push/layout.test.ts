import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { blobPath, readLayout } from '../../../../src/registry/push/layout.ts'
import { platformDigests, pushPlan } from '../../../../src/registry/push/plan.ts'
import { makeLayout } from '../../../support/layouts.ts'

describe('a layout', () => {
  test('of two platforms is an index with its images and their attestation', async () => {
    const { folder, digest, layers } = makeLayout(['a', 'bb'], ['linux/amd64', 'linux/arm64'])
    const { root } = await readLayout(folder)
    expect(root.descriptor.digest).toBe(digest)
    expect(root.children.map(({ platform, attestation }) => [platform, attestation])).toEqual([
      ['linux/amd64', false],
      ['linux/arm64', false],
      [undefined, true],
    ])
    const plan = pushPlan(root)
    expect(plan.manifests.map(({ descriptor }) => descriptor.digest)).toEqual([
      ...root.children.map(({ descriptor }) => descriptor.digest),
      digest,
    ])
    expect(plan.blobs.filter(({ digest: blob }) => layers.includes(blob))).toHaveLength(2)
    expect(plan.blobs.map(({ size }) => size)).toEqual(plan.blobs.map(({ size }) => size).toSorted((a, b) => b - a))
    expect(Object.keys(platformDigests(root))).toEqual(['linux/amd64', 'linux/arm64'])
  })

  test.each<[string, (folder: string, digest: string, layer: string) => void, RegExp]>([
    ['without an index', folder => rmSync(join(folder, 'index.json')), /index\.json cannot be read/],
    ['whose index is no JSON', folder => writeFileSync(join(folder, 'index.json'), '{'), /index\.json is not JSON/],
    ['with two images', folder => writeFileSync(join(folder, 'index.json'), '{"manifests":[{},{}]}'), /2 images/],
    [
      'with a digest that leads out of it',
      folder =>
        writeFileSync(join(folder, 'index.json'), '{"manifests":[{"digest":"sha256:../../../etc/passwd","size":1}]}'),
      /is no SHA-256 digest/,
    ],
    [
      'whose manifest is another',
      (folder, digest) => writeFileSync(blobPath(folder, digest), '{}'),
      /other bytes than its digest/,
    ],
    [
      'whose layer is cut off',
      (folder, _, layer) => writeFileSync(blobPath(folder, layer), ''),
      /has 0 bytes instead of 1/,
    ],
    ['whose layer is absent', (folder, _, layer) => rmSync(blobPath(folder, layer)), /cannot be read/],
    [
      'with a manifest that is too long to be one',
      folder =>
        writeFileSync(
          join(folder, 'index.json'),
          readFileSync(join(folder, 'index.json'), 'utf8').replace(/"size":\d+/, '"size":9999999'),
        ),
      /has 9999999 bytes/,
    ],
  ])('%s is refused', async (_, damage, message) => {
    const { folder, digest, layers } = makeLayout(['a'])
    damage(folder, digest, layers[0] ?? '')
    await expect(readLayout(folder)).rejects.toMatchObject({ code: 'layout-broken', message })
  })
})
