import { afterEach, describe, expect, test } from '@jest/globals'
import { describeEksCluster } from '../../../src/identity/eks-cluster.ts'
import type { Session } from '../../../src/identity/model.ts'
import { json, startLoopback, type Handler, type Loopback } from '../../support/loopback.ts'

const session: Session = {
  roleArn: 'arn:aws:iam::111122223333:role/deploy',
  accountId: '111122223333',
  partition: 'aws',
  region: 'eu-west-1',
  credentials: async () => ({
    accessKeyId: 'A',
    secretAccessKey: 's',
    sessionToken: 't',
    expiration: new Date(Date.now() + 3_600_000),
  }),
}
const never = new AbortController().signal
const closing: Loopback[] = []
afterEach(async () => {
  for (const server of closing.splice(0)) await server.close()
})

async function describing(handler: Handler): Promise<ReturnType<typeof describeEksCluster>> {
  const server = await startLoopback(handler)
  closing.push(server)
  return describeEksCluster('prod', session, never, { endpoint: server.url })
}

const refusing =
  (status: number, type: string, message: string): Handler =>
  (_, response) =>
    json(response, status, { message }, { 'x-amzn-errortype': type })

describe('describing a cluster', () => {
  test('says where it is and who may reach it', async () => {
    const described = await describing(({ path }, response) => {
      expect(path).toBe('/clusters/prod')
      json(response, 200, {
        cluster: {
          name: 'prod',
          status: 'ACTIVE',
          endpoint: 'https://abc.eks.amazonaws.com',
          certificateAuthority: { data: Buffer.from('PEM').toString('base64') },
          resourcesVpcConfig: {
            endpointPublicAccess: true,
            publicAccessCidrs: ['198.51.100.0/24'],
            vpcId: 'vpc-1',
            clusterSecurityGroupId: 'sg-1',
          },
          accessConfig: { authenticationMode: 'API' },
        },
      })
    })
    expect(described).toEqual({
      name: 'prod',
      endpoint: 'https://abc.eks.amazonaws.com',
      ca: 'PEM',
      status: 'ACTIVE',
      publicAccess: true,
      publicCidrs: ['198.51.100.0/24'],
      vpc: 'vpc-1',
      securityGroup: 'sg-1',
      authenticationMode: 'API',
    })
  })

  test('that does not exist names region and account', async () => {
    await expect(
      describing(refusing(404, 'ResourceNotFoundException', 'No cluster found for name: prod.')),
    ).rejects.toMatchObject({
      kind: 'user',
      code: 'input-cluster',
      message: 'cluster "prod" does not exist in region eu-west-1 of account 111122223333.',
    })
  })

  test('that the role may not describe names the permission to add', async () => {
    await expect(describing(refusing(403, 'AccessDeniedException', 'not authorized'))).rejects.toMatchObject({
      kind: 'denied',
      code: 'eks-describe-denied',
      todo: 'Correct the input "cluster" if it is misspelt; else allow eks:DescribeCluster on arn:aws:eks:eu-west-1:111122223333:cluster/prod in the policies of the role.',
    })
  })

  test('that is still being created says to wait', async () => {
    await expect(
      describing((_, response) => json(response, 200, { cluster: { name: 'prod', status: 'CREATING' } })),
    ).rejects.toMatchObject({
      kind: 'remote',
      code: 'eks-not-ready',
      message: 'Cluster "prod" has no endpoint yet (status CREATING).',
    })
  })
})
