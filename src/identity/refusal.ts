import { DeniedError } from '../runtime/errors.ts'
import { describeClaims, trustStatement, type Claims } from './claims.ts'
import type { Role } from './role.ts'
import type { TrustRead } from './trust-source.ts'

/** A try to assume a role, as far as its end can be explained by it. */
export interface Attempted {
  readonly role: Role
  readonly region: string
  readonly audience: string
  /** Claims of the last token; undefined when it could not be read. */
  readonly claims: Claims | undefined
  readonly sessionName: string
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  /** The trust policy of the role, where it can be read; within 1.5 s, and without throwing. */
  readonly readTrust: () => Promise<TrustRead>
}

/** What STS does not say of an AccessDenied. */
export async function explainRefusal(cause: unknown, { role, claims }: Attempted): Promise<DeniedError> {
  const says =
    claims === undefined ? 'this token could not be read' : `this job's token says: ${describeClaims(claims)}`
  return new DeniedError('role-denied', `AWS does not let this job assume ${role.arn}.`, {
    why: `STS does not say whether the role is missing, its trust policy refuses, or an organisation policy does; ${says}.`,
    todo:
      claims === undefined
        ? `Compare the trust policy of role ${role.name} with the claims of this job.`
        : `Compare these with the trust policy of role ${role.name}; a statement that accepts exactly this job: ${trustStatement(claims, role)}`,
    cause,
  })
}
