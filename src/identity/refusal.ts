import { DeniedError } from '../runtime/errors.ts'
import { describeClaims, trustStatement, type Claims } from './claims.ts'
import type { Role } from './role.ts'
import { usualCauses } from './trust/causes.ts'
import { obstacles, sayObstacle, type Obstacle } from './trust/diagnose.ts'
import { evaluateTrust, type TrustVerdict } from './trust/evaluate.ts'
import type { TrustPolicy } from './trust/policy.ts'
import { refusalDetails } from './trust/refusal-details.ts'
import { trustRequest } from './trust/request.ts'
import type { TrustRead } from './trust-source.ts'

/** A try to assume a role, as far as its end can be explained by it. */
export interface Attempted {
  readonly role: Role
  /** A web identity token, or credentials of an earlier session. */
  readonly by: 'token' | 'credentials'
  readonly region: string
  /** STS other than the region's own. */
  readonly endpoint?: string | undefined
  readonly audience: string
  /** Claims of the last token; undefined when it could not be read. */
  readonly claims: Claims | undefined
  readonly sessionName: string
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  /** The trust policy of the role, where it can be read; within 1.5 s, and without throwing. */
  readonly readTrust: () => Promise<TrustRead>
}

/** What STS does not say of an AccessDenied: which condition failed, where the trust policy can be read. */
export async function explainRefusal(cause: unknown, attempted: Attempted): Promise<DeniedError> {
  const { claims, role } = attempted
  const what = `AWS does not let this job assume ${role.arn}.`
  if (claims === undefined) {
    return new DeniedError('role-denied', what, {
      why: 'STS does not say why, and the token of this job could not be read.',
      todo: `Compare the trust policy of role ${role.name} with the claims of this job.`,
      cause,
    })
  }
  const read = await attempted.readTrust()
  if (read.from === 'no-role') return missingRole(cause, attempted, claims)
  if (read.from === 'nowhere') return unread(cause, attempted, claims, read.why)
  return judged(cause, attempted, claims, read)
}

function missingRole(cause: unknown, { role }: Attempted, claims: Claims): DeniedError {
  return new DeniedError('role-missing', `There is no role ${role.arn}.`, {
    why: 'IAM, asked with the other AWS credentials of this step, does not know it; STS answers as if it refused.',
    todo: 'Correct account, path and name in the input "role", or create the role with the trust statement of the summary.',
    details: refusalDetails({ role, claims }),
    cause,
  })
}

/** Without the policy: what the claims make likely. */
function unread(cause: unknown, { role }: Attempted, claims: Claims, why: string): DeniedError {
  const causes = usualCauses(claims, role)
  return new DeniedError('role-denied', `AWS does not let this job assume ${role.arn}.`, {
    why: `STS does not say whether the role is missing, its trust policy refuses, or an organisation policy does; this job's token says: ${describeClaims(claims)}. Most likely: ${causes[0] ?? ''}`,
    todo: `Compare these with the trust policy of role ${role.name}, or give it as the input "trust-policy" to have the condition named; a statement that accepts exactly this job: ${trustStatement(claims, role)}`,
    details: refusalDetails({ role, claims, unread: why, causes }),
    cause,
  })
}

type WithPolicy = Extract<TrustRead, { readonly policy: TrustPolicy }>

function judged(cause: unknown, attempted: Attempted, claims: Claims, read: WithPolicy): DeniedError {
  const { role } = attempted
  const source = read.from === 'file' ? `its trust policy in ${read.path}` : 'its trust policy, as IAM has it'
  const verdict = evaluateTrust(read.policy, trustRequest(claims, attempted))
  const [first, ...others] = obstacles(verdict, { claims, role })
  const details = refusalDetails({ role, claims, source, obstacles: first === undefined ? [] : [first, ...others] })
  if (first === undefined) return elsewhere(cause, attempted, { verdict, source, details })
  return new DeniedError('role-trust', `AWS does not let this job assume ${role.arn}: ${sayObstacle(first)}.`, {
    why: `So says ${source}${others.length === 0 ? '' : `, and there is more: ${others.map(sayObstacle).join('; ')}`}.`,
    todo: adviceFor(first, claims, role),
    details,
    cause,
  })
}

function adviceFor({ advice, kind }: Obstacle, claims: Claims, role: Role): string {
  if (kind === 'deny') return advice ?? 'Narrow the statement that denies.'
  return `${advice ?? 'Change what is expected, or run the job so that it has it.'} A statement that accepts exactly this job: ${trustStatement(claims, role)}`
}

interface Elsewhere {
  readonly verdict: TrustVerdict
  readonly source: string
  readonly details: string
}

/** The policy allows it, as far as it can be told: something else refuses. */
function elsewhere(cause: unknown, { role }: Attempted, { verdict, source, details }: Elsewhere): DeniedError {
  const open = verdict.statements.flatMap(({ conditions }) => conditions.filter(({ holds }) => holds === 'unknown'))
  const keys = [...new Set(open.map(({ key }) => key))].join(', ')
  const allows = verdict.decision === 'allowed'
  return new DeniedError(
    'role-denied-elsewhere',
    `AWS does not let this job assume ${role.arn}, although ${source} ${allows ? 'allows it' : 'may allow it'}.`,
    {
      why: allows
        ? 'Then another policy refuses (a service or resource control policy of the organisation), the policy was changed a moment ago, or the role has another one.'
        : `It depends on ${keys}, which only AWS knows.`,
      todo: allows
        ? 'Look for the event AssumeRoleWithWebIdentity in CloudTrail of the account, which names an organisation policy; else compare the policy with that of the role.'
        : `Look for the event AssumeRoleWithWebIdentity in CloudTrail of the account: it has the values of ${keys}.`,
      details,
      cause,
    },
  )
}
