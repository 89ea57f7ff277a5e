import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { isRecord } from './http.ts'
import type { Session, Sessions } from './sessions.ts'

/** Passwords for the registry, as GetAuthorizationToken gives them: good for 12 hours, with the caller's permissions. */
export interface RegistryTokens {
  issue(session: Session): { readonly password: string; readonly expires: number }
  /** The session behind a password; `expired`, or undefined when it was never issued. */
  find(password: string): Session | 'expired' | undefined
  /** Ends all passwords but the node's: kubelet keeps its own for hours, whatever happens here. */
  expireAll(): void
}

const lifetime = 12 * 3_600_000

interface Payload {
  readonly accessKeyId: string
  /** Milliseconds since the epoch. */
  readonly expires: number
  /** How often everything had been ended when it was issued. */
  readonly round: number
}

/**
 * Nothing is stored: a password says whose it is, signed with `key`. So the node's password, which kubelet caches for
 * half its life, outlives a restart of the front and a reset of the account.
 */
export function createRegistryTokens(key: Buffer, sessions: Pick<Sessions, 'find'>, now: () => number): RegistryTokens {
  let round = 0
  const signatureOf = (payload: string): Buffer => createHmac('sha512', key).update(payload).digest()

  return {
    issue(session) {
      const expires = now() + lifetime
      // The filling makes it as long as a real one: clients have limits.
      const filling = randomBytes(1000).toString('base64')
      const payload = Buffer.from(
        JSON.stringify({ accessKeyId: session.accessKeyId, expires, round, filling }),
      ).toString('base64')
      const datakey = signatureOf(payload).toString('base64')
      const token = { payload, datakey, version: '2', type: 'DATA_KEY', expiration: Math.floor(expires / 1000) }
      return { password: Buffer.from(JSON.stringify(token)).toString('base64'), expires }
    },
    find(password) {
      const token = parsed(password)
      if (typeof token.payload !== 'string' || typeof token.datakey !== 'string') return undefined
      const given = Buffer.from(token.datakey, 'base64')
      const expected = signatureOf(token.payload)
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
      const payload = parsed(token.payload) as unknown as Payload
      const session = sessions.find(payload.accessKeyId)
      if (!session) return undefined
      const ended = session.sessionToken !== undefined && payload.round < round
      return ended || payload.expires <= now() ? 'expired' : session
    },
    expireAll() {
      round += 1
    },
  }
}

function parsed(base64: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64, 'base64').toString())
    return isRecord(value) ? value : {}
  } catch {
    return {}
  }
}
