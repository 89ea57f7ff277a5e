import { expect, test } from '@jest/globals'
import { desiredRepositories } from '../../../src/actions/desired-repositories.ts'
import { repositoriesShape } from '../../../scripts/generated/repository-schema.ts'
import { repositorySettings } from '../../../src/actions/repository-settings.ts'
import { inputsFromFile } from '../../../src/config/inputs-from-file.ts'
import { parseSlipwayFile } from '../../../src/config/slipway-file.ts'

const file = `
build: { role: 'arn:aws:iam::111122223333:role/build', region: eu-west-1 }
repositories:
  shop/web:
  shop/api:
    mutability: immutable
    mutability-exclusions: ['buildcache-*']
    tags: { team: shop }
    lifecycle:
      - rulePriority: 10
        selection: { tagStatus: tagged, tagPatternList: ['v*'], countType: imageCountMoreThan, countNumber: 30 }
        action: { type: expire }
    replication: [eu-central-1]
`

test('repositories in slipway.yaml become the input of ecr-repository, and of no other action', () => {
  const values = inputsFromFile(parseSlipwayFile(file, 'slipway.yaml'), 'ecr-repository', {})
  expect(values['region']).toBe('eu-west-1')
  const settings = repositorySettings.parse(values['repository-settings'] ?? '', 'repository-settings')
  const read = desiredRepositories(settings)
  expect(read).toMatchObject([
    { name: 'shop/web' },
    {
      name: 'shop/api',
      mutability: { tags: 'immutable', except: ['buildcache-*'] },
      lifecycle: [{ rulePriority: 10 }],
    },
  ])
  expect(inputsFromFile(parseSlipwayFile(file, 'slipway.yaml'), 'ecr-login', {})).not.toHaveProperty(
    'repository-settings',
  )
})

test.each([
  [
    'shop/api: { mutability: maybe }',
    'slipway.yaml:1:29: "repositories.shop/api.mutability" is none of mutable, immutable.',
  ],
  ['shop/api: { scaning: manual }', 'slipway.yaml:1:29: "repositories.shop/api.scaning" is not known here'],
  ['Shop: {}', 'slipway.yaml:1:17: "repositories.Shop" is not the name of an ECR repository.'],
  [
    "shop/api: { encryption: aes256, kms-key: 'arn:x' }",
    '"repositories.shop/api.kms-key" is for encryption by KMS, and encryption is aes256.',
  ],
])('a mistake is told with its place: %s', (entry, message) => {
  expect(() => parseSlipwayFile(`repositories: { ${entry} }`, 'slipway.yaml')).toThrow(
    expect.objectContaining({ code: 'config-invalid', message: expect.stringContaining(message) }),
  )
})

test('the shape for editors takes what a run takes, and misses no key of it', () => {
  const everything = {
    mutability: 'mutable',
    'mutability-exclusions': ['v*'],
    encryption: 'kms',
    'kms-key': 'arn:aws:kms:eu-west-1:111122223333:key/0a1b',
    tags: { team: 'shop' },
    policy: { Statement: [] },
    lifecycle: [
      {
        rulePriority: 1,
        description: 'old',
        selection: {
          tagStatus: 'tagged',
          tagPatternList: ['v*'],
          storageClass: 'standard',
          countType: 'sinceImagePulled',
          countUnit: 'days',
          countNumber: 30,
        },
        action: { type: 'transition', targetStorageClass: 'archive' },
      },
    ],
    scanning: 'continuous',
    replication: ['eu-central-1', { region: 'us-east-1', account: '444455556666' }],
  }
  const all = { 'shop/api': everything, 'shop/web': null, 'shop/old': { policy: 'none', lifecycle: [] } }
  expect(desiredRepositories(all)).toHaveLength(3)
  expect(repositoriesShape.safeParse(all)).toMatchObject({ success: true })
  for (const wrong of [{ mutabilty: 'mutable' }, { scanning: 'always' }, { lifecycle: [{}] }])
    expect(repositoriesShape.safeParse({ 'shop/api': wrong })).toMatchObject({ success: false })
})
