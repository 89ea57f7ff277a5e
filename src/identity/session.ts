import type { Context } from '../runtime/context.ts'
import { SlipwayError, messageOf } from '../runtime/errors.ts'
import { retry, type RetryWord } from '../runtime/retry.ts'
import { decodeClaims } from './claims.ts'
import type { Credentials, Session } from './model.ts'
import { defaultAudience, parseRole, requireSamePartition, type Role } from './role.ts'
import { explainStsError, troubleOf } from './session-errors.ts'
import { renderPolicy } from './session-policy.ts'
import type { SessionRequest } from './session-request.ts'
import { stsAssumeRole, type AssumeRequest, type AssumeRole, type AssumedRole } from './sts.ts'

export type SessionContext = Pick<
  Context,
  'oidc' | 'clock' | 'log' | 'mask' | 'random' | 'github' | 'signal' | 'ambientCredentials'
>

/** Credentials are renewed this long before they end: the AWS SDK stops using them 5 minutes before. */
const renewBeforeMs = 6 * 60_000
/** A GitHub OIDC token lives about 5 minutes; an older one is not sent again. */
const tokenFreshMs = 2 * 60_000
const patienceMs = 30_000
/** Above it the next larger session policy or tag may be refused. */
const highUtilization = 80

/**
 * Assumes `role` with this job's OIDC token. The credentials are masked and stay in memory; they renew themselves with
 * a fresh token for as long as the job runs. Throws UserError, DeniedError or RemoteError; a refusing trust policy is
 * reported within about two seconds, after one more try.
 */
export async function openSession(
  request: SessionRequest,
  context: SessionContext,
  assume: AssumeRole = stsAssumeRole(),
): Promise<Session> {
  const role = parseRole(request.role)
  requireSamePartition(role, request.region)
  const policy = request.policy && renderPolicy(request.policy)
  if (policy !== undefined) context.log.debug(`session policy: ${policy}`)
  const mint = (): Promise<Credentials> => assumeWithPatience(request, role, policy, context, assume)
  const credentials = renewing(await mint(), mint, context)
  return {
    roleArn: role.arn,
    accountId: role.accountId,
    partition: role.partition,
    region: request.region,
    credentials,
  }
}

/** `slipway-9876543210-1-deploy`, within the characters and the length that STS allows. */
export function defaultSessionName({ runId, runAttempt, job }: Context['github']): string {
  return `slipway-${runId}-${runAttempt}-${job}`.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 64)
}

/** An OIDC token and when it was issued. */
interface Minted {
  readonly token: string
  readonly at: number
}

/** A fresh OIDC token for STS, and AssumeRole with it, as often as its errors make sense of it. */
async function assumeWithPatience(
  request: SessionRequest,
  role: Role,
  policy: string | undefined,
  context: SessionContext,
  assume: AssumeRole,
): Promise<Credentials> {
  const { clock, oidc, signal } = context
  const audience = request.audience ?? defaultAudience(role.partition)
  let minted: Minted | undefined
  let refusals = 0
  const once = async (): Promise<AssumedRole> => {
    const reusable = minted && refusals === 0 && clock.now() - minted.at < tokenFreshMs ? minted : undefined
    const current = reusable ?? { token: await oidc.token(audience, signal), at: clock.now() }
    minted = current
    return assume(assumeRequest(request, role, policy, current.token, context), signal)
  }
  const classify = (thrown: unknown): RetryWord => {
    // Errors of the token endpoint were retried where they arose.
    if (thrown instanceof SlipwayError) return 'no'
    const trouble = troubleOf(thrown)
    if (trouble !== 'denied') return trouble === 'passing' ? 'yes' : 'no'
    return refusals++ === 0 ? { afterMs: 800 + Math.round(context.random() * 400) } : 'no'
  }
  const rules = { attempts: 8, baseMs: 500, mostMs: 8_000, totalMs: patienceMs, classify }
  const onRetry = (thrown: unknown, pauseMs: number): void =>
    context.log.debug(`assuming ${role.arn}: ${messageOf(thrown)} Again in ${pauseMs} ms.`)
  try {
    return accept(await retry(once, rules, { clock, random: context.random, signal, onRetry }), role, context)
  } catch (thrown) {
    if (signal.aborted || thrown instanceof SlipwayError) throw thrown
    const claims = minted && decodeClaims(minted.token)
    throw await explainStsError(thrown, {
      role,
      region: request.region,
      audience,
      claims,
      sessionName: request.sessionName ?? defaultSessionName(context.github),
      now: clock.now(),
      readTrust: async () => {
        const { readTrust } = await import('./trust-source.ts')
        return readTrust(role, request.trustPolicy, context)
      },
    })
  }
}

function assumeRequest(
  { region, sessionName, durationSeconds = 3600 }: SessionRequest,
  { arn }: Role,
  policy: string | undefined,
  token: string,
  { github }: SessionContext,
): AssumeRequest {
  return {
    roleArn: arn,
    region,
    token,
    durationSeconds,
    sessionName: sessionName ?? defaultSessionName(github),
    ...(policy === undefined ? {} : { policy }),
  }
}

function accept(
  { credentials, tokenUtilization = 0 }: AssumedRole,
  role: Role,
  { mask, log }: SessionContext,
): Credentials {
  mask(credentials.accessKeyId)
  mask(credentials.secretAccessKey)
  mask(credentials.sessionToken)
  log.debug(`assumed ${role.arn} until ${credentials.expiration.toISOString()}`)
  if (tokenUtilization > highUtilization) {
    log.warn(
      `The session token of ${role.arn} uses ${tokenUtilization} % of the length that STS allows; tags and session policies add to it.`,
    )
  }
  return credentials
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
