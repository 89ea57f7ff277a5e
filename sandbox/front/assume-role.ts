import { account } from '../world.ts'
import type { Authorizer } from './authorizer.ts'
import type { Moto } from './moto.ts'
import type { Session, Sessions } from './sessions.ts'
import { Refused } from './refused.ts'
import { sessionPolicies, type PolicyWorld } from './session-policies.ts'

/** What AssumeRole needs to know of the world. */
export interface AssumeRoleWorld extends PolicyWorld {
  readonly moto: Pick<Moto, 'role' | 'managedPolicy'>
  readonly authorizer: Pick<Authorizer, 'check' | 'trustsRole' | 'wellFormed'>
  readonly sessions: Sessions
}

/** The longest session of a role that a session of another role assumed. */
const longestChained = 3_600

/**
 * AssumeRole by a session of another role: both sides have to allow it, the role of the session (sts:AssumeRole, and
 * sts:TagSession with tags) and the trust policy. Throws Refused with the error of STS.
 */
export async function assumeRole(
  parameters: URLSearchParams,
  caller: Session,
  world: AssumeRoleWorld,
): Promise<Session> {
  const roleArn = parameters.get('RoleArn') ?? ''
  const sessionName = parameters.get('RoleSessionName') ?? ''
  const seconds = Number(parameters.get('DurationSeconds') ?? 3_600)
  if (seconds > longestChained) {
    throw new Refused(
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    )
  }
  const policies = await sessionPolicies(parameters, world)
  const tags = tagsIn(parameters)
  const actions = ['sts:AssumeRole', ...(tags.length === 0 ? [] : ['sts:TagSession'])]
  const role = roleArn.includes(`:iam::${account}:role/`)
    ? await world.moto.role(roleArn.slice(roleArn.lastIndexOf('/') + 1))
    : undefined
  for (const action of actions) {
    const denial = await world.authorizer.check(caller, action, roleArn)
    const context = contextOf(parameters, tags)
    const trusted = role?.arn === roleArn && (await world.authorizer.trustsRole(role, caller, action, context))
    if (denial !== undefined || !trusted) throw denied(caller, action, roleArn)
  }
  if (role === undefined) throw denied(caller, 'sts:AssumeRole', roleArn)
  const named = { name: role.arn.slice(role.arn.lastIndexOf('/') + 1), id: role.id }
  return world.sessions.open(named, sessionName, seconds, policies, 0)
}

function denied(caller: Session, action: string, roleArn: string): Refused {
  return new Refused(
    'AccessDenied',
    `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${roleArn}`,
    403,
  )
}

function tagsIn(parameters: URLSearchParams): readonly (readonly [string, string])[] {
  const keys = [...parameters].filter(([name]) => /^Tags\.member\.\d+\.Key$/.test(name))
  return keys.map(([name, key]) => [key, parameters.get(name.replace(/Key$/, 'Value')) ?? ''] as const)
}

/** Condition keys that a trust policy may ask for. */
function contextOf(
  parameters: URLSearchParams,
  tags: readonly (readonly [string, string])[],
): Readonly<Record<string, string | readonly string[]>> {
  const given = (name: string, key: string): readonly (readonly [string, string])[] => {
    const value = parameters.get(name)
    return value === null ? [] : [[key, value]]
  }
  return Object.fromEntries([
    ...given('ExternalId', 'sts:ExternalId'),
    ...given('RoleSessionName', 'sts:RoleSessionName'),
    ...given('SourceIdentity', 'sts:SourceIdentity'),
    ...tags.map(([key, value]) => [`aws:RequestTag/${key}`, value] as const),
    ...(tags.length === 0 ? [] : [['aws:TagKeys', tags.map(([key]) => key)] as const]),
  ])
}
