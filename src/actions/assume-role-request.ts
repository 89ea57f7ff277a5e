import { resolve } from 'node:path'
import type { SessionRequest, SessionSource, SessionTags } from '../identity/session-request.ts'
import type { Context } from '../runtime/context.ts'
import { defined } from '../runtime/defined.ts'
import { UserError } from '../runtime/errors.ts'
import type { Given } from '../runtime/inputs.ts'
import type { assumeRole } from './assume-role.contract.ts'
import { requestOf } from './step-session.ts'

type AssumeRoleInputs = Given<(typeof assumeRole)['inputs']>

/** The inputs as a request for a session. Throws UserError for inputs that contradict each other, before any call. */
export async function sessionRequest(
  given: AssumeRoleInputs,
  context: Pick<Context, 'workspace'>,
): Promise<SessionRequest> {
  const { audience, sessionName, duration, externalId, allowedAccountIds, stsEndpoint } = given
  const source = sourceOf(given, context.workspace)
  return {
    ...(await requestOf(given, context)),
    durationSeconds: duration / 1000,
    ...defined({
      source,
      audience,
      sessionName,
      externalId,
      allowedAccountIds,
      stsEndpoint,
      chain: given.roleChain,
      policy: given.sessionPolicy,
      managedPolicies: given.managedSessionPolicies,
      tags: tagsOf(given),
    }),
  }
}

function sourceOf(
  { source, webIdentityTokenFile: file, audience }: AssumeRoleInputs,
  workspace: string,
): SessionSource | undefined {
  if (file !== undefined && source === 'environment') throw conflict('web-identity-token-file', 'source', 'environment')
  if (audience !== undefined && file !== undefined) throw conflict('audience', 'web-identity-token-file', file)
  if (audience !== undefined && source === 'environment') throw conflict('audience', 'source', 'environment')
  if (source === 'environment') return { kind: 'ambient' }
  if (file === undefined) return undefined
  const path = resolve(workspace, file)
  // A path of the checkout must stay in it; an absolute one was written by whoever runs the runner.
  return { kind: 'token-file', path, ...(path === file ? {} : { within: workspace }) }
}

function conflict(name: string, other: string, value: string): UserError {
  return new UserError(`input-${name}`, `${name} is given, and ${other} is "${value}".`, {
    why: 'Only one of them can prove who this job is.',
    todo: `Leave one of ${name} and ${other} out.`,
  })
}

function tagsOf({ sessionTags, transitiveTags, sourceIdentity }: AssumeRoleInputs): SessionTags | undefined {
  const keys = new Set([...Object.keys(sessionTags?.values ?? {}), ...Object.keys(sessionTags?.claims ?? {})])
  const unknown = transitiveTags?.find(key => !keys.has(key))
  if (unknown !== undefined) {
    throw new UserError(
      'input-transitive-tags',
      `transitive-tags names "${unknown}", which session-tags does not have.`,
      {
        todo: 'Name keys of session-tags only.',
      },
    )
  }
  if (sessionTags === undefined && sourceIdentity === undefined) return undefined
  return defined({
    values: sessionTags?.values,
    claims: sessionTags?.claims,
    transitive: transitiveTags,
    sourceIdentity,
  })
}
