import { fileURLToPath } from 'node:url'
import { account } from '../world.ts'
import type { Exchange, Need } from './http.ts'
import { keepLineChild } from './json-lines.ts'
import type { Moto, Role } from './moto.ts'
import type { Session } from './sessions.ts'

type Result = 'Allowed' | 'ExplicitlyDenied' | 'ImplicitlyDenied'

interface Decided {
  readonly allowed: boolean
  readonly identity?: Result
  readonly session?: Result
  readonly errors?: Readonly<Record<string, unknown>>
}

/** undefined = allowed; else the sentence that AWS gives. */
export type Denial = string | undefined

export interface Authorizer {
  /** Role policies ∩ session policies, for one action on one resource. */
  check(session: Session, action: string, resource: string): Promise<Denial>
  /** Whether a role's trust policy lets this federated principal in. `claims` are condition keys. */
  trusts(role: Role, providerArn: string, claims: Readonly<Record<string, string>>): Promise<boolean>
  /** Whether a role's trust policy lets a session of another role in, for this action. */
  trustsRole(
    role: Role,
    caller: Session,
    action: string,
    context: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<boolean>
  /** False when the evaluator cannot read the policy. */
  wellFormed(policy: unknown): Promise<boolean>
  clear(): void
  stop(): void
}

/** Checks all of `needs`; the sentence of the first refusal. What was checked is in the log of requests. */
export async function firstDenial(
  needs: readonly Need[],
  session: Session,
  { note }: Pick<Exchange, 'note'>,
  authorizer: Pick<Authorizer, 'check'>,
): Promise<Denial> {
  for (const need of needs) {
    note.needs = [...(note.needs ?? []), need]
    const denial = await authorizer.check(session, need.action, need.resource)
    if (denial !== undefined) return denial
  }
  return undefined
}

const script = fileURLToPath(new URL('./evaluator.ts', import.meta.url))

/** Starts the evaluator in a process of its own; decisions are cached until `clear`. */
export async function startAuthorizer(
  nodeModules: string,
  moto: Pick<Moto, 'role'>,
  log: (line: string) => void,
): Promise<Authorizer> {
  const child = await keepLineChild('evaluator', [process.execPath, script, nodeModules], log)
  const decide = async (given: object): Promise<Decided> =>
    (await child.ask('decide', { account, ...given })) as Decided
  const cache = new Map<string, Promise<Denial>>()

  async function decideFor(session: Session, action: string, resource: string): Promise<Denial> {
    const role = await moto.role(session.roleName)
    // `repository/*` as a request's resource means that very text, not any of them.
    const asked = {
      principal: session.arn,
      action,
      resource: resource.replace(/(?<=.)\*$/, '-'),
      policies: role?.policies ?? {},
    }
    // Several session policies (inline and managed) grant together: their statements are one policy.
    const sessionPolicy = session.sessionPolicies.length === 0 ? undefined : merged(session.sessionPolicies)
    return denialOf(await decide({ ...asked, sessionPolicy }), session.arn, action, resource)
  }

  return {
    check(session, action, resource) {
      const key = `${session.accessKeyId} ${action} ${resource}`
      const known = cache.get(key) ?? decideFor(session, action, resource)
      cache.set(key, known)
      known.catch(() => cache.delete(key))
      return known
    },
    async trusts(role, providerArn, claims) {
      const decided = await decide({
        principal: providerArn,
        action: 'sts:AssumeRoleWithWebIdentity',
        resource: role.arn,
        trust: role.trust,
        context: claims,
      })
      return decided.allowed
    },
    async trustsRole(role, caller, action, context) {
      const resource = role.arn
      const decided = await decide({ principal: caller.arn, action, resource, trust: role.trust, context })
      return decided.allowed
    },
    async wellFormed(policy) {
      const decided = await decide({
        principal: `arn:aws:iam::${account}:role/any`,
        action: 'sts:GetCallerIdentity',
        resource: '*',
        sessionPolicy: policy,
      })
      return decided.errors === undefined
    },
    clear: () => cache.clear(),
    stop: () => child.stop(),
  }
}

function merged(policies: readonly unknown[]): unknown {
  const statements = policies.flatMap(policy => {
    const statement = (policy as { Statement?: unknown }).Statement
    return Array.isArray(statement) ? (statement as unknown[]) : [statement]
  })
  return { Version: '2012-10-17', Statement: statements }
}

/** The sentence AWS writes: it names the kind of policy that decided. */
function denialOf(decided: Decided, arn: string, action: string, resource: string): Denial {
  if (decided.allowed) return undefined
  const start = `User: ${arn} is not authorized to perform: ${action} on resource: ${resource}`
  if (decided.identity === 'ExplicitlyDenied') return `${start} with an explicit deny in an identity-based policy`
  if (decided.session === 'ExplicitlyDenied') return `${start} with an explicit deny in a session policy`
  if (decided.identity === 'Allowed' && decided.session !== undefined && decided.session !== 'Allowed')
    return `${start} because no session policy allows the ${action} action`
  return `${start} because no identity-based policy allows the ${action} action`
}
