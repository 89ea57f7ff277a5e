import { DeniedError, SlipwayError, messageOf } from '../runtime/errors.ts'
import { retry, type RetryWord } from '../runtime/retry.ts'
import type { Credentials } from './model.ts'
import { defaultAudience } from './role.ts'
import { defaultSessionName, type SessionContext } from './session-context.ts'
import { explainStsError, troubleOf } from './session-errors.ts'
import type { Hop, SessionPlan } from './session-plan.ts'
import type { SessionRequest } from './session-request.ts'
import type { AssumedRole, AssumeRequest, AssumeRole } from './sts.ts'
import { tagsOf, type CallTags } from './session-tags.ts'
import { tokenSource, type TokenSource } from './token-source.ts'

/** For all hops of a request together. */
const patienceMs = 30_000
/** Above it the next larger session policy or tag may be refused. */
const highUtilization = 80

/** The credentials of the last hop. Each hop is asked for as often as its errors make sense of it, within one deadline. */
export async function throughHops(
  plan: SessionPlan,
  request: SessionRequest,
  context: SessionContext,
  assume: AssumeRole,
): Promise<Credentials> {
  const token = tokenSource(request, plan.hops[0].role, context)
  const deadline = context.clock.now() + patienceMs
  const walk = { request, context, assume, token, deadline }
  let credentials: Credentials | undefined
  for (const hop of plan.hops) credentials = await assumeHop(hop, credentials, walk)
  if (credentials === undefined) throw new Error('a plan has a hop')
  return credentials
}

interface Walk {
  readonly request: SessionRequest
  readonly context: SessionContext
  readonly assume: AssumeRole
  readonly token: TokenSource
  /** For the whole walk. */
  readonly deadline: number
}

async function assumeHop(hop: Hop, before: Credentials | undefined, walk: Walk): Promise<Credentials> {
  const { context, token, deadline } = walk
  const { clock, signal, random } = context
  let refusals = 0
  const once = async (): Promise<AssumedRole> => {
    const proof =
      hop.by === 'token'
        ? { token: await token.current(refusals > 0) }
        : before === undefined
          ? {}
          : { credentials: before }
    return walk.assume({ ...callOf(hop, walk), ...proof }, signal)
  }
  const classify = (thrown: unknown): RetryWord => {
    // Errors of the token endpoint were retried where they arose.
    if (thrown instanceof SlipwayError) return 'no'
    const trouble = troubleOf(thrown)
    if (trouble === 'stale-token') return refusals++ === 0 ? { afterMs: 0 } : 'no'
    if (trouble !== 'denied') return trouble === 'passing' ? 'yes' : 'no'
    return refusals++ === 0 ? { afterMs: 800 + Math.round(random() * 400) } : 'no'
  }
  const totalMs = Math.max(0, deadline - clock.now())
  const rules = { attempts: 8, baseMs: 500, mostMs: 8_000, totalMs, classify }
  const onRetry = (thrown: unknown, pauseMs: number): void =>
    context.log.debug(`assuming ${hop.role.arn}: ${messageOf(thrown)} Again in ${pauseMs} ms.`)
  try {
    return accept(await retry(once, rules, { clock, random, signal, onRetry }), hop, walk)
  } catch (thrown) {
    if (signal.aborted || thrown instanceof SlipwayError) throw thrown
    throw await explained(thrown, hop, walk)
  }
}

function callOf(hop: Hop, { request, context, token }: Walk): AssumeRequest {
  const { policy, managedPolicies, durationSeconds, externalId } = hop
  const tags: CallTags = hop.tags === undefined ? {} : tagsOf(hop.tags, token.claims())
  return {
    roleArn: hop.role.arn,
    region: request.region,
    durationSeconds,
    sessionName: request.sessionName ?? defaultSessionName(context.github),
    ...(policy === undefined ? {} : { policy }),
    ...(managedPolicies === undefined ? {} : { managedPolicies }),
    ...(externalId === undefined ? {} : { externalId }),
    ...(request.stsEndpoint === undefined ? {} : { endpoint: request.stsEndpoint }),
    ...tags,
  }
}

async function explained(thrown: unknown, { role, by }: Hop, { request, context, token }: Walk): Promise<SlipwayError> {
  return explainStsError(thrown, {
    role,
    by,
    region: request.region,
    endpoint: request.stsEndpoint,
    audience: request.audience ?? defaultAudience(role.partition),
    claims: by === 'token' ? token.decoded() : undefined,
    sessionName: request.sessionName ?? defaultSessionName(context.github),
    now: context.clock.now(),
    readTrust: async () => {
      const { readTrust } = await import('./trust-source.ts')
      return readTrust(role, request.trustPolicy, context)
    },
  })
}

/** What STS gave, once it is known to be what was asked for. Masked before anybody else sees it. */
function accept(
  { credentials, arn, tokenUtilization = 0 }: AssumedRole,
  { role }: Hop,
  { context, request }: Walk,
): Credentials {
  const { mask, log } = context
  mask(credentials.accessKeyId)
  mask(credentials.secretAccessKey)
  mask(credentials.sessionToken)
  const account = arn?.split(':')[4]
  if (account !== undefined && account !== role.accountId) throw otherAccount(account, role.accountId, request)
  log.debug(`assumed ${role.arn} until ${credentials.expiration.toISOString()}`)
  if (tokenUtilization > highUtilization) {
    log.warn(
      `The session token of ${role.arn} uses ${tokenUtilization} % of the length that STS allows; tags and session policies add to it.`,
    )
  }
  return credentials
}

function otherAccount(found: string, wanted: string, { stsEndpoint }: SessionRequest): DeniedError {
  return new DeniedError('sts-other-account', `STS gave a session of account ${found} instead of ${wanted}.`, {
    why: stsEndpoint === undefined ? 'It is not the STS of AWS that answered.' : `The STS at ${stsEndpoint} answered.`,
    todo: 'Check what stands between the runner and STS: a proxy, DNS, the input "sts-endpoint". Nothing was handed out.',
  })
}
