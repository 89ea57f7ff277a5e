import { describe, expect, test } from '@jest/globals'
import { readRepositories } from '../../../../src/registry/repository/desired.ts'

const of = (settings: unknown) => readRepositories({ 'shop/api': settings })
const expire = { type: 'expire' }
const old = { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 14 }
const many = { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 100 }
const rule = (rulePriority: number, selection: object = old, action: object = expire) => ({
  rulePriority,
  selection,
  action,
})

test('everything that a repository may be is read, and what is not given stays absent', () => {
  const archive = rule(
    1,
    { ...old, countType: 'sinceImagePulled' },
    { type: 'transition', targetStorageClass: 'archive' },
  )
  const key = 'arn:aws:kms:eu-west-1:111122223333:key/0a1b'
  expect(
    of({
      mutability: 'immutable',
      'mutability-exclusions': ['latest', 'buildcache-*', 'latest'],
      encryption: 'kms-dsse',
      'kms-key': key,
      tags: { team: 'shop' },
      policy: { Statement: [] },
      lifecycle: [archive, rule(9, many)],
      scanning: 'on-push',
      replication: ['eu-central-1', { region: 'us-east-1', account: '444455556666' }],
    }),
  ).toEqual({
    value: [
      {
        name: 'shop/api',
        mutability: { tags: 'immutable', except: ['buildcache-*', 'latest'] },
        encryption: { type: 'KMS_DSSE', key },
        tags: { team: 'shop' },
        policy: { Statement: [] },
        lifecycle: [archive, rule(9, many)],
        scanning: 'on-push',
        replication: [{ region: 'eu-central-1' }, { region: 'us-east-1', account: '444455556666' }],
      },
    ],
  })
  expect(of(null)).toEqual({ value: [{ name: 'shop/api' }] })
})

test.each([
  [[], [], 'is not a mapping'],
  [{}, [], 'names no repository'],
  [{ 'Shop/Api': {} }, ['Shop/Api'], 'is not the name of an ECR repository'],
  [{ 'shop//api': {} }, ['shop//api'], 'is not the name of an ECR repository'],
])('%j is refused as a whole', (value, at, says) => {
  expect(readRepositories(value)).toEqual({ mistake: { at, says: expect.stringContaining(says) } })
})

test.each([
  [{ mutabilty: 'mutable' }, ['mutabilty'], 'is not known here'],
  [{ mutability: 'IMMUTABLE' }, ['mutability'], 'is none of mutable, immutable'],
  [{ 'mutability-exclusions': ['a'] }, ['mutability-exclusions'], 'mutability, which is not given'],
  [{ mutability: 'mutable', 'mutability-exclusions': ['a b'] }, ['mutability-exclusions', 0], 'is no pattern of tags'],
  [
    { mutability: 'mutable', 'mutability-exclusions': ['a', 'b', 'c', 'd', 'e', 'f'] },
    ['mutability-exclusions'],
    'has 6 patterns; ECR takes 5',
  ],
  [{ encryption: 'kmss' }, ['encryption'], 'is none of aes256, kms, kms-dsse'],
  [{ 'kms-key': 'x' }, ['kms-key'], 'encryption is not given'],
  [{ encryption: 'aes256', 'kms-key': 'x' }, ['kms-key'], 'encryption is aes256'],
  [{ encryption: 'kms', 'kms-key': 'alias/shop' }, ['kms-key'], 'is not the ARN of a KMS key'],
  [{ tags: { 'aws:x': 'y' } }, ['tags', 'aws:x'], 'only AWS gives'],
  [{ tags: { cost: 3 } }, ['tags', 'cost'], 'is not a value of a tag'],
  [{ policy: 'all' }, ['policy'], 'is not a mapping'],
  [{ policy: { Version: '2012-10-17' } }, ['policy'], 'has no Statement'],
  [{ policy: { Statement: 'x'.repeat(10_240) } }, ['policy'], 'ECR takes 10240'],
  [{ scanning: 'always' }, ['scanning'], 'is none of manual, on-push, continuous'],
  [{ replication: ['eu-west-l'] }, ['replication', 0], 'is not an AWS region'],
  [{ replication: [{ region: 'eu-west-1', account: 4 }] }, ['replication', 0, 'account'], '12 digits, in quotes'],
])('%j is refused where it is wrong', (settings, at, says) => {
  expect(of(settings)).toEqual({ mistake: { at: ['shop/api', ...at], says: expect.stringContaining(says) } })
})

describe('a lifecycle policy that ECR would refuse is refused before it is asked:', () => {
  const selection = (change: object) => rule(1, { ...old, ...change })
  const tagged = (change: object) => selection({ tagStatus: 'tagged', ...change })
  const archived = { tagStatus: 'any', storageClass: 'archive', countType: 'sinceImageTransitioned', countUnit: 'days' }
  test.each([
    ['no list', { rules: [] }, [], 'is not a list'],
    ['51 rules', Array.from({ length: 51 }, (_, i) => rule(i + 1)), [], 'has 51 rules; ECR takes 50'],
    ['the same priority twice', [rule(1), rule(2), rule(1)], [2, 'rulePriority'], 'is 1, as in another rule'],
    ['a priority that is no number', [rule(0)], [0, 'rulePriority'], 'is not a whole number from 1'],
    ['any image before others', [rule(1, many), rule(2)], [0, 'rulePriority'], 'comes last: rule 2 comes after it'],
    ['any image twice', [rule(1, many), rule(2, many)], [0, 'rulePriority'], 'rule 2 comes after it'],
    ['a key that is misspelt', [{ ...rule(1), priority: 1 }], [0, 'priority'], 'is not known here'],
    ['no selection', [{ rulePriority: 1, action: expire }], [0, 'selection'], 'is not a mapping'],
    [
      'a tag status that does not exist',
      [selection({ tagStatus: 'all' })],
      [0, 'selection', 'tagStatus'],
      'is none of',
    ],
    ['tagged without tags', [tagged({})], [0, 'selection'], 'neither tagPatternList nor tagPrefixList'],
    [
      'tagged by both lists',
      [tagged({ tagPatternList: ['v*'], tagPrefixList: ['v'] })],
      [0, 'selection'],
      'has both tagPatternList and tagPrefixList',
    ],
    ['an empty list of tags', [tagged({ tagPrefixList: [] })], [0, 'selection', 'tagPrefixList'], 'is empty'],
    [
      'five wildcards',
      [tagged({ tagPatternList: ['*a*b*c*d*'] })],
      [0, 'selection', 'tagPatternList', 0],
      'has 5 wildcards; ECR takes 4',
    ],
    ['a prefix with a wildcard', [tagged({ tagPrefixList: ['v*'] })], [0, 'selection', 'tagPrefixList', 0], 'wildcard'],
    [
      'tags of untagged images',
      [selection({ tagPatternList: ['v*'] })],
      [0, 'selection', 'tagPatternList'],
      'is for tagged images, and tagStatus is untagged',
    ],
    [
      'a count type that does not exist',
      [selection({ countType: 'age' })],
      [0, 'selection', 'countType'],
      'is none of',
    ],
    [
      'an age without its unit',
      [selection({ countUnit: undefined })],
      [0, 'selection', 'countUnit'],
      'is none of days',
    ],
    [
      'a number of images with a unit',
      [selection({ countType: 'imageCountMoreThan' })],
      [0, 'selection', 'countUnit'],
      'is for an age',
    ],
    [
      'a count of none',
      [selection({ countNumber: 0 })],
      [0, 'selection', 'countNumber'],
      'is not a whole number from 1',
    ],
    ['another action', [rule(1, old, { type: 'delete' })], [0, 'action', 'type'], 'is none of expire, transition'],
    [
      'a transition to nowhere',
      [rule(1, old, { type: 'transition' })],
      [0, 'action', 'targetStorageClass'],
      'is none of archive',
    ],
    [
      'expiry to the archive',
      [rule(1, old, { type: 'expire', targetStorageClass: 'archive' })],
      [0, 'action', 'targetStorageClass'],
      'for the type transition only',
    ],
    [
      'expiry by the last pull',
      [selection({ countType: 'sinceImagePulled' })],
      [0, 'action', 'type'],
      'has to be transition',
    ],
    [
      'an archive of recent pushes',
      [selection({ storageClass: 'archive' })],
      [0, 'selection', 'storageClass'],
      'standard',
    ],
    [
      'archived images that are in no archive',
      [rule(1, { ...archived, storageClass: undefined, countNumber: 90 })],
      [0, 'selection', 'storageClass'],
      'has to be archive',
    ],
    [
      'an archive of 30 days',
      [rule(1, { ...archived, countNumber: 30 })],
      [0, 'selection', 'countNumber'],
      'stays 90 days',
    ],
  ])('%s', (_, lifecycle, at, says) => {
    expect(of({ lifecycle })).toEqual({
      mistake: { at: ['shop/api', 'lifecycle', ...at], says: expect.stringContaining(says) },
    })
  })

  test('but any image may come twice where the second rule is about the archive', () => {
    const lifecycle = [
      rule(
        1,
        { ...many, countType: 'sinceImagePulled', countUnit: 'days' },
        { type: 'transition', targetStorageClass: 'archive' },
      ),
      rule(2, { ...archived, countNumber: 365 }),
    ]
    expect(of({ lifecycle })).toEqual({ value: [{ name: 'shop/api', lifecycle }] })
  })

  test('a document that is too long', () => {
    const lifecycle = Array.from({ length: 50 }, (_, i) => ({ ...rule(i + 1), description: 'x'.repeat(600) }))
    expect(of({ lifecycle })).toMatchObject({ mistake: { says: expect.stringContaining('ECR takes 30720') } })
  })
})
