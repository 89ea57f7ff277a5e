import { expect, test } from '@jest/globals'
import { awsError, refusal } from '../../../sandbox/front/aws-errors.ts'
import { operationOf } from '../../../sandbox/front/operations.ts'
import { targetHealthOverride } from '../../../sandbox/front/target-health.ts'

interface Asked {
  readonly host: string
  readonly method?: string
  readonly path?: string
  readonly target?: string
  readonly body?: string
}

function understood({ host, method = 'POST', path = '/', target, body = '' }: Asked) {
  const headers = target === undefined ? {} : { 'x-amz-target': target }
  return operationOf(host, { method, url: new URL(`https://${host}${path}`), headers, body: Buffer.from(body) })
}

const arn = (service: string, rest: string): string => `arn:aws:${service}:us-east-1:123456789012:${rest}`
const ecr = { host: 'api.ecr.us-east-1.amazonaws.com' }

test.each([
  {
    asked: {
      ...ecr,
      target: 'AmazonEC2ContainerRegistry_V20150921.DescribeImages',
      body: '{"repositoryName":"shop/api"}',
    },
    is: 'ecr:DescribeImages',
    on: [arn('ecr', 'repository/shop/api')],
  },
  {
    asked: { ...ecr, target: 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken' },
    is: 'ecr:GetAuthorizationToken',
    on: ['*'],
  },
  {
    asked: {
      ...ecr,
      target: 'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories',
      body: '{"repositoryNames":["a","b"]}',
    },
    is: 'ecr:DescribeRepositories',
    on: [arn('ecr', 'repository/a'), arn('ecr', 'repository/b')],
  },
  {
    asked: { ...ecr, target: 'AmazonEC2ContainerRegistry_V20150921.GetRegistryScanningConfiguration' },
    is: 'ecr:GetRegistryScanningConfiguration',
    on: ['*'],
  },
  {
    asked: { ...ecr, target: 'AmazonEC2ContainerRegistry_V20150921.DescribeRepositoryCreationTemplates' },
    is: 'ecr:DescribeRepositoryCreationTemplates',
    on: ['*'],
  },
  {
    asked: {
      ...ecr,
      target: 'AmazonEC2ContainerRegistry_V20150921.TagResource',
      body: JSON.stringify({ resourceArn: arn('ecr', 'repository/shop/api') }),
    },
    is: 'ecr:TagResource',
    on: [arn('ecr', 'repository/shop/api')],
  },
  {
    asked: { host: 'api.ecr-public.us-east-1.amazonaws.com', target: 'SpencerFrontendService.GetAuthorizationToken' },
    is: 'ecr-public:GetAuthorizationToken',
    on: ['*'],
  },
  {
    asked: { host: 'eks.us-east-1.amazonaws.com', method: 'GET', path: '/clusters/prod' },
    is: 'eks:DescribeCluster',
    on: [arn('eks', 'cluster/prod')],
  },
  {
    asked: {
      host: 'elasticloadbalancing.us-east-1.amazonaws.com',
      body: 'Action=DescribeTargetHealth&TargetGroupArn=x',
    },
    is: 'elasticloadbalancing:DescribeTargetHealth',
    on: ['*'],
  },
  {
    asked: {
      host: 'monitoring.us-east-1.amazonaws.com',
      target: 'GraniteServiceVersion20100801.DescribeAlarms',
      body: '{"AlarmNames":["shop-5xx"]}',
    },
    is: 'cloudwatch:DescribeAlarms',
    on: ['*'],
  },
  {
    asked: {
      host: 'secretsmanager.us-east-1.amazonaws.com',
      target: 'secretsmanager.GetSecretValue',
      body: '{"SecretId":"shop/db"}',
    },
    is: 'secretsmanager:GetSecretValue',
    on: [arn('secretsmanager', 'secret:shop/db-AbCdEf')],
  },
  { asked: { host: 'sts.amazonaws.com', body: 'Action=GetCallerIdentity' }, is: 'sts:GetCallerIdentity', on: ['*'] },
])('$is is asked for $on', ({ asked, is, on }) => {
  const operation = understood(asked)
  expect(`${operation?.service}:${operation?.name}`).toBe(is)
  expect(operation?.resources).toEqual(on)
})

test('CloudWatch is answered in the protocol that was asked in', () => {
  const host = 'monitoring.us-east-1.amazonaws.com'
  expect(understood({ host, target: 'GraniteServiceVersion20100801.DescribeAlarms', body: '{}' })?.protocol).toBe(
    'json',
  )
  expect(understood({ host, body: 'Action=DescribeAlarms' })?.protocol).toBe('query')
})

test('a call that no service has is none', () => {
  expect(understood({ host: 'eks.us-east-1.amazonaws.com', method: 'GET', path: '/nothing' })).toBeUndefined()
  expect(understood({ host: 'example.com' })).toBeUndefined()
})

test.each([
  { protocol: 'json', status: 400, says: '"__type":"AccessDeniedException"' },
  { protocol: 'rest-json', status: 403, says: '{"message":"User: x"}' },
  { protocol: 'query', status: 403, says: '<Code>AccessDenied</Code><Message>User: x</Message>' },
  { protocol: 'ec2', status: 403, says: '<Errors><Error><Code>UnauthorizedOperation</Code>' },
  { protocol: 's3', status: 403, says: '<Error><Code>AccessDenied</Code>' },
] as const)('a refused permission in the words of $protocol', ({ protocol, status, says }) => {
  const answer = awsError(protocol, refusal(protocol, 'denied', 'User: x'))
  expect(answer.status).toBe(status)
  expect(answer.body.toString()).toContain(says)
})

test('target health is answered from the probes of a known group, and by moto for others', async () => {
  const healthy = { ip: '10.201.0.4', port: 8000, state: 'healthy' } as const
  const override = targetHealthOverride({ targets: known => (known === 'arn:ours' ? [healthy] : undefined) })
  const operation = (group: string) => {
    const body = `Action=DescribeTargetHealth&TargetGroupArn=${group}`
    const found = understood({ host: 'elasticloadbalancing.us-east-1.amazonaws.com', body })
    if (!found) throw new Error('not understood')
    return found
  }
  const session = {
    accessKeyId: '',
    secretAccessKey: '',
    roleName: '',
    arn: '',
    userId: '',
    sessionPolicies: [],
    expires: 0,
  }
  const answer = await override(operation('arn:ours'), session)
  expect(answer?.body.toString()).toContain(
    '<State>healthy</State></TargetHealth><Target><Id>10.201.0.4</Id><Port>8000</Port>',
  )
  expect(await override(operation('arn:other'), session)).toBeUndefined()
})
