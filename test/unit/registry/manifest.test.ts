import { describe, expect, test } from '@jest/globals'
import { normalizePlatform, readManifest, runnable } from '../../../src/registry/manifest.ts'
import { imageManifest, indexManifest } from '../../support/images.ts'

describe('a manifest', () => {
  test('of an index lists platforms and knows attestations from images', () => {
    const amd = imageManifest('amd')
    const arm = imageManifest('arm')
    const index = indexManifest([
      { manifest: amd, platform: 'linux/amd64' },
      { manifest: arm, platform: 'linux/arm64/v8' },
    ])
    expect(index.kind).toBe('index')
    expect(index.children).toHaveLength(4)
    expect(runnable(index.children).map(({ digest, platform }) => [digest, platform])).toEqual([
      [amd.digest, 'linux/amd64'],
      [arm.digest, 'linux/arm64'],
    ])
  })

  test('of an image names its configuration', () => {
    const image = imageManifest('one')
    expect(image).toMatchObject({ kind: 'image', children: [], config: expect.stringMatching(/^sha256:/) })
  })

  test('that is not what its digest promises is refused', () => {
    const { raw } = imageManifest('one')
    const digest = imageManifest('other').digest
    expect(() => readManifest(raw, { digest })).toThrow(
      expect.objectContaining({ kind: 'remote', code: 'manifest-unreadable' }),
    )
  })

  test.each(['<html>', '{}', '{"manifests":[{}]}', '[]'])('%s is refused', raw => {
    expect(() => readManifest(raw, {})).toThrow(expect.objectContaining({ code: 'manifest-unreadable' }))
  })

  test('without a media type takes the one the registry sent', () => {
    const mediaType = 'application/vnd.docker.distribution.manifest.v2+json'
    expect(readManifest('{"config":{"digest":"sha256:1"}}', { mediaType }).mediaType).toBe(mediaType)
  })
})

test.each([
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/aarch64', 'linux/arm64'],
  ['Linux/x86_64', 'linux/amd64'],
  ['linux/arm/v7', 'linux/arm/v7'],
  ['windows/amd64', 'windows/amd64'],
])('the platform %s is spelled %s', (given, expected) => {
  expect(normalizePlatform(given)).toBe(expected)
})
