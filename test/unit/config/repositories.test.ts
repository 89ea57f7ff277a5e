import { expect, test } from '@jest/globals'
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
  const read = repositorySettings.parse(values['repository-settings'] ?? '', 'repository-settings')
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
  ['shop/api: { mutability: maybe }', 'slipway.yaml:1:29: "repositories.shop/api.mutability" is not right'],
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
