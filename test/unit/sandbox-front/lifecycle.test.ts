import { expect, test } from '@jest/globals'
import { takenBy } from '../../../sandbox/front/lifecycle.ts'
import type { DatedImage } from '../../../sandbox/front/moto.ts'

const day = 24 * 3_600_000
const now = 100 * day
/** Images of these ages in days, oldest first. */
const image = (digest: string, age: number, tags: readonly string[] = [], manifest = '{}'): DatedImage => ({
  digest,
  tags,
  manifest,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  pushedAt: now - age * day,
})
const rule = (rulePriority: number, selection: object, type = 'expire') => ({
  rulePriority,
  selection,
  action: { type },
})
const taken = (rules: readonly object[], images: readonly DatedImage[]): readonly string[] =>
  takenBy(JSON.stringify({ rules }), images, now).map(one => `${one.image.digest} ${one.action} ${one.rule}`)

const many = { countType: 'imageCountMoreThan' }
const old = { countType: 'sinceImagePushed', countUnit: 'days' }

test('the newest stay, and an age takes what is older', () => {
  const images = [image('a', 30), image('b', 20, ['v1']), image('c', 10)]
  expect(taken([rule(1, { ...many, tagStatus: 'any', countNumber: 2 })], images)).toEqual(['a EXPIRE 1'])
  expect(taken([rule(1, { ...old, tagStatus: 'any', countNumber: 15 }, 'transition')], images)).toEqual([
    'b TRANSITION 1',
    'a TRANSITION 1',
  ])
  expect(taken([rule(1, { ...old, tagStatus: 'untagged', countNumber: 15 })], images)).toEqual(['a EXPIRE 1'])
})

test('what the tags of an earlier rule select, no later rule takes, though it counts it', () => {
  const images = [image('a', 9, ['prod-1']), image('b', 8, ['dev-1']), image('c', 7, ['prod-2'])]
  const prod = rule(1, { ...many, tagStatus: 'tagged', tagPatternList: ['prod-*'], countNumber: 5 })
  expect(taken([rule(2, { ...many, tagStatus: 'any', countNumber: 1 }), prod], images)).toEqual(['b EXPIRE 2'])
})

test('several patterns have to be met by the same image, a prefix is one that ends in anything', () => {
  const images = [image('a', 9, ['v1', 'stable']), image('b', 8, ['v2'])]
  const both = { ...old, tagStatus: 'tagged', tagPatternList: ['v*', 'stable'], countNumber: 1 }
  expect(taken([rule(1, both)], images)).toEqual(['a EXPIRE 1'])
  const prefix = { ...old, tagStatus: 'tagged', tagPrefixList: ['v'], countNumber: 1 }
  expect(taken([rule(1, prefix)], images)).toEqual(['b EXPIRE 1', 'a EXPIRE 1'])
})

test('what an index refers to stays with it', () => {
  const index = JSON.stringify({ manifests: [{ digest: 'child' }] })
  const images = [image('child', 30), image('index', 30, ['v1'], index), image('lone', 30)]
  expect(taken([rule(1, { ...old, tagStatus: 'untagged', countNumber: 1 })], images)).toEqual(['lone EXPIRE 1'])
})
