import { describe, expect, test } from '@jest/globals'
import type { EksCluster } from '../../../src/identity/eks-cluster.ts'
import type { Session } from '../../../src/identity/model.ts'
import { explainNoAccess, tokenSource } from '../../../src/kubernetes/eks.ts'
import { KubeError, UnreachableError, type SilenceReason } from '../../../src/kubernetes/errors.ts'
import { recordingLog } from '../../support/context.ts'
import { ManualClock } from '../../support/manual-clock.ts'

const cluster: EksCluster = {
  name: 'prod',
  endpoint: 'https://abc.eks.amazonaws.com',
  ca: 'PEM',
  status: 'ACTIVE',
  publicAccess: true,
  publicCidrs: ['0.0.0.0/0'],
}

function session(clock: ManualClock, lifetimeMs = 3_600_000, sessionToken = 'session'): Session {
  const expiration = new Date(clock.now() + lifetimeMs)
  return {
    roleArn: 'arn:aws:iam::111122223333:role/deploy',
    accountId: '111122223333',
    partition: 'aws',
    region: 'eu-west-1',
    credentials: async () => ({ accessKeyId: 'AKIA', secretAccessKey: 'secret', sessionToken, expiration }),
  }
}

describe('the token of a connection', () => {
  test('is kept for ten minutes, then signed anew', async () => {
    const [clock, log, masked] = [new ManualClock(), recordingLog(), [] as string[]]
    const token = tokenSource('prod', session(clock), { clock, log, mask: secret => void masked.push(secret) })
    const first = await token(false)
    clock.advance(599_000)
    expect(await token(false)).toBe(first)
    clock.advance(2_000)
    const second = await token(false)
    expect(second).not.toBe(first)
    expect(masked).toEqual([first, second])
  })

  test('is signed anew at once when the server refused it', async () => {
    const clock = new ManualClock()
    const token = tokenSource('prod', session(clock), { clock, log: recordingLog(), mask: () => {} })
    const first = await token(false)
    clock.advance(1_000)
    expect(await token(true)).not.toBe(first)
  })

  test('is signed once for all who ask at the same time', async () => {
    const [clock, masked] = [new ManualClock(), [] as string[]]
    const token = tokenSource('prod', session(clock), {
      clock,
      log: recordingLog(),
      mask: secret => void masked.push(secret),
    })
    const tokens = await Promise.all([token(false), token(false), token(false)])
    expect(new Set(tokens).size).toBe(1)
    expect(masked).toHaveLength(1)
  })

  test('does not outlive the session', async () => {
    const [clock, masked] = [new ManualClock(), [] as string[]]
    const token = tokenSource('prod', session(clock, 5 * 60_000), {
      clock,
      log: recordingLog(),
      mask: secret => void masked.push(secret),
    })
    await token(false)
    clock.advance(4 * 60_000 + 1_000)
    await token(false)
    expect(masked).toHaveLength(2)
  })

  test('that is longer than EKS takes is warned about', async () => {
    const [clock, log] = [new ManualClock(), recordingLog()]
    await tokenSource('prod', session(clock, 3_600_000, 'x'.repeat(3_500)), { clock, log, mask: () => {} })(false)
    expect(log.lines).toEqual([
      expect.stringMatching(/^warning: The token for cluster prod has \d{4} bytes; EKS may refuse over 4096/),
    ])
  })
})

describe('a cluster that exists but cannot be used', () => {
  const unreachable = (reason: SilenceReason): UnreachableError =>
    new UnreachableError(cluster.endpoint, reason, undefined)
  const restricted = { ...cluster, publicCidrs: ['10.0.0.0/8'] }
  const hidden = { ...cluster, publicAccess: false }
  test.each([
    ['an untrusted certificate', unreachable('tls'), cluster, 'cluster-tls', /not signed by the CA/],
    ['a private endpoint that no DNS knows', unreachable('dns'), hidden, 'cluster-private', /inside its VPC only/],
    ['a private endpoint that times out', unreachable('timeout'), hidden, 'cluster-private', /inside its VPC only/],
    ['a public endpoint for few', unreachable('timeout'), restricted, 'cluster-cidr', /10\.0\.0\.0\/8 only/],
    [
      'a public endpoint for few that refuses',
      unreachable('refused'),
      restricted,
      'cluster-unreachable',
      /refuses connections/,
    ],
    ['an endpoint that does not answer', unreachable('timeout'), cluster, 'cluster-unreachable', /time limit/],
  ])('%s', (_, error, described, code, why) => {
    expect(explainNoAccess(error, described, session(new ManualClock()))).toMatchObject({
      kind: 'remote',
      code,
      why: expect.stringMatching(why),
    })
  })

  test('a role without access entry is told which one to create', () => {
    const refused = new KubeError({ status: 401, reason: 'Unauthorized', message: 'Unauthorized', causes: [] })
    expect(explainNoAccess(refused, cluster, session(new ManualClock()))).toMatchObject({
      kind: 'denied',
      code: 'cluster-access',
      todo: expect.stringContaining('--principal-arn arn:aws:iam::111122223333:role/deploy'),
    })
  })

  test('other answers stay what they are', () => {
    const refused = new KubeError({ status: 403, reason: 'Forbidden', message: 'no', causes: [] })
    expect(explainNoAccess(refused, cluster, session(new ManualClock()))).toBe(refused)
  })
})
