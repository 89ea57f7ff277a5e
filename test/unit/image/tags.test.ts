import { describe, expect, test } from '@jest/globals'
import { imageTags, ociLabels, tagOf } from '../../../src/image/tags.ts'
import { isTag } from '../../../src/registry/reference.ts'
import { sha } from '../../support/images.ts'

describe('tags of an image', () => {
  test.each([
    ['a push to a branch', 'refs/heads/main', [], ['4f2c9ab01d3e']],
    ['a pull request', 'refs/pull/7/merge', [], ['pr-7-4f2c9ab01d3e']],
    ['a git tag', 'refs/tags/v1.2.3', [], ['4f2c9ab01d3e', 'v1.2.3']],
    ['a git tag with other characters', 'refs/tags/release/1.2+build', [], ['4f2c9ab01d3e', 'release-1.2-build']],
    ['tags that the user gives', 'refs/heads/main', ['v2', 'stable', 'v2'], ['4f2c9ab01d3e', 'v2', 'stable']],
    ['a given tag that is the commit', 'refs/heads/main', ['4f2c9ab01d3e'], ['4f2c9ab01d3e']],
  ])('for %s', (_, ref, given, expected) => {
    const tags = imageTags({ sha, ref, given })
    expect(tags.all).toEqual(expected)
    expect(tags.primary).toBe(expected[0])
  })

  test.each([
    ['a push to a branch', 'refs/heads/main', ['4f2c9ab01d3e-9d01e77a', 'v2']],
    ['a pull request', 'refs/pull/7/merge', ['pr-7-4f2c9ab01d3e-9d01e77a', 'v2']],
    ['a git tag', 'refs/tags/v1.2.3', ['4f2c9ab01d3e-9d01e77a', 'v1.2.3-9d01e77a', 'v2']],
    ['a long git tag', `refs/tags/${'x'.repeat(300)}`, ['4f2c9ab01d3e-9d01e77a', `${'x'.repeat(119)}-9d01e77a`, 'v2']],
  ])('of a build with inputs of its own say so, but for those that the user gives: %s', (_, ref, expected) => {
    const { all } = imageTags({ sha, ref, suffix: '9d01e77a', given: ['v2'] })
    expect(all).toEqual(expected)
    expect(all.every(isTag)).toBe(true)
  })

  test('do not depend on the time or the run', () => {
    expect(imageTags({ sha, ref: 'refs/heads/main' })).toEqual(imageTags({ sha, ref: 'refs/heads/main' }))
  })

  test('that no registry accepts are refused by name', () => {
    expect(() => imageTags({ sha, ref: 'refs/heads/main', given: ['a b'] })).toThrow(
      expect.objectContaining({ code: 'input-tags', message: '"a b" is no image tag.' }),
    )
  })

  test('need a commit', () => {
    expect(() => imageTags({ sha: '', ref: 'refs/heads/main' })).toThrow(
      expect.objectContaining({ code: 'commit-unknown' }),
    )
  })

  test.each(['.hidden', '-x', 'ä', 'x'.repeat(300), 'feature/a b', '日本'])('made of "%s" are valid', name => {
    expect(isTag(tagOf(name))).toBe(true)
  })
})

describe('labels', () => {
  test('carry the time of the commit, not of the build', () => {
    expect(
      ociLabels({ sha, ref: 'refs/tags/v1.2.3', source: 'https://github.com/acme/shop', committed: 1795430000 }),
    ).toEqual({
      'org.opencontainers.image.revision': sha,
      'org.opencontainers.image.source': 'https://github.com/acme/shop',
      'org.opencontainers.image.created': '2026-11-23T10:33:20Z',
      'org.opencontainers.image.version': 'v1.2.3',
    })
  })

  test('leave out what is not known', () => {
    expect(Object.keys(ociLabels({ sha, ref: 'refs/heads/main', source: 'x' }))).toEqual([
      'org.opencontainers.image.revision',
      'org.opencontainers.image.source',
    ])
  })
})
