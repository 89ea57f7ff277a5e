import { describe, expect, test } from '@jest/globals'
import type { AuthenticationMode, EksCluster } from '../../../../src/identity/eks-cluster.ts'
import { explainUnauthorized, type RefusalFacts } from '../../../../src/kubernetes/access/unauthorized.ts'

const now = Date.UTC(2026, 10, 2, 9, 30)
const minute = 60_000
const roleArn = 'arn:aws:iam::111122223333:role/ci/deploy'
const cluster = (authenticationMode: AuthenticationMode): EksCluster => ({
  name: 'prod',
  endpoint: 'https://abc.eks.amazonaws.com',
  ca: 'PEM',
  status: 'ACTIVE',
  publicAccess: true,
  publicCidrs: [],
  authenticationMode,
})
const sts = { accepted: true, arn: 'arn:aws:sts::111122223333:assumed-role/deploy/run' } as const
const known: RefusalFacts = {
  cluster: cluster('API'),
  roleArn,
  partition: 'aws',
  accountId: '111122223333',
  region: 'eu-west-1',
  sts,
  entries: [],
  signedAt: now,
  answeredAt: now,
  namespace: 'shop',
  writes: true,
  cause: undefined,
}
const explain = (facts: Partial<RefusalFacts>) => explainUnauthorized({ ...known, ...facts })

describe('a token that the cluster does not accept', () => {
  test('belongs to a session that has ended, when STS says so', () => {
    const expired = { accepted: false, code: 'ExpiredToken', message: 'is expired' } as const
    expect(explain({ sts: expired })).toMatchObject({
      kind: 'denied',
      code: 'session-expired',
      message: `Cluster "prod" does not accept ${roleArn} any more.`,
      why: expect.stringContaining('STS in eu-west-1 says that its credentials are expired'),
    })
  })

  test.each([
    ['16 min behind', 16 * minute],
    ['6 min ahead', -6 * minute],
  ])('was dated by a clock that is %s', (how, offset) => {
    const word = { accepted: false, code: 'SignatureDoesNotMatch', message: 'Signature expired' } as const
    expect(explain({ answeredAt: now + offset, sts: word })).toMatchObject({
      code: 'clock-skew',
      message: `The clock of this runner is ${how}: cluster "prod" does not accept its token.`,
      why: expect.stringContaining('The token is dated 2026-11-02 09:30:00Z (X-Amz-Date)'),
      todo: expect.stringContaining('NTP'),
    })
  })

  test('has another reason when the clocks are minutes apart and the token still counts', () => {
    expect(explain({ answeredAt: now + 10 * minute })).toMatchObject({ code: 'cluster-access' })
    expect(explain({ answeredAt: now - 3 * minute })).toMatchObject({ code: 'cluster-access' })
    expect(explain({ answeredAt: undefined })).toMatchObject({ code: 'cluster-access' })
  })

  test('was changed on its way, or its principal may not ask STS who it is', () => {
    const word = { accepted: false, code: 'SignatureDoesNotMatch', message: 'They do not match.' } as const
    expect(explain({ sts: word })).toMatchObject({
      code: 'eks-token-refused',
      why: expect.stringContaining('They do not match. (SignatureDoesNotMatch)'),
    })
  })
})

describe('a role that the cluster does not know', () => {
  test('in mode CONFIG_MAP is told the entry of aws-auth to add: the ARN without its path', () => {
    const error = explain({ cluster: cluster('CONFIG_MAP'), entries: undefined })
    expect(error).toMatchObject({
      code: 'cluster-access',
      why: 'Its authentication mode is CONFIG_MAP and no entry of the ConfigMap aws-auth maps the role; ARNs stand there without the path of the role.',
      todo: expect.stringContaining('- {rolearn: "arn:aws:iam::111122223333:role/deploy", username:'),
    })
    expect(error.details).toContain(
      '```yaml\n- rolearn: arn:aws:iam::111122223333:role/deploy\n  username: slipway:{{SessionName}}\n  groups: [slipway-deploy]\n```',
    )
  })

  test('in mode API is told the access entry to create, by its whole ARN, and what it may then do', () => {
    const others = ['arn:aws:iam::111122223333:role/admin', 'arn:aws:iam::111122223333:role/nodes']
    const error = explain({ entries: others })
    expect(error).toMatchObject({
      code: 'cluster-access',
      why: `None of the cluster's access entries (2) is for ${roleArn}.`,
      todo: expect.stringContaining(
        `aws eks create-access-entry --cluster-name prod --region eu-west-1 --principal-arn ${roleArn} --kubernetes-groups slipway-deploy`,
      ),
    })
    expect(error.details).toContain(
      'arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy --access-scope type=namespace,namespaces=shop',
    )
    expect(explain({ writes: false }).details).toContain('cluster-access-policy/AmazonEKSViewPolicy')
    expect(explain({ partition: 'aws-us-gov' }).details).toContain('arn:aws-us-gov:eks::aws:cluster-access-policy/')
  })

  test('is told of an entry for a role of the same name at another path', () => {
    const near = 'arn:aws:iam::111122223333:role/deploy'
    expect(explain({ entries: [near] }).why).toBe(
      `None of the cluster's access entries (1) is for ${roleArn}; ${near} is another principal.`,
    )
  })

  test('may be in aws-auth as well where both count', () => {
    expect(explain({ cluster: cluster('API_AND_CONFIG_MAP'), entries: ['a', 'b'] }).why).toContain(
      `is for ${roleArn}, nor is the role in the ConfigMap aws-auth.`,
    )
  })

  test('is told that it may not look up its entry, when it may not', () => {
    expect(explain({ entries: undefined }).why).toBe(
      'The cluster does not know the role, as STS accepts the token: it has no access entry (the role may not look that up: eks:ListAccessEntries).',
    )
    expect(explain({ entries: undefined, sts: undefined }).why).toMatch(
      /^The cluster does not know the role, most likely: it has no access entry/,
    )
  })

  test('has an entry all the same: that of a role that was deleted, or a very new one', () => {
    expect(explain({ entries: [roleArn] })).toMatchObject({
      code: 'cluster-access',
      why: expect.stringContaining('belongs to the id of a role, not to its name'),
      todo: expect.stringContaining(
        `aws eks delete-access-entry --cluster-name prod --region eu-west-1 --principal-arn ${roleArn}`,
      ),
    })
  })
})
