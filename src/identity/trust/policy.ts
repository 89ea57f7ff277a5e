/** A statement of a role's trust policy, with every "one or several" made several. */
export interface TrustStatement {
  /** From 1, in the order of the document. */
  readonly number: number
  readonly sid: string | undefined
  readonly effect: 'Allow' | 'Deny'
  /** By kind: `AWS`, `Federated`, `Service`, `CanonicalUser`; `"*"` is `{ AWS: ['*'] }`, which means the same. */
  readonly principals: Readonly<Record<string, readonly string[]>>
  /** True for NotPrincipal: everybody but those. */
  readonly notPrincipal: boolean
  readonly actions: readonly string[]
  /** True for NotAction: everything but those. */
  readonly notAction: boolean
  readonly conditions: readonly TrustCondition[]
}

/** One key under one operator; all conditions of a statement must hold. */
export interface TrustCondition {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string
  /** As written: `token.actions.githubusercontent.com:sub`. */
  readonly key: string
  /** One of them is enough. */
  readonly values: readonly string[]
}

export interface TrustPolicy {
  /** False for documents of 2008-10-17 (also when they name no version): `${…}` is plain text there. */
  readonly variables: boolean
  readonly statements: readonly TrustStatement[]
}

/** What is wrong with a document that is no trust policy, as the end of a sentence. */
export class NoTrustPolicy extends Error {}

/**
 * Reads a trust policy: its JSON, or the value of it. Throws NoTrustPolicy.
 * A CloudFormation or Terraform document around it is none: IAM gets the policy alone.
 */
export function parseTrustPolicy(given: unknown): TrustPolicy {
  const document = typeof given === 'string' ? parseJson(given) : given
  if (!isRecord(document)) throw new NoTrustPolicy('it is not a JSON object')
  const statements = listOf(document['Statement'])
  if (statements.length === 0) throw new NoTrustPolicy('it has no "Statement"')
  return {
    variables: document['Version'] === '2012-10-17',
    statements: statements.map((statement, index) => parseStatement(statement, index + 1)),
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (thrown) {
    throw new NoTrustPolicy(`it is not JSON (${thrown instanceof Error ? thrown.message : String(thrown)})`)
  }
}

function parseStatement(given: unknown, number: number): TrustStatement {
  if (!isRecord(given)) throw new NoTrustPolicy(`its statement ${number} is not an object`)
  const effect = given['Effect']
  if (effect !== 'Allow' && effect !== 'Deny')
    throw new NoTrustPolicy(`"Effect" of its statement ${number} is neither "Allow" nor "Deny"`)
  const principal = given['Principal'] ?? given['NotPrincipal']
  if (principal === undefined)
    throw new NoTrustPolicy(
      `its statement ${number} has no "Principal": it is a policy of what the role may do, not of who may assume it`,
    )
  const actions = textsOf(given['Action'] ?? given['NotAction'])
  if (actions.length === 0) throw new NoTrustPolicy(`its statement ${number} has no "Action"`)
  const sid = given['Sid']
  return {
    number,
    sid: typeof sid === 'string' && sid !== '' ? sid : undefined,
    effect,
    principals: parsePrincipals(principal, number),
    notPrincipal: given['Principal'] === undefined,
    actions,
    notAction: given['Action'] === undefined,
    conditions: parseConditions(given['Condition'] ?? {}, number),
  }
}

function parsePrincipals(given: unknown, number: number): TrustStatement['principals'] {
  if (given === '*') return { AWS: ['*'] }
  if (!isRecord(given)) throw new NoTrustPolicy(`"Principal" of its statement ${number} is neither an object nor "*"`)
  return Object.fromEntries(Object.entries(given).map(([kind, names]) => [kind, textsOf(names)]))
}

function parseConditions(given: unknown, number: number): readonly TrustCondition[] {
  if (!isRecord(given)) throw new NoTrustPolicy(`"Condition" of its statement ${number} is not an object`)
  return Object.entries(given).flatMap(([operator, keys]) => {
    if (!isRecord(keys))
      throw new NoTrustPolicy(`"${operator}" in "Condition" of its statement ${number} is not an object`)
    return Object.entries(keys).map(([key, values]) => ({ operator, key, values: textsOf(values) }))
  })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? (value as readonly unknown[]) : [value]
}

/** IAM takes booleans and numbers for text. */
function textsOf(value: unknown): readonly string[] {
  return listOf(value).flatMap(one =>
    typeof one === 'string' || typeof one === 'boolean' || typeof one === 'number' ? [String(one)] : [],
  )
}
