import { expect, test } from '@jest/globals'
import type { HttpAnswer } from '../../../../src/runtime/http.ts'
import { ecrCall, repositoryAccount } from '../../../../src/registry/repository/account.ts'
import { session } from '../../../support/images.ts'
import { ManualClock } from '../../../support/manual-clock.ts'

type Answers = Readonly<Record<string, (input: Readonly<Record<string, unknown>>) => unknown>>

/** An ECR that answers these operations; an Error becomes an error of its name. */
function ecrOf(answers: Answers) {
  const sent: { readonly operation: string; readonly input: unknown; readonly url: string }[] = []
  const send = async ({
    url,
    headers,
    body = '',
  }: {
    url: string
    headers: Readonly<Record<string, string>>
    body?: string
  }): Promise<HttpAnswer> => {
    const operation = headers['x-amz-target']?.replace('AmazonEC2ContainerRegistry_V20150921.', '') ?? ''
    const input = JSON.parse(body) as Readonly<Record<string, unknown>>
    sent.push({ operation, input, url })
    const answer = answers[operation]?.(input) ?? {}
    return answer instanceof Error
      ? { status: 400, headers: {}, body: JSON.stringify({ __type: answer.name, message: answer.message }) }
      : { status: 200, headers: {}, body: JSON.stringify(answer) }
  }
  const signal = new AbortController().signal
  const call = ecrCall(session, { clock: new ManualClock(), random: () => 0, signal, send })
  return { account: repositoryAccount(session, call), sent }
}

function failing(name: string, message = ''): Error {
  return Object.assign(new Error(message), { name })
}

const described = {
  repositories: [
    {
      repositoryArn: 'arn:x',
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filter: 'z*' }, { filter: 'a*' }],
      encryptionConfiguration: { encryptionType: 'KMS', kmsKey: 'key' },
    },
  ],
}

test('only what somebody wants to know is asked', async () => {
  const { account, sent } = ecrOf({ DescribeRepositories: () => described })
  const { live, registry } = await account.read([{ name: 'shop/api' }])
  expect(live.get('shop/api')).toEqual({
    arn: 'arn:x',
    mutability: { tags: 'immutable', except: ['a*', 'z*'] },
    encryption: { type: 'KMS', key: 'key' },
    tags: {},
  })
  expect(registry).toEqual({ account: '123456789012', region: 'us-east-1', templates: [] })
  expect(sent.map(({ operation }) => operation)).toEqual([
    'DescribeRepositories',
    'DescribeRepositoryCreationTemplates',
  ])
  expect(sent[0]?.url).toBe('https://api.ecr.us-east-1.amazonaws.com/')
})

test('what is not there is no error: repositories, documents', async () => {
  const { account } = ecrOf({
    DescribeRepositories: ({ repositoryNames }) =>
      String(repositoryNames) === 'shop/web' ? failing('RepositoryNotFoundException') : described,
    GetRepositoryPolicy: () => failing('RepositoryPolicyNotFoundException'),
    GetLifecyclePolicy: () => failing('LifecyclePolicyNotFoundException'),
  })
  const { live } = await account.read([
    { name: 'shop/api', policy: 'none', lifecycle: [] },
    { name: 'shop/web', policy: 'none' },
  ])
  expect([...live.keys()]).toEqual(['shop/api'])
  expect(live.get('shop/api')).not.toHaveProperty('policy')
})

test('all pages of creation templates are read', async () => {
  const { account } = ecrOf({
    DescribeRepositoryCreationTemplates: ({ nextToken }) =>
      nextToken === undefined
        ? { nextToken: 'n', repositoryCreationTemplates: [{ prefix: 'shop', appliedFor: ['REPLICATION'] }] }
        : {
            repositoryCreationTemplates: [
              {
                prefix: 'ROOT',
                imageTagMutability: 'IMMUTABLE',
                encryptionConfiguration: { encryptionType: 'AES256' },
              },
            ],
          },
  })
  expect((await account.read([])).registry.templates).toEqual([
    { prefix: 'shop', appliedFor: ['REPLICATION'] },
    {
      prefix: 'ROOT',
      appliedFor: [],
      encryption: { type: 'AES256' },
      mutability: { tags: 'immutable', except: [] },
    },
  ])
})

test('configurations of the registry are written as they were read, rules of others among them', async () => {
  const rules = [{ scanFrequency: 'SCAN_ON_PUSH', repositoryFilters: [{ filter: 'infra/*', filterType: 'WILDCARD' }] }]
  const replication = {
    rules: [
      { destinations: [{ region: 'eu-west-1', registryId: '444455556666' }] },
      {
        destinations: [{ region: 'eu-west-2', registryId: '123456789012' }],
        repositoryFilters: [{ filter: 'infra/', filterType: 'PREFIX_MATCH' }],
      },
    ],
  }
  const { account, sent } = ecrOf({
    GetRegistryScanningConfiguration: () => ({ scanningConfiguration: { scanType: 'ENHANCED', rules } }),
    DescribeRegistry: () => ({ replicationConfiguration: replication }),
  })
  const { registry } = await account.read([{ name: 'shop/api', scanning: 'manual', replication: [] }])
  if (registry.scanning) await account.putScanning(registry.scanning)
  if (registry.replication) await account.putReplication(registry.replication)
  expect(sent.slice(-2)).toMatchObject([
    { operation: 'PutRegistryScanningConfiguration', input: { scanType: 'ENHANCED', rules } },
    { operation: 'PutReplicationConfiguration', input: { replicationConfiguration: replication } },
  ])
})

test('a repository is made with what cannot be changed later; one that exists already is said, not thrown', async () => {
  const desired = {
    name: 'shop/api',
    mutability: { tags: 'immutable', except: ['cache-*'] },
    encryption: { type: 'KMS', key: 'key' },
    tags: { team: 'shop' },
  } as const
  const { account, sent } = ecrOf({})
  expect(await account.take('shop/api', { do: 'create', desired })).toBe('done')
  expect(sent[0]?.input).toEqual({
    repositoryName: 'shop/api',
    imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
    imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'cache-*' }],
    encryptionConfiguration: { encryptionType: 'KMS', kmsKey: 'key' },
    tags: [{ Key: 'team', Value: 'shop' }],
  })
  const taken = ecrOf({ CreateRepository: () => failing('RepositoryAlreadyExistsException') })
  expect(await taken.account.take('shop/api', { do: 'create', desired })).toBe('exists')
})

test('a refusal names role, call and repository', async () => {
  const { account } = ecrOf({ PutLifecyclePolicy: () => failing('AccessDeniedException', 'not authorized') })
  await expect(account.take('shop/api', { do: 'lifecycle', text: '{}' })).rejects.toMatchObject({
    kind: 'denied',
    message: `${session.roleArn} may not ecr:PutLifecyclePolicy on the repository "shop/api".`,
    why: 'not authorized',
  })
})
