import { defined } from '../runtime/defined.ts'
import { payloadOf } from './jwt.ts'

/** The claims of a GitHub OIDC token that trust policies test. All are public: names and numbers of the run. */
export interface Claims {
  readonly iss: string
  readonly sub: string
  readonly aud: string
  readonly repository?: string
  readonly repositoryId?: string
  readonly repositoryOwnerId?: string
  readonly ref?: string
  readonly environment?: string
  readonly eventName?: string
  readonly jobWorkflowRef?: string
  /** The claims that STS makes condition keys of, by name. */
  readonly conditionKeys: Readonly<Record<string, string>>
}

/** Claims that STS makes condition keys of; the others exist in the token only (AWS, "what's new", January 2026). */
export const conditionClaims = [
  'sub',
  'aud',
  'actor',
  'actor_id',
  'job_workflow_ref',
  'repository',
  'repository_id',
  'workflow',
  'ref',
  'environment',
  'enterprise_id',
] as const

/**
 * Reads the payload of a JSON Web Token without verifying it (STS does that); undefined when it is no JWT.
 * Only the claims above are picked: custom properties may be private.
 */
export function decodeClaims(token: string): Claims | undefined {
  const payload = payloadOf(token)
  if (!payload) return undefined
  const text = (name: string): string | undefined => {
    const value = payload[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  return defined({
    iss: text('iss') ?? '',
    sub: text('sub') ?? '',
    aud: text('aud') ?? '',
    repository: text('repository'),
    repositoryId: text('repository_id'),
    repositoryOwnerId: text('repository_owner_id'),
    ref: text('ref'),
    environment: text('environment'),
    eventName: text('event_name'),
    jobWorkflowRef: text('job_workflow_ref'),
    conditionKeys: Object.fromEntries(
      conditionClaims.flatMap(name => (text(name) === undefined ? [] : [[name, text(name) ?? '']])),
    ),
  })
}

/** The two ways in which GitHub may write the subject of the same job. */
export interface SubjectForms {
  /** `repo:acme/shop:ref:refs/heads/main` */
  readonly legacy: string
  /** `repo:acme@91000000/shop@910000001:ref:refs/heads/main`: repositories made, renamed or moved after 2026-07-15. */
  readonly immutable: string | undefined
}

/**
 * Both forms of the subject; undefined when the organisation made its own (`include_claim_keys`).
 * A trust policy that was written for one form refuses the other, with the same AccessDenied as for any other reason.
 */
export function subjectForms({ sub, repository, repositoryId, repositoryOwnerId }: Claims): SubjectForms | undefined {
  const match = /^repo:([^/:@]+)(?:@(\d+))?\/([^/:@]+)(?:@(\d+))?:(.+)$/.exec(sub)
  if (!match) return undefined
  const [, owner, ownerInSub, name, idInSub, rest] = match
  if (repository !== undefined && repository !== `${owner}/${name}`) return undefined
  const ownerId = ownerInSub ?? repositoryOwnerId
  const id = idInSub ?? repositoryId
  return {
    legacy: `repo:${owner}/${name}:${rest}`,
    immutable: ownerId === undefined || id === undefined ? undefined : `repo:${owner}@${ownerId}/${name}@${id}:${rest}`,
  }
}

/** One line for people: what this job's token says of itself. */
export function describeClaims(claims: Claims): string {
  const forms = subjectForms(claims)
  const other = [forms?.legacy, forms?.immutable].find(form => form !== undefined && form !== claims.sub)
  const entries: readonly (readonly [string, string | undefined])[] = [
    ['sub', claims.sub],
    [other === forms?.legacy ? 'sub in legacy form' : 'sub in immutable form', other],
    ['aud', claims.aud],
    ['ref', claims.ref],
    ['environment', claims.environment ?? 'none'],
    ['event', claims.eventName],
    ['job_workflow_ref', claims.jobWorkflowRef],
  ]
  return entries.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join(', ')
}

/** A least-privilege statement for the role's trust policy that accepts exactly this job's token, minified. */
export function trustStatement(
  claims: Claims,
  account: { readonly partition: string; readonly accountId: string },
): string {
  const provider = claims.iss.replace(/^https:\/\//, '')
  return JSON.stringify({
    Effect: 'Allow',
    Principal: { Federated: `arn:${account.partition}:iam::${account.accountId}:oidc-provider/${provider}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: { StringEquals: { [`${provider}:aud`]: claims.aud, [`${provider}:sub`]: claims.sub } },
  })
}
