import { Chance } from '../world/chance.ts'

/** A trust policy and a request, as our evaluator and the independent one both take them. */
export interface TrustPair {
  readonly seed: number
  readonly policy: { readonly Version: string; readonly Statement: unknown }
  /** ARN of the OIDC provider that vouches for the token. */
  readonly provider: string
  /** What STS knows of the request, by condition key. */
  readonly keys: Readonly<Record<string, string | readonly string[]>>
}

const issuer = 'token.actions.githubusercontent.com'
const account = '123456789012'
const provider = `arn:aws:iam::${account}:oidc-provider/${issuer}`

const owners = ['acme', 'Acme', 'globex'] as const
const repositories = ['shop', 'shop-api', 'infra'] as const
const refs = ['refs/heads/main', 'refs/heads/Main', 'refs/heads/feature/x', 'refs/tags/v1.2.3'] as const
const environments = ['prod', 'Prod', 'prod%3Aeu', 'staging'] as const
const arns = [
  `arn:aws:iam::${account}:role/ci/deploy`,
  `arn:aws:iam::${account}:user/ada`,
  `arn:aws-cn:iam::111122223333:role/deploy`,
] as const

/**
 * The pair of a seed. Chosen so that every element of a statement decides now and then: values are near each other,
 * most principals and actions fit. What the independent evaluator is known to decide unlike AWS does not occur; the
 * list of it, with reasons, is in docs/trust.md.
 */
export function trustPair(seed: number): TrustPair {
  const chance = new Chance(seed)
  const keys = requestKeys(chance)
  const statements = Array.from({ length: chance.whole(1, 4) }, () => statement(chance, keys))
  const Statement = statements.length === 1 && chance.sometimes(0.5) ? statements[0] : statements
  return { seed, policy: { Version: '2012-10-17', Statement }, provider, keys }
}

function requestKeys(chance: Chance): TrustPair['keys'] {
  const repository = `${chance.one(owners)}/${chance.one(repositories)}`
  const ref = chance.one(refs)
  const environment = chance.sometimes(0.5) ? chance.one(environments) : undefined
  const job =
    environment === undefined ? (chance.sometimes(0.8) ? `ref:${ref}` : 'pull_request') : `environment:${environment}`
  const claims: Record<string, string | undefined> = {
    sub: chance.sometimes(0.5) ? `repo:${repository}:${job}` : `repo:${repository.replace('/', '@91/')}@42:${job}`,
    aud: chance.one(['sts.amazonaws.com', 'https://github.com/acme', 'sts.amazonaws.com.cn']),
    repository,
    repository_id: '42',
    ref,
    environment,
    actor: chance.one(['ada', 'dependabot[bot]']),
    actor_id: chance.one(['7', '583231', '19.5']),
    job_workflow_ref: `${repository}/.github/workflows/${chance.one(['ship', 'ci'])}.yml@${ref}`,
    // No claim of GitHub's holds these; they stand for whatever has such a value.
    workflow: chance.one(['true', 'False', 'ship', ...arns, '2026-07-15T00:00:00Z']),
  }
  const said = Object.entries(claims).flatMap(([claim, value]): [string, string | readonly string[]][] =>
    value === undefined || chance.sometimes(0.1) ? [] : [[`${issuer}:${claim}`, value]],
  )
  const tagKeys = chance.sometimes(0.5) ? [['aws:TagKeys', several(chance, ['team', 'Team', 'cost'])] as const] : []
  return Object.fromEntries([...said, ...tagKeys, ['aws:RequestedRegion', 'eu-west-1']])
}

function statement(chance: Chance, keys: TrustPair['keys']): object {
  const conditions = Array.from({ length: chance.whole(0, 3) }, () => condition(chance, keys))
  const merged: Record<string, Record<string, unknown>> = {}
  for (const { operator, key, values } of conditions) merged[operator] = { ...merged[operator], [key]: values }
  return {
    ...(chance.sometimes(0.3) ? { Sid: `S${chance.whole(1, 9_999_999)}` } : {}),
    Effect: chance.sometimes(0.2) ? 'Deny' : 'Allow',
    ...principal(chance),
    ...action(chance),
    ...(conditions.length > 0 ? { Condition: merged } : {}),
  }
}

function principal(chance: Chance): object {
  const wrong = chance.one([
    `arn:aws:iam::111122223333:oidc-provider/${issuer}`,
    `arn:aws-cn:iam::${account}:oidc-provider/${issuer}`,
    `arn:aws:iam::${account}:oidc-provider/https://${issuer}`,
    `arn:aws:iam::${account}:oidc-provider/${issuer.toUpperCase()}`,
    `arn:aws:iam::${account}:oidc-provider/git.acme.example/_services/token`,
  ])
  const federated = chance.sometimes(0.85) ? provider : wrong
  const named = chance.one([
    { Federated: federated },
    { Federated: federated },
    { Federated: [wrong, federated] },
    { Federated: federated, Service: 'ec2.amazonaws.com' },
    { AWS: `arn:aws:iam::${account}:role/ci`, Federated: [federated] },
    { AWS: '*' },
    '*',
    { Service: 'ec2.amazonaws.com' },
    { AWS: [`arn:aws:iam::${account}:user/ada`, `arn:aws:iam::${account}:role/ci`] },
  ])
  return chance.sometimes(0.07) && named !== '*' ? { NotPrincipal: named } : { Principal: named }
}

function action(chance: Chance): object {
  const fitting = chance.one([
    'sts:AssumeRoleWithWebIdentity',
    'sts:AssumeRoleWithWebIdentity',
    'STS:assumerolewithwebidentity',
    'sts:*',
    '*',
    'sts:AssumeRole*',
    'sts:AssumeRoleWith???Identity',
    'sts:*WebIdentity',
  ])
  const other = chance.one([
    'sts:AssumeRole',
    'sts:TagSession',
    'sts:AssumeRoleWithSAML',
    'sts:AssumeRoleWith?Identity',
  ])
  const named = chance.one([fitting, fitting, fitting, [fitting], [other, fitting], [other]])
  return chance.sometimes(0.1) ? { NotAction: chance.sometimes(0.7) ? [other] : named } : { Action: named }
}

const stringOperators = [
  'StringEquals',
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringLike',
  'StringNotLike',
] as const

interface Drawn {
  readonly operator: string
  readonly key: string
  readonly values: unknown
}

function condition(chance: Chance, keys: TrustPair['keys']): Drawn {
  const draw = chance.next()
  if (draw < 0.08)
    return {
      operator: 'Null',
      key: anyKey(chance),
      values: chance.one(['true', 'false', true, false, ['true', 'false']]),
    }
  if (draw < 0.14) return withModifiers(chance, `Numeric${comparison(chance)}`, key('actor_id', chance), number(chance))
  if (draw < 0.2)
    return withModifiers(chance, `Date${comparison(chance)}`, key('workflow', chance), '2026-07-15T00:00:00Z')
  if (draw < 0.26)
    return withModifiers(chance, 'Bool', key('workflow', chance), chance.one(['true', 'false', 'True', true]))
  if (draw < 0.34) return arnCondition(chance)
  const where = anyKey(chance)
  const operator = chance.one(stringOperators)
  const variables = variablesFor(operator, keys)
  const values = several(chance, [0, 1, 2]).map(() => value(chance, keys, where, variables))
  const [single] = values
  return withModifiers(chance, operator, where, values.length === 1 && chance.sometimes(0.6) ? single : values)
}

/** Numbers and dates are compared with what is one, and negated only there: AWS does not say what another is worth. */
function comparison(chance: Chance): string {
  return chance.one(['Equals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'])
}

function number(chance: Chance): unknown {
  return chance.one(['7', 7, '583231', '19.5', ['1', '100000']])
}

function arnCondition(chance: Chance): Drawn {
  const patterns = [
    ...arns,
    `arn:*:iam::${account}:role/*`,
    'arn:aws:iam::*:*',
    'arn:aws:iam::12345678901?:user/ada',
    'arn:aws:*:role/deploy:*:*:*',
  ] as const
  return withModifiers(chance, chance.one(['ArnEquals', 'ArnLike']), key('workflow', chance), several(chance, patterns))
}

function withModifiers(chance: Chance, operator: string, where: string, values: unknown): Drawn {
  const set =
    where.toLowerCase() === 'aws:tagkeys'
      ? chance.one(['ForAnyValue:', 'ForAllValues:', ''])
      : chance.one(['', '', '', '', 'ForAnyValue:', 'ForAllValues:'])
  return { operator: `${set}${operator}${chance.sometimes(0.15) ? 'IfExists' : ''}`, key: where, values }
}

function anyKey(chance: Chance): string {
  if (chance.sometimes(0.1)) return chance.one(['aws:TagKeys', 'aws:tagkeys'])
  if (chance.sometimes(0.08))
    return chance.one(['aws:RequestedRegion', 'aws:SourceIp', 'aws:PrincipalOrgID', 'sts:ExternalId'])
  return key(
    chance.one([
      'sub',
      'sub',
      'sub',
      'aud',
      'repository',
      'repository_id',
      'ref',
      'environment',
      'actor',
      'job_workflow_ref',
      'enterprise_id',
    ]),
    chance,
  )
}

function key(claim: string, chance: Chance): string {
  const written = `${issuer}:${claim}`
  return chance.sometimes(0.1) ? written.replace('token.actions', 'Token.Actions').replace(/sub$/, 'SUB') : written
}

/** Near what the request says: the same, with wildcards, in another case, another one, or a variable. */
function value(chance: Chance, keys: TrustPair['keys'], where: string, variables: readonly string[]): string {
  if (chance.sometimes(0.15)) return variables[chance.whole(0, variables.length - 1)] ?? '*'
  const found = Object.entries(keys).find(([name]) => name.toLowerCase() === where.toLowerCase())?.[1]
  const text = typeof found === 'string' ? found : (found?.[0] ?? 'repo:acme/shop:ref:refs/heads/main')
  const at = chance.whole(0, text.length - 1)
  return chance.one([
    text,
    text,
    `${text.slice(0, at)}*`,
    `*${text.slice(at)}`,
    `${text.slice(0, at)}?${text.slice(at + 1)}`,
    `${text.slice(0, at)}*${text.slice(Math.min(text.length, at + 3))}`,
    `${text.slice(0, at)}**?${text.slice(at + 2)}`,
    text.toUpperCase(),
    `${text} `,
    text.slice(0, at),
    '*',
    'repo:acme/*:ref:refs/heads/main',
    'team',
    'eu-*',
  ])
}

function several<T>(chance: Chance, choices: readonly T[]): readonly T[] {
  const chosen = choices.filter(() => chance.sometimes(0.45))
  return chosen.length > 0 ? chosen : choices.slice(0, 1)
}

/** AWS says that what is negated matches a variable without a value; the independent evaluator says the opposite. */
function variablesFor(operator: string, keys: TrustPair['keys']): readonly string[] {
  const withDefault = [`\${${issuer}:environment, 'prod'}`, `repo:\${${issuer}:enterprise_id, 'acme'}/*`]
  const plain = ['repository', 'actor', 'ref'].map(claim => `${issuer}:${claim}`)
  const usable = operator.includes('Not') ? plain.filter(key => keys[key] !== undefined) : plain
  return [...withDefault, ...usable.flatMap(key => [`\${${key}}`, `repo:\${${key}}:*`])]
}
