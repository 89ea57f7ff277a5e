import { describe, expect, test } from '@jest/globals'
import type { Credentials, Session } from '../../../src/identity/model.ts'
import { tokenSource } from '../../../src/kubernetes/eks.ts'
import { ManualClock } from '../../support/manual-clock.ts'

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
    const [clock, masked] = [new ManualClock(), [] as string[]]
    const token = tokenSource('prod', session(clock), { clock, mask: secret => void masked.push(secret) })
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
    const token = tokenSource('prod', session(clock), { clock, mask: () => {} })
    const first = await token(false)
    clock.advance(1_000)
    expect(await token(true)).not.toBe(first)
  })

  test('is signed once for all who ask at the same time', async () => {
    const [clock, masked] = [new ManualClock(), [] as string[]]
    const token = tokenSource('prod', session(clock), {
      clock,
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
      mask: secret => void masked.push(secret),
    })
    await token(false)
    clock.advance(4 * 60_000 + 1_000)
    await token(false)
    expect(masked).toHaveLength(2)
  })

  test('is signed with the new credentials once the session was renewed', async () => {
    const clock = new ManualClock()
    const credentials = (accessKeyId: string, endsAt: number): Credentials => ({
      accessKeyId,
      secretAccessKey: 'secret',
      sessionToken: 'session',
      expiration: new Date(endsAt),
    })
    const [first, second] = [
      credentials('FIRST', clock.now() + 900_000),
      credentials('SECOND', clock.now() + 1_800_000),
    ]
    const renewed: Session = {
      ...session(clock),
      // As identity/session.ts: renewed six minutes before their end.
      credentials: async () => (clock.now() < first.expiration.getTime() - 360_000 ? first : second),
    }
    const token = tokenSource('prod', renewed, { clock, mask: () => {} })
    const keyAfter = async (ms: number): Promise<string | undefined> => {
      clock.advance(ms)
      const url = Buffer.from((await token(false)).slice('k8s-aws-v1.'.length), 'base64url').toString('utf8')
      return new URL(url).searchParams.get('X-Amz-Credential')?.split('/')[0]
    }
    expect(await keyAfter(0)).toBe('FIRST')
    expect(await keyAfter(599_000)).toBe('FIRST')
    expect(await keyAfter(2_000)).toBe('SECOND')
    expect(await keyAfter(300_000)).toBe('SECOND')
  })

  test('that EKS would refuse for its size is not given out, and says what makes it long', async () => {
    const clock = new ManualClock()
    const token = tokenSource('prod', session(clock, 3_600_000, 'x'.repeat(2_900)), { clock, mask: () => {} })
    await expect(token(false)).rejects.toMatchObject({
      kind: 'user',
      code: 'eks-token-size',
      message: expect.stringMatching(
        /^The token for cluster "prod" would have 4\d{3} bytes; EKS refuses more than 4096\.$/,
      ),
      why: expect.stringContaining('The session token inside it has 2900 bytes: session policies and session tags'),
    })
  })
})
