import { describe, expect, test } from '@jest/globals'
import type { EcrRepository } from '../../../src/identity/session-policy.ts'
import {
  ecrLogin,
  ecrPush,
  ecrRepository,
  ecrScan,
  eksDeploy,
  renderPolicy,
  withinLimit,
} from '../../../src/identity/session-policy.ts'

const place = { partition: 'aws-cn', region: 'cn-north-1', account: '111122223333' }
const named = (...names: readonly string[]): readonly EcrRepository[] => names.map(name => ({ ...place, name }))
const api = named('shop/api')
const inPublic = { account: '111122223333', names: ['*'] }
const deploy = { ...place, cluster: 'prod', repositories: api, alarms: true, judged: true }

const desired: Parameters<typeof ecrRepository>[0]['desired'] = [
  { name: 'shop/api', mutability: { tags: 'immutable', except: [] }, tags: { team: 'shop' }, policy: 'none' },
  { name: 'shop/api', policy: { Statement: [] }, lifecycle: [], scanning: 'on-push', replication: [] },
]
const keep = { ...place, repositories: api, desired, mode: 'apply', clusters: ['prod'], keeps: true } as const

const withoutResource =
  /^(ecr:(GetAuthorizationToken|(Get|Put)RegistryScanningConfiguration|DescribeRegistry|PutReplicationConfiguration|DescribeRepositoryCreationTemplates)|elasticloadbalancing:DescribeTarget(Groups|Health)|cloudwatch:DescribeAlarms|ecr-public:GetAuthorizationToken|sts:GetServiceBearerToken)$/

describe('session policies', () => {
  test.each([
    ['push', ecrPush({ push: api, pull: api })],
    ['login', ecrLogin({ repositories: api, access: 'push' })],
    ['scan', ecrScan(api)],
    ['repositories', ecrRepository(keep)],
    ['deploy', eksDeploy(deploy)],
  ])('%s names its resources in the right partition, and a star only where IAM knows no resource', (_, policy) => {
    for (const { Action, Resource } of policy.Statement) {
      if (Resource === '*') for (const action of [Action].flat()) expect(action).toMatch(withoutResource)
      else
        for (const arn of [Resource].flat())
          expect(arn).toMatch(/^arn:aws-cn:(ecr|eks):cn-north-1:111122223333:(repository\/shop\/api|cluster\/prod)$/)
    }
  })

  test.each([
    { partition: 'aws', region: 'eu-west-1' },
    { partition: 'aws-us-gov', region: 'us-gov-west-1' },
    { partition: 'aws-eusc', region: 'eusc-de-east-1' },
    { partition: 'aws-iso-b', region: 'us-isob-east-1' },
  ])('are of the partition $partition', where => {
    const there = { ...place, ...where }
    const policies = [
      ecrPush({ push: [{ ...there, name: 'a' }] }),
      ecrScan([{ ...there, name: 'a' }]),
      eksDeploy({ ...deploy, ...there, repositories: [{ ...there, name: 'a' }] }),
    ]
    const arns = JSON.stringify(policies).match(/arn:[^"]+/g) ?? []
    expect(arns).toHaveLength(4)
    for (const arn of arns)
      expect(arn).toMatch(new RegExp(`^arn:${where.partition}:(ecr|eks):${where.region}:111122223333:`))
  })

  test('deploying may describe the cluster, read images and ask load balancers, nothing else', () => {
    expect(eksDeploy({ ...deploy, alarms: false }).Statement.flatMap(({ Action }) => Action)).toEqual([
      'eks:DescribeCluster',
      'eks:ListAccessEntries',
      'elasticloadbalancing:DescribeTargetGroups',
      'elasticloadbalancing:DescribeTargetHealth',
      'ecr:BatchGetImage',
      'ecr:DescribeImages',
    ])
  })

  test('a dry run asks no load balancer: nothing is judged', () => {
    expect(JSON.stringify(eksDeploy({ ...deploy, judged: false }))).not.toContain('elasticloadbalancing')
    expect(eksDeploy({ ...deploy, judged: false, alarms: false }).Statement).toHaveLength(2)
  })

  test('it may read alarms only when some are to be watched', () => {
    expect(JSON.stringify(eksDeploy(deploy))).toContain('"cloudwatch:DescribeAlarms"')
    expect(JSON.stringify(eksDeploy({ ...deploy, alarms: false }))).not.toContain('cloudwatch')
  })

  test('a deploy without images of ours asks for no repository', () => {
    expect(JSON.stringify(eksDeploy({ ...deploy, repositories: [] }))).not.toContain('ecr')
  })

  test('scanning and pulling may not push', () => {
    expect(JSON.stringify(ecrScan(api))).not.toContain('PutImage')
    const pull = ecrLogin({ repositories: api, inPublic, access: 'pull' })
    expect(JSON.stringify(pull)).not.toMatch(/Put|Upload|BatchCheck/)
  })

  test('comparing repositories may write nothing, and looks for no preview when it looks for drift', () => {
    const plan = JSON.stringify(ecrRepository({ ...keep, mode: 'plan' }))
    expect(plan).not.toMatch(/:(Put|Set|Delete|Create|Tag)/)
    expect(plan).toContain('StartLifecyclePolicyPreview')
    expect(JSON.stringify(ecrRepository({ ...keep, mode: 'drift' }))).not.toMatch(/Preview|BatchGetImage/)
  })

  test('indexes are read only for the sake of images that have to stay', () => {
    expect(JSON.stringify(ecrRepository(keep))).toContain('ecr:BatchGetImage')
    expect(JSON.stringify(ecrRepository({ ...keep, keeps: false }))).not.toContain('ecr:BatchGetImage')
  })

  test('applying repositories may write what is said of them, and make grants for keys only where there are keys', () => {
    const actions = (said: (typeof desired)[number]): readonly string[] =>
      ecrRepository({ ...keep, desired: [said], clusters: [] }).Statement.flatMap(({ Action }) => Action)
    expect(actions({ name: 'shop/api' })).toEqual([
      'ecr:DescribeRepositoryCreationTemplates',
      'ecr:DescribeRepositories',
      'ecr:CreateRepository',
    ])
    expect(actions({ name: 'shop/api', policy: 'none' })).toContain('ecr:DeleteRepositoryPolicy')
    expect(actions({ name: 'shop/api', policy: 'none' })).not.toContain('ecr:SetRepositoryPolicy')
    expect(actions({ name: 'shop/api', encryption: { type: 'AES256' } }).join()).not.toContain('kms')
    const key = 'arn:aws-cn:kms:cn-north-1:111122223333:key/0a1b'
    const encrypted = ecrRepository({ ...keep, desired: [{ name: 'shop/api', encryption: { type: 'KMS', key } }] })
    expect(encrypted.Statement).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:CreateGrant', 'kms:DescribeKey', 'kms:RetireGrant'],
      Resource: key,
    })
  })

  test('base images of a build may be read, not pushed', () => {
    const [, push, pull] = ecrPush({ push: api, pull: named('base') }).Statement
    expect(JSON.stringify(push)).not.toContain('repository/base')
    expect(pull).toMatchObject({ Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'] })
  })

  test('a login to public ECR alone asks for nothing in private ones', () => {
    const policy = ecrLogin({ repositories: [], inPublic, access: 'pull' })
    expect(policy.Statement.flatMap(({ Action }) => Action)).toEqual([
      'ecr-public:GetAuthorizationToken',
      'sts:GetServiceBearerToken',
    ])
  })

  test('the same repository is named once', () => {
    expect(JSON.stringify(ecrScan([...api, ...api])).match(/repository/g)).toHaveLength(1)
  })
})

describe('many repositories', () => {
  const many = (count: number, name: (index: number) => string): readonly EcrRepository[] =>
    named(...Array.from({ length: count }, (_, index) => name(index)))
  const rendered = (repositories: readonly EcrRepository[]): string =>
    renderPolicy(withinLimit(repositories, fitting => eksDeploy({ ...deploy, repositories: fitting })))
  const namesIn = (policy: string): readonly string[] =>
    [...policy.matchAll(/:repository\/([^"]+)/g)].map(([, name = '']) => name)

  test('stay as they are named while they fit into what STS accepts', () => {
    const ten = many(10, index => `team/service-${index}/component`)
    expect(namesIn(rendered(ten))).toEqual(ten.map(({ name }) => name))
  })

  test('become their namespaces, the narrowest that fit', () => {
    const services = many(60, index => `team/service-${index % 3}/component-${index}`)
    expect(namesIn(rendered(services))).toEqual(['team/service-0/*', 'team/service-1/*', 'team/service-2/*'])
    const scattered = many(60, index => `team/service-${index}/component`)
    expect(namesIn(rendered(scattered))).toEqual(['team/*'])
  })

  test('never become more than a namespace: then it is an error before any call, which says what to do', () => {
    const flat = many(60, index => `service-${index}`)
    expect(() => rendered(flat)).toThrow(/STS accepts 2048/)
    expect(() => rendered([...flat, ...named('team/a', 'team/b')])).toThrow(
      expect.objectContaining({ code: 'session-policy', todo: expect.stringContaining('common namespace') }),
    )
  })

  test('of other accounts stay in theirs', () => {
    const theirs = many(60, index => `team/s-${index}`).map(one => ({ ...one, account: '444455556666' }))
    const policy = rendered([...many(60, index => `team/s-${index}`), ...theirs])
    expect(policy.match(/\d{12}:repository\/team\/\*/g)).toEqual([
      '111122223333:repository/team/*',
      '444455556666:repository/team/*',
    ])
  })
})
