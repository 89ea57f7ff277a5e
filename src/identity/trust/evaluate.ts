import { everyAnswer, opposite, type Answer, type RequestKeys } from './answer.ts'
import { judgeCondition, type ConditionVerdict } from './conditions.ts'
import { likePlainly } from './patterns.ts'
import type { TrustPolicy, TrustStatement } from './policy.ts'

/** AssumeRoleWithWebIdentity as a trust policy sees it. */
export interface TrustRequest {
  /** ARN of the OIDC provider in IAM that vouches for the token. */
  readonly provider: string
  readonly keys: RequestKeys
}

export interface StatementVerdict {
  readonly statement: TrustStatement
  /** Whether the statement speaks about this request at all. */
  readonly applies: Answer
  readonly principal: Answer
  readonly action: Answer
  readonly conditions: readonly ConditionVerdict[]
}

export type Decision =
  | 'allowed'
  /** No statement allows it. */
  | 'not-allowed'
  /** A statement denies it. */
  | 'denied'
  /** It depends on what only AWS knows. */
  | 'unknown'

export interface TrustVerdict {
  readonly decision: Decision
  readonly statements: readonly StatementVerdict[]
}

const action = 'sts:AssumeRoleWithWebIdentity'

/**
 * Decides as IAM does: one statement that allows is enough, one that denies wins over all of them. Pure; what each
 * statement says about the request comes along, to name what fails. docs/trust.md lists what is evaluated.
 */
export function evaluateTrust(policy: TrustPolicy, request: TrustRequest): TrustVerdict {
  const statements = policy.statements.map(statement => judge(statement, policy, request))
  return { decision: decide(statements), statements }
}

function decide(statements: readonly StatementVerdict[]): Decision {
  const any = (effect: 'Allow' | 'Deny', applies: Answer): boolean =>
    statements.some(one => one.statement.effect === effect && one.applies === applies)
  if (any('Deny', 'yes')) return 'denied'
  if (any('Allow', 'yes')) return any('Deny', 'unknown') ? 'unknown' : 'allowed'
  return any('Allow', 'unknown') ? 'unknown' : 'not-allowed'
}

function judge(statement: TrustStatement, { variables }: TrustPolicy, request: TrustRequest): StatementVerdict {
  const principal = matchesPrincipal(statement, request.provider)
  const acts = matchesAction(statement)
  const conditions = statement.conditions.map(one => judgeCondition(one, { keys: request.keys, variables }))
  const applies = everyAnswer([principal, acts, ...conditions.map(({ holds }) => holds)])
  return { statement, applies, principal, action: acts, conditions }
}

/** The caller is the provider, no principal of an account: beside `*`, only its exact ARN means it. */
function matchesPrincipal({ principals, notPrincipal }: TrustStatement, provider: string): Answer {
  const everybody = principals['AWS']?.some(name => /^\*+$/.test(name)) === true
  const named = everybody || principals['Federated']?.includes(provider) === true
  return notPrincipal === named ? 'no' : 'yes'
}

function matchesAction({ actions, notAction }: TrustStatement): Answer {
  const named = actions.some(pattern => likePlainly(action, pattern, true))
  const answer = named ? 'yes' : 'no'
  return notAction ? opposite(answer) : answer
}
