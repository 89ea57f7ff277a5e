import { UserError } from '../runtime/errors.ts'
import { parseRole, requireSamePartition, type Role } from './role.ts'
import { longestPolicy, renderPolicy } from './session-policy.ts'
import type { SessionRequest, SessionTags } from './session-request.ts'

/** One role to assume on the way to a session. */
export interface Hop {
  readonly role: Role
  /** A web identity token proves who we are, or the credentials of the hop before. */
  readonly by: 'token' | 'credentials'
  readonly durationSeconds: number
  /** Minified JSON. */
  readonly policy?: string
  readonly managedPolicies?: readonly string[]
  readonly externalId?: string
  readonly tags?: SessionTags
}

/** The hops of a request, in order; the session is that of the last one. */
export interface SessionPlan {
  readonly hops: readonly [Hop, ...Hop[]]
  readonly last: Hop
}

/** As long as a chained session may last at most, whatever its role allows (IAM guide, "Role chaining"). */
const longestChainedSeconds = 3_600
/** Sessions on the way are used at once. */
const shortestSeconds = 900

/** Pure; throws UserError for what cannot work, before any call. */
export function sessionPlan(request: SessionRequest): SessionPlan {
  const { source = { kind: 'github' }, chain = [], region, durationSeconds = 3_600 } = request
  const roles = [request.role, ...chain].map(parseRole)
  for (const role of roles) requireSamePartition(role, region)
  requireAccounts(roles, request.allowedAccountIds)
  requireDuration(chain, durationSeconds)
  const byToken = source.kind !== 'ambient'
  requireCredentialsHop(request, byToken && chain.length === 0)
  const tagged = byToken ? 1 : 0
  const hops = roles.map((role, index): Hop => {
    const isLast = index === roles.length - 1
    const by = index === 0 && byToken ? 'token' : 'credentials'
    return {
      role,
      by,
      durationSeconds: isLast ? durationSeconds : shortestSeconds,
      ...(isLast ? limitsOf(request, role) : {}),
      ...(isLast && request.externalId !== undefined ? { externalId: request.externalId } : {}),
      ...(index === tagged && request.tags !== undefined ? { tags: request.tags } : {}),
    }
  })
  const [first, ...others] = hops
  if (first === undefined) throw new Error('a request has a role')
  return { hops: [first, ...others], last: others.at(-1) ?? first }
}

function limitsOf(
  { policy, managedPolicies = [] }: SessionRequest,
  role: Role,
): Pick<Hop, 'policy' | 'managedPolicies'> {
  const rendered = policy && renderPolicy(policy)
  requireManaged(managedPolicies, role)
  const length = (rendered?.length ?? 0) + managedPolicies.join('').length
  if (length > longestPolicy) {
    throw new UserError(
      'input-session-policy',
      `session-policy and managed-session-policies have ${length} characters together.`,
      {
        why: `STS takes ${longestPolicy} at most (IAM quotas).`,
        todo: 'Use wildcards for names that begin alike, or a managed policy instead of the text.',
      },
    )
  }
  return {
    ...(rendered === undefined ? {} : { policy: rendered }),
    ...(managedPolicies.length === 0 ? {} : { managedPolicies }),
  }
}

const mostManaged = 10

function requireManaged(arns: readonly string[], role: Role): void {
  if (arns.length > mostManaged) {
    throw new UserError('input-managed-session-policies', `managed-session-policies has ${arns.length} policies.`, {
      why: `STS takes ${mostManaged} at most (IAM quotas).`,
      todo: 'Join some of them.',
    })
  }
  // `aws` are the policies that AWS itself keeps in every account.
  const foreign = arns.find(arn => !['aws', role.accountId].includes(arn.split(':')[4] ?? ''))
  if (foreign === undefined) return
  throw new UserError(
    'input-managed-session-policies',
    `managed-session-policies "${foreign}" is in another account than role ${role.arn}.`,
    {
      todo: `Give policies of account ${role.accountId}, or of AWS (arn:${role.partition}:iam::aws:policy/…).`,
    },
  )
}

function requireAccounts(roles: readonly Role[], allowed: readonly string[] | undefined): void {
  const last = roles.at(-1)
  if (allowed === undefined || last === undefined || allowed.includes(last.accountId)) return
  throw new UserError(
    'input-allowed-account-ids',
    `Role ${last.arn} is in account ${last.accountId}, which allowed-account-ids does not name.`,
    {
      why: `It names ${allowed.join(', ')}.`,
      todo: 'Correct the role, or add its account. Nothing was asked of AWS.',
    },
  )
}

function requireDuration(chain: readonly string[], seconds: number): void {
  if (chain.length === 0 || seconds <= longestChainedSeconds) return
  throw new UserError('input-duration', 'duration is more than 1h, and role-chain is given.', {
    why: 'AWS ends the session of a chained role after an hour, whatever the role allows.',
    todo: 'Set duration to 1h or less: credentials of the profile renew themselves.',
  })
}

/** What only AssumeRole takes, where there is no AssumeRole: AssumeRoleWithWebIdentity would leave it out in silence. */
function requireCredentialsHop({ externalId, tags }: SessionRequest, tokenOnly: boolean): void {
  if (!tokenOnly) return
  const given = externalId === undefined ? (tags === undefined ? undefined : 'session-tags') : 'external-id'
  if (given === undefined) return
  throw new UserError(`input-${given}`, `${given} is given, but the role is assumed with a web identity token alone.`, {
    why: 'AWS takes it for roles that are assumed with credentials (AssumeRole) only.',
    todo: 'Name the role that wants it in role-chain, after one that trusts the token.',
  })
}
