import { randomBytes, randomInt } from 'node:crypto'
import { account, partition } from '../world.ts'
import { nodeCredentials, nodeRole } from './node-credentials.ts'

/** Who an access key acts as, with what limits. */
export interface Session {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Absent for the node's static key. */
  readonly sessionToken?: string
  readonly roleName: string
  /** `arn:aws:sts::123456789012:assumed-role/shop-build/run-7` */
  readonly arn: string
  /** `AROA…:run-7` */
  readonly userId: string
  readonly sessionPolicies: readonly unknown[]
  /** Milliseconds since the epoch. */
  expires: number
}

export interface RoleOfSession {
  readonly name: string
  readonly id: string
}

export interface Sessions {
  open(
    role: RoleOfSession,
    sessionName: string,
    seconds: number,
    policies: readonly unknown[],
    minimumTokenBytes: number,
  ): Session
  find(accessKeyId: string): Session | undefined
  /** How long session tokens are at least, as policies and tags would make them. */
  leastTokenBytes: number
  /** Ends all sessions but the node's. */
  expireAll(): void
  clear(): void
}

/** Sessions live in memory; a restart of the front ends them all. */
export function createSessions(now: () => number): Sessions {
  const sessions = new Map<string, Session>()
  const node = nodeSession()
  return {
    leastTokenBytes: 0,
    open(role, sessionName, seconds, policies, minimumTokenBytes) {
      const session: Session = {
        accessKeyId: `ASIA${letters(16)}`,
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: sessionToken(Math.max(minimumTokenBytes, this.leastTokenBytes)),
        roleName: role.name,
        arn: assumedRoleArn(role.name, sessionName),
        userId: `${role.id}:${sessionName}`,
        sessionPolicies: policies,
        expires: now() + seconds * 1000,
      }
      sessions.set(session.accessKeyId, session)
      return session
    },
    find: accessKeyId => (accessKeyId === node.accessKeyId ? node : sessions.get(accessKeyId)),
    expireAll() {
      for (const session of sessions.values()) session.expires = now()
    },
    clear() {
      sessions.clear()
      this.leastTokenBytes = 0
    },
  }
}

export function assumedRoleArn(roleName: string, sessionName: string): string {
  return `arn:${partition}:sts::${account}:assumed-role/${roleName}/${sessionName}`
}

function nodeSession(): Session {
  return {
    ...nodeCredentials,
    roleName: nodeRole.name,
    arn: assumedRoleArn(nodeRole.name, nodeRole.session),
    userId: `AROANODE0000000000000:${nodeRole.session}`,
    sessionPolicies: [],
    expires: Number.POSITIVE_INFINITY,
  }
}

/** Real tokens are opaque, start alike and are about 900 characters without session policies. */
function sessionToken(minimumBytes: number): string {
  const size = Math.max(880, minimumBytes)
  return `IQoJb3JpZ2luX2Vj${randomBytes(size).toString('base64')}`.slice(0, size)
}

function letters(count: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join('')
}
