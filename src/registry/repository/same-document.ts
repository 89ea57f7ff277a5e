import { isObject, type JsonObject } from './mistake.ts'

/**
 * A policy in one form for all documents that mean the same: a list of one is its element, lists of names have no
 * order, and the root of an account is the account. ECR gives documents back in another form than it took them. Pure.
 */
export function policyForm(policy: JsonObject): unknown {
  const { Statement: statements } = policy
  const list = Array.isArray(statements) ? (statements as readonly unknown[]) : [statements]
  return inOrder({ ...policy, Statement: list.map(statementForm).toSorted(byText) })
}

/** Statements of a policy as lines, in one form. */
export function statementLines(policy: JsonObject | undefined): readonly string[] {
  if (policy === undefined) return []
  const { Statement: statements } = policy
  const list = Array.isArray(statements) ? (statements as readonly unknown[]) : [statements]
  return list.map(one => JSON.stringify(statementForm(one))).toSorted()
}

/** The same value with its keys in order, as a text: equal texts are equal values. */
export function textForm(value: unknown): string {
  return JSON.stringify(inOrder(value))
}

function statementForm(statement: unknown): unknown {
  if (!isObject(statement)) return statement
  const { Principal: principal, ...rest } = statement
  const named = isObject(principal)
    ? Object.fromEntries(Object.entries(principal).map(([kind, who]) => [kind, kind === 'AWS' ? accountsOf(who) : who]))
    : principal
  return inOrder(unordered(principal === undefined ? rest : { ...rest, Principal: named }))
}

/** The root of an account is written as its ARN or as its number. */
function accountsOf(who: unknown): unknown {
  const account = (one: unknown): unknown =>
    typeof one === 'string' ? one.replace(/^arn:aws[a-z-]*:iam::(\d{12}):root$/, '$1') : one
  return Array.isArray(who) ? who.map(account) : account(who)
}

/** Inside a statement every list is a set. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value)) {
    const sorted = (value as readonly unknown[]).map(unordered).toSorted(byText)
    return sorted.length === 1 ? sorted[0] : sorted
  }
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unordered(inner)]))
    : value
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return (value as readonly unknown[]).map(inOrder)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map(key => [key, inOrder(value[key])]),
  )
}

function byText(a: unknown, b: unknown): number {
  const [first, second] = [JSON.stringify(inOrder(a)), JSON.stringify(inOrder(b))]
  return first < second ? -1 : Number(first > second)
}
