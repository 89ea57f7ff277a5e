import type { Claims } from '../claims.ts'
import type { Role } from '../role.ts'
import { unknowable, type KeyValue } from './answer.ts'
import type { ConditionVerdict } from './conditions.ts'
import type { StatementVerdict, TrustVerdict } from './evaluate.ts'
import { adviseOnAction, adviseOnCondition, adviseOnPrincipal } from './mistakes.ts'
import { providerArn } from './request.ts'

/** What in a trust policy stands in the way. */
export interface Obstacle {
  /** `statement 1 ("GitHub")` */
  readonly statement: string
  readonly kind: 'condition' | 'principal' | 'action' | 'deny'
  /** `StringEquals token.actions.githubusercontent.com:sub`, `Principal`, `Action` */
  readonly part: string
  /** As the policy has them. */
  readonly expected: readonly string[]
  /** What this job has; undefined when it has nothing under that key. */
  readonly found: string | undefined
  /** What to change, a sentence; absent where the values say it all. */
  readonly advice?: string
}

export interface Subject {
  readonly claims: Claims
  readonly role: Role
}

/**
 * What keeps the policy from allowing the call: the statements that deny it; else what fails in the statement that
 * comes nearest to allowing it. Empty when it is allowed. Pure.
 */
export function obstacles({ decision, statements }: TrustVerdict, about: Subject): readonly Obstacle[] {
  if (decision === 'allowed') return []
  if (decision === 'denied') {
    const denying = statements.filter(({ statement, applies }) => statement.effect === 'Deny' && applies === 'yes')
    return denying.flatMap(denies)
  }
  const allowing = statements.filter(({ statement }) => statement.effect === 'Allow')
  const [nearest] = allowing.toSorted((a, b) => distance(a) - distance(b) || a.statement.number - b.statement.number)
  return nearest === undefined ? [] : failing(nearest, about)
}

/** A statement for another principal or action is about something else; after that each condition counts. */
function distance({ principal, action, conditions }: StatementVerdict): number {
  const failed = conditions.filter(({ holds }) => holds === 'no').length
  return (principal === 'no' ? 100 : 0) + (action === 'no' ? 100 : 0) + failed
}

/** A Deny without conditions denies by itself. */
function denies(verdict: StatementVerdict): readonly Obstacle[] {
  const statement = nameOf(verdict)
  const advice = 'A Deny wins over every Allow: narrow it, or remove it.'
  if (verdict.conditions.length === 0)
    return [{ statement, kind: 'deny', part: 'Effect', expected: ['Deny'], found: undefined, advice }]
  return verdict.conditions.map(one => ({
    statement,
    kind: 'deny',
    part: partOf(one),
    expected: one.values,
    found: textOf(one.found),
    advice,
  }))
}

function failing(verdict: StatementVerdict, { claims, role }: Subject): readonly Obstacle[] {
  const statement = nameOf(verdict)
  const { principals, notPrincipal, actions, notAction } = verdict.statement
  const wanted = providerArn(claims, role)
  const named = Object.entries(principals).flatMap(([kind, names]) => names.map(name => `${kind}: ${name}`))
  const found: Obstacle[] = []
  if (verdict.principal === 'no') {
    const advice = adviseOnPrincipal(principals, wanted)
    found.push({
      statement,
      kind: 'principal',
      part: notPrincipal ? 'NotPrincipal' : 'Principal',
      expected: named,
      found: `Federated: ${wanted}`,
      advice,
    })
  }
  if (verdict.action === 'no') {
    const advice = adviseOnAction(actions)
    found.push({
      statement,
      kind: 'action',
      part: notAction ? 'NotAction' : 'Action',
      expected: actions,
      found: 'sts:AssumeRoleWithWebIdentity',
      advice,
    })
  }
  const conditions = verdict.conditions.filter(({ holds }) => holds === 'no')
  return [
    ...found,
    ...conditions.map((one): Obstacle => {
      const advice = adviseOnCondition(one, claims)
      const about = {
        statement,
        kind: 'condition' as const,
        part: partOf(one),
        expected: one.values,
        found: textOf(one.found),
      }
      return advice === undefined ? about : { ...about, advice }
    }),
  ]
}

/** `Statement 1: StringEquals …:sub expects "a" or "b", this job has "c".` */
export function sayObstacle({ statement, kind, part, expected, found }: Obstacle): string {
  const wanted = expected.map(value => JSON.stringify(value)).join(' or ')
  if (kind === 'deny' && found === undefined && part === 'Effect') return `${statement} denies it to everybody`
  const has = found === undefined ? 'this job has none' : `this job has ${JSON.stringify(found)}`
  return kind === 'deny'
    ? `${statement} denies it: ${part} is ${wanted}, and ${has}`
    : `${part} in ${statement} expects ${wanted}, ${has}`
}

function nameOf({ statement: { number, sid } }: StatementVerdict): string {
  return sid === undefined ? `statement ${number}` : `statement ${number} (${sid})`
}

function partOf({ operator, key }: ConditionVerdict): string {
  return `${operator} ${key}`
}

function textOf(found: KeyValue): string | undefined {
  if (found === undefined || found === unknowable) return undefined
  return typeof found === 'string' ? found : found.join(', ')
}
