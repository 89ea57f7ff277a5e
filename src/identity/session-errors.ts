import { DeniedError, RemoteError, UserError, messageOf, type SlipwayError } from '../runtime/errors.ts'
import { proxyTo } from '../runtime/proxy.ts'
import type { Attempted } from './refusal.ts'

/**
 * What an error of AssumeRoleWithWebIdentity means for the next try:
 * - `denied`: trust mismatch, missing role or an organisation's policy (STS never says which). Roles and trust
 *   policies take a moment to be known everywhere, so one more try with a fresh token is worth its second.
 * - `stale-token`: the token ended on the way; with a fresh one it goes on at once.
 * - `passing`: throttling, trouble inside AWS, or between AWS and GitHub's keys: worth a few tries.
 * - `final`: asking again gives the same answer.
 */
export type StsTrouble = 'denied' | 'stale-token' | 'passing' | 'final'

const passingNames =
  /^(Throttl|TooManyRequests|RequestLimitExceeded|IDPCommunicationError|ServiceUnavailable|InternalFailure|InternalError)/
const passingNetwork: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
])

/** By name with or without the suffix `Exception`, never by class: two copies of the SDK have two sets of classes. */
export function troubleOf(thrown: unknown): StsTrouble {
  const { name, code, status, message } = factsOf(thrown)
  if (name.startsWith('AccessDenied')) return 'denied'
  if (name.startsWith('ExpiredToken')) return 'stale-token'
  if (/verification key/i.test(message) || passingNames.test(name)) return 'passing'
  if (status >= 500 || status === 429 || name === 'TimeoutError' || passingNetwork.has(code)) return 'passing'
  return 'final'
}

/** The error for the person who reads it. Never holds the token. May ask IAM for the trust policy of the role. */
export async function explainStsError(thrown: unknown, attempted: Attempted): Promise<SlipwayError> {
  const { name, code, message } = factsOf(thrown)
  const { region } = attempted
  if (name === 'CredentialsProviderError') return noCredentials(thrown, attempted)
  if (name.startsWith('AccessDenied') && attempted.by === 'credentials') return chainDenied(thrown, attempted)
  if (name.startsWith('AccessDenied')) {
    // The evaluator of trust policies is loaded by those who were refused.
    const { explainRefusal } = await import('./refusal.ts')
    return explainRefusal(thrown, attempted)
  }
  if (/audience/i.test(message)) return wrongAudience(thrown, attempted)
  if (/No OpenIDConnect provider/i.test(message)) return noProvider(thrown, attempted)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return noSuchHost(thrown, attempted)
  if (/^(MalformedPolicyDocument|PackedPolicyTooLarge)/.test(name)) {
    return new UserError('session-policy', `STS refuses the session policy: ${message}`, {
      todo: 'Use fewer repositories in this step.',
      cause: thrown,
    })
  }
  if (name.startsWith('RegionDisabled')) {
    return new UserError('input-region', `region "${region}" is disabled in account ${attempted.role.accountId}.`, {
      todo: 'Use another region, or enable it and its STS endpoint in the account settings of IAM.',
      cause: thrown,
    })
  }
  if (name.startsWith('ValidationError')) {
    return new UserError('sts-refused', `STS refuses the request: ${message}`, {
      todo: 'When it is the duration, choose at most the maximum session duration of the role.',
      cause: thrown,
    })
  }
  return new RemoteError('sts-unreachable', `STS in ${region} did not issue credentials: ${sentence(message)}`, {
    ...(troubleOf(thrown) === 'passing' ? { why: `It was tried several times${through(attempted)}.` } : {}),
    todo: `Run again; when it persists, check that the runner reaches sts.${region} and the AWS health dashboard.`,
    cause: thrown,
  })
}

/** Unlike for a token, STS says here who was refused what. */
function chainDenied(cause: unknown, { role }: Attempted): DeniedError {
  return new DeniedError('role-chain-denied', `AWS does not let the session before it assume ${role.arn}.`, {
    why: sentence(messageOf(cause)),
    todo: `Allow sts:AssumeRole on ${role.arn} in the policy of the role before it (sts:TagSession too, with session-tags), and that role as the principal in the trust policy of ${role.name}.`,
    cause,
  })
}

function noCredentials(cause: unknown, { role }: Attempted): UserError {
  return new UserError('ambient-missing', `The environment has no AWS credentials to assume ${role.arn} with.`, {
    why: sentence(messageOf(cause)),
    todo: 'Leave "source" out to use the OIDC token of the job, or set up credentials before this step.',
    cause,
  })
}

/** The way that requests take, where that is not the straight one. */
function through({ region, endpoint = `https://sts.${region}.amazonaws.com` }: Attempted): string {
  const proxy = endpoint.startsWith('https:') ? proxyTo(endpoint) : undefined
  return proxy === undefined ? '' : `, through the proxy ${proxy} (HTTPS_PROXY; NO_PROXY exempts hosts from it)`
}

function wrongAudience(cause: unknown, { role, audience }: Attempted): DeniedError {
  return new DeniedError(
    'oidc-audience',
    `The OIDC provider in account ${role.accountId} does not know the audience "${audience}".`,
    {
      todo: `Add "${audience}" to the provider's client ids, or set the input "audience" to one that is there.`,
      cause,
    },
  )
}

function noProvider(cause: unknown, { role, claims }: Attempted): DeniedError {
  const issuer = claims?.iss ?? 'https://token.actions.githubusercontent.com'
  return new DeniedError('oidc-provider', `Account ${role.accountId} has no OIDC provider for ${issuer}.`, {
    todo: `Create it (aws iam create-open-id-connect-provider --url ${issuer} --client-id-list sts.amazonaws.com), or correct the account in the input "role".`,
    cause,
  })
}

function noSuchHost(cause: unknown, { region }: Attempted): UserError {
  return new UserError(
    'input-region',
    `region "${region}" does not exist, or the runner cannot resolve its host names.`,
    {
      why: `The name of its STS endpoint is not known (${factsOf(cause).code}).`,
      todo: 'Use the code of an AWS region, for example us-east-1; on a self-hosted runner check DNS.',
      cause,
    },
  )
}

interface ErrorFacts {
  readonly name: string
  readonly code: string
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  readonly message: string
}

function factsOf(thrown: unknown): ErrorFacts {
  const error: { name?: unknown; code?: unknown; Code?: unknown; $metadata?: { httpStatusCode?: unknown } } =
    typeof thrown === 'object' && thrown !== null ? thrown : {}
  const status = error.$metadata?.httpStatusCode
  const code = error.code ?? error.Code
  return {
    name: typeof error.name === 'string' ? error.name : '',
    code: typeof code === 'string' ? code : '',
    status: typeof status === 'number' ? status : 0,
    message: messageOf(thrown),
  }
}

function sentence(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return /[.!?]$/.test(line) ? line : `${line}.`
}
