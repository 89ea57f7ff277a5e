import type { PolicyDocument, Session } from '../identity/model.ts'
import { parseRole } from '../identity/role.ts'
import { longestPolicy, renderPolicy, type EcrRepository, type Place } from '../identity/session-policy.ts'
import type { SessionRequest } from '../identity/session-request.ts'
import { type SessionContext } from '../identity/session-context.ts'
import { openSession } from '../identity/session.ts'
import { parseEcrHost, parseReference } from '../registry/reference.ts'
import { sessionSummary } from '../report/session-report.ts'
import type { Context } from '../runtime/context.ts'
import type { Summary } from '../runtime/outputs.ts'

/** Where a step works. */
export interface StepPlace {
  /** ARN of the role. */
  readonly role: string
  readonly region: string
  /** File with the trust policy of the role, relative to the checkout. */
  readonly trustPolicy?: string | undefined
}

/** Account and partition of the role, and the region of the step. */
export function placeOf({ role, region }: StepPlace): Place {
  const { partition, accountId: account } = parseRole(role)
  return { partition, account, region }
}

/** Repositories of the account and region of the step. */
export function repositoriesAt(place: Place, names: readonly string[]): readonly EcrRepository[] {
  return names.map(name => ({ ...place, name }))
}

/** The ECR repositories that images are in, wherever these are: the host name says it. Other images have none. */
export function repositoriesOf(images: readonly string[]): readonly EcrRepository[] {
  return images.flatMap(image => {
    const known = parseEcrHost(image.slice(0, Math.max(0, image.indexOf('/'))))
    if (!known) return []
    const { accountId: account, region, partition } = known
    return [{ partition, account, region, name: parseReference(image).repository }]
  })
}

/** The session of a step: it may do what `policy` says, which the end of the summary shows. */
export async function openStepSession(
  given: StepPlace,
  policy: PolicyDocument,
  context: StepContext,
  summary: Summary,
): Promise<Session> {
  const session = await openSession({ ...(await requestOf(given, context)), policy }, context)
  summary.addLast(sessionSummary({ role: given.role, policy, rendered: renderPolicy(policy), limit: longestPolicy }))
  return session
}

export type StepContext = SessionContext & Pick<Context, 'workspace'>

/** What every request for a session has. A file that is no trust policy is an error here, before any call. */
export async function requestOf(
  { role, region, trustPolicy: path }: StepPlace,
  { workspace }: Pick<Context, 'workspace'>,
): Promise<SessionRequest> {
  if (path === undefined) return { role, region }
  const { readTrustPolicyFile } = await import('../identity/trust-source.ts')
  return { role, region, trustPolicy: await readTrustPolicyFile(path, workspace) }
}
