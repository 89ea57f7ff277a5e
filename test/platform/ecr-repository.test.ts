/**
 * The built ecr-repository against the front's ECR: from nothing to what slipway.yaml says, and back to what somebody
 * changed by hand; what ECR would take away from a rollback stays. Runs inside the platform.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { attach } from '../../sandbox/platform.ts'
import { account, cluster as eks, github, hosts, partition, region, roles } from '../../sandbox/world.ts'
import { openSession } from '../../src/identity/session.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import { ecrCall, type EcrCall } from '../../src/registry/repository/account.ts'
import { releaseStore } from '../../src/rollout/record/record.ts'
import { recordingLog } from '../support/context.ts'
import { startJob, type Job } from '../support/job.ts'
import { jobContext } from '../support/job-context.ts'
import { namespaces, type Namespaces } from '../support/namespaces.ts'
import { front, step } from '../support/step.ts'

jest.setTimeout(120_000)

const unique = `repo-${Date.now().toString(36)}`
const role = `arn:${partition}:iam::${account}:role/${unique}`
const name = (suffix: string): string => `shop/${unique}-${suffix}`
const arn = (repository: string): string => `arn:${partition}:ecr:${region}:${account}:repository/${repository}`

interface Logged {
  readonly principal?: string
  readonly operation?: string
}

let folder = ''
let writer: Job
let call: EcrCall
let cluster: ClusterClient
let spaces: Namespaces

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-repository-'))
  const trust = {
    Effect: 'Allow',
    Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${hosts.issuer}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringLike: { [`${hosts.issuer}:sub`]: `repo:${github.repository}:*` },
      StringEquals: { [`${hosts.issuer}:aud`]: 'sts.amazonaws.com' },
    },
  }
  const all = { Effect: 'Allow', Action: ['ecr:*', 'eks:Describe*', 'eks:List*'], Resource: '*' }
  const policy = (statement: object) => ({ Version: '2012-10-17', Statement: [statement] })
  await front('POST', '/seed', {
    account,
    region,
    roles: [
      { name: unique, trust: policy(trust), policies: { all: policy(all) } },
      {
        name: `${unique}-reader`,
        trust: policy(trust),
        policies: { read: policy({ ...all, Action: ['ecr:Describe*', 'ecr:Get*'] }) },
      },
    ],
  })
  const { context } = jobContext()
  call = ecrCall(await openSession({ role, region }, context), context)
  writer = startJob({})
  await writer.uses('ecr-login', { role: roles.build, region })
  cluster = await connectAsAdmin(attach().kubeconfig)
  spaces = namespaces(cluster)
})
afterAll(async () => {
  writer.remove()
  rmSync(folder, { recursive: true })
  await front('PUT', '/creation-templates', { templates: [] })
  await call('PutReplicationConfiguration', { replicationConfiguration: { rules: [] } })
  await call('PutRegistryScanningConfiguration', { scanType: 'BASIC', rules: [] })
  await spaces.remove()
  await cluster.close()
})

/** The action on a slipway.yaml with these repositories. */
const run = (mode: string, repositories: object, inputs: Readonly<Record<string, string>> = {}) =>
  step(
    'ecr-repository',
    { role, region, mode, ...inputs },
    { files: { 'slipway.yaml': JSON.stringify({ repositories }) } },
  )

/** Operations that wrote something in a run of the action. */
async function writesDuring(work: () => Promise<{ readonly runId: string }>): Promise<readonly string[]> {
  const since = new Date().toISOString()
  const { runId } = await work()
  const requests = await front<readonly Logged[]>('GET', `/requests?since=${since}`)
  return requests
    .filter(({ principal }) => principal?.includes(runId))
    .map(({ operation = '' }) => operation)
    .filter(operation => /^(Create|Put|Set|Delete|Tag)/.test(operation))
}

/** An image that no other is like; its digest. */
async function push(repository: string, tag: string): Promise<string> {
  const file = `${repository.replaceAll('/', '-')}-${tag}`
  writeFileSync(join(folder, file), file)
  await writer.run('tar', ['-C', folder, '-cf', join(folder, `${file}.tar`), file])
  const image = `${hosts.registry}/${repository}:${tag}`
  const pushed = await writer.run('crane', ['append', '--new_layer', join(folder, `${file}.tar`), '--new_tag', image])
  expect(pushed).toMatchObject({ code: 0 })
  return (await writer.run('crane', ['digest', image])).stdout.trim()
}

const most = (countNumber: number) => ({
  rulePriority: 10,
  selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber },
  action: { type: 'expire' },
})
const untagged = {
  rulePriority: 1,
  selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 14 },
  action: { type: 'expire' },
}
const policy = {
  Version: '2012-10-17',
  Statement: [
    {
      Sid: 'pull',
      Effect: 'Allow',
      Principal: { AWS: '444455556666' },
      Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
    },
  ],
}

describe('a repository that does not exist', () => {
  const repository = name('new')
  const repositories = {
    [repository]: {
      mutability: 'immutable',
      'mutability-exclusions': ['buildcache-*'],
      encryption: 'aes256',
      tags: { team: 'shop' },
      policy,
      lifecycle: [untagged, most(50)],
      scanning: 'on-push',
      replication: ['eu-central-1', { region: 'us-west-2', account: '444455556666' }],
    },
  }

  test('is planned, with the template that could make it first, and nothing is written', async () => {
    const prefix = repository.split('/')[0]
    await front('PUT', '/creation-templates', {
      templates: [{ prefix, appliedFor: ['CREATE_ON_PUSH'], encryptionConfiguration: { encryptionType: 'KMS' } }],
    })
    let log = ''
    const writes = await writesDuring(async () => {
      const planned = await run('plan', repositories)
      expect(planned).toMatchObject({
        code: 0,
        outputs: { verdict: 'planned', changed: repository, created: repository },
      })
      log = planned.log
      return planned
    })
    expect(writes).toEqual([])
    expect(log).toContain(`✓ plan for 1 repository: 1 to create; nothing was written\n  + ${repository}`)
    expect(log).toContain('mutability: immutable, but buildcache-*')
    expect(log).toContain('+ 1 · untagged: pushed more than 14 days ago → expire')
    expect(log).toContain('+ 444455556666/us-west-2')
    expect(log).toContain(`The creation template "${prefix}" of the registry (CREATE_ON_PUSH) is about ${repository}`)
    await front('PUT', '/creation-templates', { templates: [] })
  })

  test('is drift until it is applied; then it is as it should be, and stays so at the next time', async () => {
    expect(await run('drift', repositories)).toMatchObject({ code: 1, outputs: { verdict: 'drifted' } })
    const applied = await run('apply', repositories)
    expect(applied).toMatchObject({ code: 0, outputs: { verdict: 'applied', created: repository } })
    expect(applied.log).not.toContain('ECR still says something else')
    const [found] =
      (await call<{ repositories: object[] }>('DescribeRepositories', { repositoryNames: [repository] }))
        ?.repositories ?? []
    expect(found).toMatchObject({
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filter: 'buildcache-*', filterType: 'WILDCARD' }],
    })
    const writes = await writesDuring(async () => {
      const again = await run('apply', repositories)
      expect(again).toMatchObject({ code: 0, outputs: { verdict: 'unchanged' } })
      return again
    })
    expect(writes).toEqual([])
    expect(await run('drift', repositories)).toMatchObject({ code: 0, outputs: { verdict: 'unchanged' } })
  })

  test('is drift again when somebody changes it by hand, in words that say what, and apply brings it back', async () => {
    await call('PutImageTagMutability', { repositoryName: repository, imageTagMutability: 'MUTABLE' })
    await call('TagResource', { resourceArn: arn(repository), tags: [{ Key: 'team', Value: 'basket' }] })
    await call('DeleteRepositoryPolicy', { repositoryName: repository })
    const drifted = await run('drift', repositories)
    expect(drifted).toMatchObject({ code: 1, outputs: { verdict: 'drifted', changed: repository } })
    expect(drifted.log).toContain('mutability: mutable → immutable, but buildcache-*')
    expect(drifted.log).toContain('- team=basket')
    expect(drifted.summary).toContain('mutability, tags, policy')
    const writes = await writesDuring(() => run('apply', repositories))
    expect(writes.toSorted()).toEqual(['PutImageTagMutability', 'SetRepositoryPolicy', 'TagResource'])
    expect(await run('drift', repositories)).toMatchObject({ code: 0 })
  })

  test('keeps what the registry does for others', async () => {
    await call('PutReplicationConfiguration', {
      replicationConfiguration: {
        rules: [
          {
            destinations: [{ region: 'eu-north-1', registryId: account }],
            repositoryFilters: [{ filter: 'infra/', filterType: 'PREFIX_MATCH' }],
          },
        ],
      },
    })
    expect(await run('apply', repositories)).toMatchObject({ code: 0, outputs: { verdict: 'applied' } })
    const registry = await call<{ replicationConfiguration: { rules: unknown[] } }>('DescribeRegistry', {})
    expect(registry?.replicationConfiguration.rules).toHaveLength(2)
  })

  test('is refused another encryption, and nothing else is written either', async () => {
    const writes = await writesDuring(async () => {
      const refused = await run('apply', { [repository]: { encryption: 'kms', mutability: 'mutable' } })
      expect(refused).toMatchObject({ code: 1, outputs: { verdict: 'refused' } })
      expect(refused.log).toContain(`encryption of ${repository} is AES256, which ECR fixes when a repository is made`)
      return refused
    })
    expect(writes).toEqual([])
  })
})

describe('a change of a lifecycle policy', () => {
  const repository = name('old')
  const shop = (rules: readonly object[]) => ({ [repository]: { lifecycle: rules } })
  let first = ''
  let second = ''

  beforeAll(async () => {
    await run('apply', shop([most(50)]))
    first = await push(repository, 'v1')
    second = await push(repository, 'v2')
    await push(repository, 'v3')
  })

  test('says which images would go, by the preview of ECR', async () => {
    const planned = await run('plan', shop([most(2)]))
    expect(planned).toMatchObject({ code: 0, outputs: { verdict: 'planned' } })
    expect(planned.log).toContain('- 10 · any image: more than 50 images → expire')
    expect(planned.log).toContain('1 image would go now')
    expect(planned.log).toContain(`expire ${first.slice(0, 19)}… (v1), by rule 10`)
  })

  test('that would take an image which has to stay is refused and names it; where the image stays, it is made', async () => {
    const keep = { 'keep-digests': `${hosts.registry}/${repository}@${first}` }
    const writes = await writesDuring(async () => {
      const refused = await run('apply', shop([most(2)]), keep)
      expect(refused).toMatchObject({ code: 1, outputs: { verdict: 'refused' } })
      expect(refused.log).toContain(
        `lifecycle of ${repository} would expire ${repository}@${first} (v1) by its rule 10; it is needed by the input keep-digests.`,
      )
      return refused
    })
    expect(writes).toEqual([])
    expect(await run('apply', shop([most(3)]), keep)).toMatchObject({ code: 0, outputs: { verdict: 'applied' } })
    const other = { 'keep-digests': `${hosts.registry}/shop/api@${first}` }
    expect(await run('plan', shop([most(2)]), other)).toMatchObject({ code: 0 })
  })

  test('that would take the index which holds an image that has to stay is refused, with both', async () => {
    const indexed = name('index')
    const kept = { [indexed]: { lifecycle: [most(9)] } }
    await run('apply', kept)
    const child = await push(indexed, 'child')
    const image = (tag: string): string => `${hosts.registry}/${indexed}:${tag}`
    const made = await writer.run('crane', ['index', 'append', '-m', image('child'), '-t', image('both')])
    expect(made).toMatchObject({ code: 0 })
    const index = (await writer.run('crane', ['digest', image('both')])).stdout.trim()
    await push(indexed, 'newer')
    const keep = { 'keep-digests': child }
    const refused = await run('plan', { [indexed]: { lifecycle: [most(1)] } }, keep)
    expect(refused).toMatchObject({ code: 1, outputs: { verdict: 'refused' } })
    expect(refused.log).toContain(`${indexed}@${index} (both), which holds ${child}, by its rule 10; it is needed by`)
    expect(await run('plan', { [indexed]: { lifecycle: [most(2)] } }, keep)).toMatchObject({ code: 0 })
  })

  test('that would take an image of a recorded release is refused, with the release', async () => {
    const namespace = await spaces.create('keeps')
    const store = releaseStore(namespace, 'shop', { cluster, log: recordingLog() })
    const release = { application: 'shop', objects: [], startedAt: 1, endedAt: 2 }
    const image = (digest: string): string => `${hosts.registry}/${repository}@${digest}`
    const signal = new AbortController().signal
    await store.open({ ...release, revision: 1, images: [image(first)], verdict: 'failed' }, [], signal)
    await store.open({ ...release, revision: 2, images: [image(second)], verdict: 'healthy' }, [], signal)
    const mapped = JSON.stringify([{ rolearn: role, username: 'ci:{{SessionName}}', groups: ['gha:deploy'] }])
    const key = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'aws-auth' } as const
    await cluster.apply(
      {
        apiVersion: key.apiVersion,
        kind: key.kind,
        metadata: { name: key.name, namespace: key.namespace },
        data: { mapRoles: mapped },
      },
      { force: true },
      signal,
    )
    try {
      const releases = { 'keep-releases': `${eks.name}/${namespace}` }
      let refused = await run('apply', shop([most(1)]), releases)
      // The authenticator watches the ConfigMap.
      for (let tries = 0; refused.outputs['verdict'] === undefined && tries < 10; tries++) {
        await sleep(1_000)
        refused = await run('apply', shop([most(1)]), releases)
      }
      expect(refused).toMatchObject({ code: 1, outputs: { verdict: 'refused' } })
      expect(refused.log).toContain(
        `(v2) by its rule 10; it is needed by release r2 of shop in ${eks.name}/${namespace}.`,
      )
      expect(refused.log).not.toContain('(v1) by its rule 10; it is needed')
    } finally {
      await cluster.remove(key, signal)
    }
  })

  test('is drift without a preview, which changes nothing anyway', async () => {
    const since = new Date().toISOString()
    const drifted = await run('drift', shop([most(1)]))
    expect(drifted).toMatchObject({ code: 1, outputs: { verdict: 'drifted' } })
    const requests = await front<readonly Logged[]>('GET', `/requests?since=${since}`)
    const asked = requests
      .filter(({ principal }) => principal?.includes(drifted.runId))
      .map(({ operation }) => operation)
    expect(asked).not.toContain('StartLifecyclePolicyPreview')
  })
})

test('a role that may not write fails with one sentence that names the permission', async () => {
  const { code, errors } = await run('apply', { [name('denied')]: {} }, { role: `${role}-reader` })
  expect([code, errors.length]).toEqual([1, 1])
  expect(errors[0]).toContain(`${role}-reader may not ecr:CreateRepository on the repository "${name('denied')}".`)
})
