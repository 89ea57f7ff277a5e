import { describe, expect, test } from '@jest/globals'
import { ecrPush, ecrScan, eksDeploy, renderPolicy } from '../../../src/identity/session-policy.ts'

const place = { partition: 'aws-cn', region: 'cn-north-1', account: '111122223333' }

describe('session policies', () => {
  test.each([
    ['push', ecrPush({ ...place, repositories: ['shop/api'] })],
    ['scan', ecrScan({ ...place, repositories: ['shop/api'] })],
    ['deploy', eksDeploy({ ...place, cluster: 'prod', repositories: ['shop/api'], alarms: true })],
  ])('%s names its resources in the right partition, and a star only where IAM knows no resource', (_, policy) => {
    for (const { Action, Resource } of policy.Statement) {
      if (Resource === '*')
        for (const action of [Action].flat())
          expect(action).toMatch(
            /^(ecr:(GetAuthorizationToken|GetRegistryScanningConfiguration)|elasticloadbalancing:DescribeTarget(Groups|Health)|cloudwatch:DescribeAlarms)$/,
          )
      else
        for (const arn of [Resource].flat())
          expect(arn).toMatch(/^arn:aws-cn:(ecr|eks):cn-north-1:111122223333:(repository\/shop\/api|cluster\/prod)$/)
    }
  })

  test('deploying may describe the cluster, read images and ask load balancers, nothing else', () => {
    const policy = eksDeploy({ ...place, cluster: 'prod', repositories: ['shop/api'] })
    expect(policy.Statement.flatMap(({ Action }) => Action)).toEqual([
      'eks:DescribeCluster',
      'eks:ListAccessEntries',
      'elasticloadbalancing:DescribeTargetGroups',
      'elasticloadbalancing:DescribeTargetHealth',
      'ecr:BatchGetImage',
      'ecr:DescribeImages',
    ])
  })

  test('it may read alarms only when some are to be watched', () => {
    const deploy = { ...place, cluster: 'prod', repositories: ['shop/api'] }
    expect(JSON.stringify(eksDeploy({ ...deploy, alarms: true }))).toContain('"cloudwatch:DescribeAlarms"')
    expect(JSON.stringify(eksDeploy({ ...deploy, alarms: false }))).not.toContain('cloudwatch')
  })

  test('a deploy without images of ours asks for no repository', () => {
    expect(JSON.stringify(eksDeploy({ ...place, cluster: 'prod', repositories: [] }))).not.toContain('ecr')
  })

  test('scanning may not push', () => {
    expect(JSON.stringify(ecrScan({ ...place, repositories: ['a'] }))).not.toContain('PutImage')
  })

  test('ten repositories fit into what STS accepts', () => {
    const repositories = Array.from({ length: 10 }, (_, i) => `team/service-${i}/component`)
    expect(renderPolicy(ecrPush({ ...place, repositories })).length).toBeLessThanOrEqual(2_048)
  })

  test('a deploy of ten of them under alarms does too', () => {
    const repositories = Array.from({ length: 10 }, (_, i) => `team/service-${i}/component`)
    expect(
      renderPolicy(eksDeploy({ ...place, cluster: 'c'.repeat(100), repositories, alarms: true })).length,
    ).toBeLessThanOrEqual(2_048)
  })

  test('too many repositories are an error before any call', () => {
    const repositories = Array.from({ length: 40 }, (_, i) => `team/service-${i}/component`)
    expect(() => renderPolicy(ecrPush({ ...place, repositories }))).toThrow(/STS accepts 2048/)
  })
})
