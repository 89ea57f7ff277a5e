import { messageOf } from '../runtime/errors.ts'
import { throughHops } from './hops.ts'
import type { Credentials, Session } from './model.ts'
import type { SessionContext } from './session-context.ts'
import { sessionPlan } from './session-plan.ts'
import type { SessionRequest } from './session-request.ts'
import { stsAssumeRole, type AssumeRole } from './sts.ts'

/** Credentials are renewed this long before they end: the AWS SDK stops using them 5 minutes before. */
const renewBeforeMs = 6 * 60_000
/**
 * Opens the session that `request` asks for: assumes its roles one after the other, the first with this job's OIDC
 * token unless the request names another source. The credentials are masked and stay in memory; they renew themselves,
 * with fresh tokens through all roles, for as long as the job runs. What cannot work is an error before any call.
 * Throws UserError, DeniedError or RemoteError; a refusing trust policy is reported within about two seconds.
 */
export async function openSession(
  request: SessionRequest,
  context: SessionContext,
  assume: AssumeRole = stsAssumeRole(),
): Promise<Session> {
  const plan = sessionPlan(request)
  const { role, policy } = plan.last
  if (policy !== undefined) context.log.debug(`session policy: ${policy}`)
  const mint = (): Promise<Credentials> => throughHops(plan, request, context, assume)
  const credentials = renewing(await mint(), mint, context)
  return {
    roleArn: role.arn,
    accountId: role.accountId,
    partition: role.partition,
    region: request.region,
    credentials,
  }
}

/** Gives out the credentials, and new ones when they are about to end: one renewal for all who ask meanwhile. */
function renewing(
  first: Credentials,
  mint: () => Promise<Credentials>,
  { clock, log }: SessionContext,
): () => Promise<Credentials> {
  let current = first
  let renewal: Promise<Credentials> | undefined
  const left = (): number => current.expiration.getTime() - clock.now()
  const renew = async (): Promise<Credentials> => {
    try {
      current = await mint()
    } catch (thrown) {
      // Better what is valid for another minute than nothing: the next call tries again.
      if (left() < 60_000) throw thrown
      log.warn(`Credentials could not be renewed yet: ${messageOf(thrown)}`)
    } finally {
      renewal = undefined
    }
    return current
  }
  return async () => (left() > renewBeforeMs ? current : (renewal ??= renew()))
}
