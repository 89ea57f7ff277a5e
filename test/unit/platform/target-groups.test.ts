import { expect, test } from '@jest/globals'
import { elbTargetHealth } from '../../../src/platform/target-groups.ts'
import { awsQueryTransport } from '../../support/aws-answers.ts'
import { session } from '../../support/images.ts'

const arn = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/k8s-shop-api-0a1b2c3d4e/73e2d6bc24d8a067'

const group = (every: number, healthy: number, unhealthy: number): string =>
  `<TargetGroups><member><TargetGroupArn>${arn}</TargetGroupArn><HealthCheckIntervalSeconds>${every}</HealthCheckIntervalSeconds>` +
  `<HealthyThresholdCount>${healthy}</HealthyThresholdCount><UnhealthyThresholdCount>${unhealthy}</UnhealthyThresholdCount></member></TargetGroups>`

const member = (address: string, state: string, why = ''): string =>
  `<member><Target><Id>${address}</Id><Port>8000</Port></Target><TargetHealth><State>${state}</State>${why}</TargetHealth></member>`

const targets =
  '<TargetHealthDescriptions>' +
  member('10.0.0.1', 'healthy') +
  member('10.0.0.2', 'unhealthy', '<Reason>Target.Timeout</Reason><Description>Request timed out</Description>') +
  '</TargetHealthDescriptions>'

test('the targets of a group come as the load balancer sees them, each time anew; how it checks is asked once', async () => {
  const transport = awsQueryTransport(({ operation }) =>
    operation === 'DescribeTargetGroups' ? group(15, 2, 3) : targets,
  )
  const source = elbTargetHealth(session, { requestHandler: transport.requestHandler })
  const health = {
    patienceMs: 45_000,
    targets: [
      { address: '10.0.0.1', port: 8000, state: 'healthy' },
      {
        address: '10.0.0.2',
        port: 8000,
        state: 'unhealthy',
        reason: 'Target.Timeout',
        description: 'Request timed out',
      },
    ],
  }
  expect([await source.read(arn), await source.read(arn)]).toEqual([health, health])
  expect(transport.calls.map(({ operation }) => operation)).toEqual([
    'DescribeTargetGroups',
    'DescribeTargetHealth',
    'DescribeTargetHealth',
  ])
  expect(transport.calls[1]).toMatchObject({
    host: 'elasticloadbalancing.us-east-1.amazonaws.com',
    input: { TargetGroupArn: arn },
  })
})

test('a pod that has become well has the time that the load balancer takes to see it', async () => {
  const transport = awsQueryTransport(({ operation }) =>
    operation === 'DescribeTargetGroups' ? group(30, 5, 2) : targets,
  )
  const { patienceMs } = await elbTargetHealth(session, { requestHandler: transport.requestHandler }).read(arn)
  expect(patienceMs).toBe(150_000)
})

test.each([
  ['AccessDenied', 'denied', 'aws-read-denied', /may not elasticloadbalancing:DescribeTargetGroups\./],
  ['TargetGroupNotFound', 'remote', 'aws-read-failed', /elasticloadbalancing:DescribeTargetGroups in us-east-1 failed/],
])('%s is an error of kind %s', async (error, kind, code, message) => {
  const { requestHandler } = awsQueryTransport(() => ({ error }))
  await expect(elbTargetHealth(session, { requestHandler }).read(arn)).rejects.toMatchObject({
    kind,
    code,
    message: expect.stringMatching(message),
  })
})
