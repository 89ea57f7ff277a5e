import { describe, expect, test } from '@jest/globals'
import { ecrPush, ecrScan, eksDeploy, renderPolicy } from '../../../src/identity/session-policy.ts'

const place = { partition: 'aws-cn', region: 'cn-north-1', account: '111122223333' }

describe('session policies', () => {
  test.each([
    ['push', ecrPush({ ...place, repositories: ['shop/api'] })],
    ['scan', ecrScan({ ...place, repositories: ['shop/api'] })],
    ['deploy', eksDeploy({ ...place, cluster: 'prod', repositories: ['shop/api'] })],
  ])('%s names its resources in the right partition, and a star only where IAM knows no resource', (_, policy) => {
    for (const { Action, Resource } of policy.Statement) {
      if (Resource === '*')
        expect(['ecr:GetAuthorizationToken', 'ecr:GetRegistryScanningConfiguration']).toContain(Action)
      else
        for (const arn of [Resource].flat())
          expect(arn).toMatch(/^arn:aws-cn:(ecr|eks):cn-north-1:111122223333:(repository\/shop\/api|cluster\/prod)$/)
    }
  })

  test('deploying may describe the cluster and read images, nothing else', () => {
    const actions = eksDeploy({ ...place, cluster: 'prod', repositories: ['shop/api'] }).Statement.flatMap(
      ({ Action }) => Action,
    )
    expect(actions).toEqual(['eks:DescribeCluster', 'ecr:BatchGetImage', 'ecr:DescribeImages'])
  })

  test('a deploy without images of ours asks for no repository', () => {
    expect(eksDeploy({ ...place, cluster: 'prod', repositories: [] }).Statement).toHaveLength(1)
  })

  test('scanning may not push', () => {
    expect(JSON.stringify(ecrScan({ ...place, repositories: ['a'] }))).not.toContain('PutImage')
  })

  test('ten repositories fit into what STS accepts', () => {
    const repositories = Array.from({ length: 10 }, (_, i) => `team/service-${i}/component`)
    expect(renderPolicy(ecrPush({ ...place, repositories })).length).toBeLessThanOrEqual(2_048)
  })

  test('too many repositories are an error before any call', () => {
    const repositories = Array.from({ length: 40 }, (_, i) => `team/service-${i}/component`)
    expect(() => renderPolicy(ecrPush({ ...place, repositories }))).toThrow(/STS accepts 2048/)
  })
})
