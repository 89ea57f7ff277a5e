import { deflateRawSync } from 'node:zlib'
import { account, hosts } from '../world.ts'
import type { Authorizer } from './authorizer.ts'
import type { Issuer } from './issuer.ts'
import { parseJwt, signatureHolds, type Jwt } from './jwt.ts'
import type { Moto, Role } from './moto.ts'
import { invalid, Refused } from './refused.ts'
import { sessionPolicies } from './session-policies.ts'
import type { Session, Sessions } from './sessions.ts'

/** What AssumeRoleWithWebIdentity needs to know of the world. */
export interface WebIdentityWorld {
  readonly moto: Pick<Moto, 'role' | 'provider' | 'managedPolicy'>
  readonly authorizer: Pick<Authorizer, 'trusts' | 'wellFormed'>
  readonly issuer: Pick<Issuer, 'jwks' | 'reachable'>
  readonly sessions: Sessions
  readonly now: () => number
}

export interface Assumed {
  readonly session: Session
  readonly providerArn: string
  readonly subject: string
  readonly audience: string
  /** Per cent of the space for session policies and tags. */
  readonly packedPolicySize?: number
}

/** AssumeRoleWithWebIdentity: throws Refused with the error of STS. */
export async function assumeRoleWithWebIdentity(
  parameters: URLSearchParams,
  world: WebIdentityWorld,
): Promise<Assumed> {
  const asked = validate(parameters)
  const policies = await sessionPolicies(parameters, world)
  const packedPolicySize = packedSize(parameters)
  const { jwt, providerArn } = await authenticate(asked.token, world)
  const role = await roleThatTrusts(asked.roleArn, jwt, providerArn, world)
  if (asked.seconds > role.maxSession)
    throw new Refused(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    )
  const named = { name: role.arn.slice(role.arn.lastIndexOf('/') + 1), id: role.id }
  const session = world.sessions.open(named, asked.sessionName, asked.seconds, policies, asked.minimumTokenBytes)
  return {
    session,
    providerArn,
    subject: String(jwt.claims.sub),
    audience: String(jwt.claims.aud),
    ...(packedPolicySize === undefined ? {} : { packedPolicySize }),
  }
}

interface Asked {
  readonly roleArn: string
  readonly sessionName: string
  readonly token: string
  readonly seconds: number
  readonly minimumTokenBytes: number
}

function validate(parameters: URLSearchParams): Asked {
  const required = (name: string, shown: string): string => {
    const value = parameters.get(name)
    if (value === null || value === '') throw invalid(shown, 'null', 'Member must not be null')
    return value
  }
  const roleArn = required('RoleArn', 'roleArn')
  const sessionName = required('RoleSessionName', 'roleSessionName')
  const token = required('WebIdentityToken', 'webIdentityToken')
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName))
    throw invalid('roleSessionName', sessionName, 'Member must satisfy regular expression pattern: [\\w+=,.@-]*')
  if (!/^arn:[\w-]+:iam::\d{12}:role\/.+/.test(roleArn)) throw new Refused('ValidationError', `${roleArn} is invalid`)
  const seconds = Number(parameters.get('DurationSeconds') ?? 3600)
  if (seconds < 900)
    throw invalid('durationSeconds', String(seconds), 'Member must have value greater than or equal to 900')
  if (seconds > 43_200)
    throw invalid('durationSeconds', String(seconds), 'Member must have value less than or equal to 43200')
  return {
    roleArn,
    sessionName,
    token,
    seconds,
    minimumTokenBytes: Math.min(4096, Number(parameters.get('MinimumSessionTokenSize') ?? 0)),
  }
}

/** STS packs policies into a binary form that it does not document; deflate into 600 bytes stands in for it. */
function packedSize(parameters: URLSearchParams): number | undefined {
  const packed = ['Policy', ...[...parameters.keys()].filter(name => name.startsWith('PolicyArns.'))]
    .map(name => parameters.get(name) ?? '')
    .join('')
  if (packed === '') return undefined
  const percent = Math.ceil((100 * deflateRawSync(packed).length) / 600)
  if (percent > 100)
    throw new Refused(
      'PackedPolicyTooLarge',
      `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
    )
  return percent
}

/** Provider, key, signature, audience and time of the token, in this order. */
async function authenticate(token: string, world: WebIdentityWorld): Promise<{ jwt: Jwt; providerArn: string }> {
  const jwt = parseJwt(token)
  if (!jwt)
    throw identity('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)')
  const issuer = String(jwt.claims.iss)
  const provider = await world.moto.provider(issuer.replace(/^https:\/\//, ''))
  if (!provider) throw identity(`No OpenIDConnect provider found in your account for ${issuer}`)
  const key = world.issuer.reachable ? world.issuer.jwks.keys.find(one => one.kid === jwt.header.kid) : undefined
  if (!key)
    throw identity(
      "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    )
  if (!signatureHolds(jwt, key)) throw identity('The ID Token provided could not be verified: its signature is invalid')
  if (!provider.clientIds.includes(String(jwt.claims.aud))) throw identity('Incorrect token audience')
  const seconds = Math.floor(world.now() / 1000)
  if (Number(jwt.claims.exp) <= seconds)
    throw new Refused(
      'ExpiredTokenException',
      `Token expired: current date/time ${seconds} must be before the expiration date/time ${String(jwt.claims.exp)}`,
    )
  return { jwt, providerArn: provider.arn }
}

function identity(message: string): Refused {
  return new Refused('InvalidIdentityToken', message)
}

/** Claims that STS turns into condition keys of the trust policy (since January 2026); others do not exist for it. */
const conditionClaims = [
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
]

/** STS never says whether the role is missing or does not trust the token. */
async function roleThatTrusts(roleArn: string, jwt: Jwt, providerArn: string, world: WebIdentityWorld): Promise<Role> {
  const denied = new Refused('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403)
  if (!roleArn.includes(`:iam::${account}:role/`)) throw denied
  const role = await world.moto.role(roleArn.slice(roleArn.lastIndexOf('/') + 1))
  if (!role || role.arn !== roleArn) throw denied
  const claims = conditionClaims
    .filter(claim => jwt.claims[claim] !== undefined)
    .map(claim => [`${hosts.issuer}:${claim}`, String(jwt.claims[claim])])
  if (!(await world.authorizer.trusts(role, providerArn, Object.fromEntries(claims)))) throw denied
  return role
}
