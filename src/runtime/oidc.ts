import type { GitHubRun, OidcSource } from './context.ts'
import { within } from './deadline.ts'
import { DeniedError, RemoteError, messageOf, type Advice } from './errors.ts'
import type { Environment } from './inputs.ts'
import { retry, retryAfterMs } from './retry.ts'
import type { RetryPorts, RetryWord } from './retry.ts'

/** A GET as this module needs it; the adapter is `httpGet`. */
export type HttpGet = (
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<HttpAnswer>

export interface HttpAnswer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: string
}

export interface OidcPorts extends RetryPorts {
  readonly get: HttpGet
  mask(secret: string): void
  /** What started the run: it tells why there may be no token. */
  readonly github: Pick<GitHubRun, 'fromFork' | 'actor' | 'eventName'>
}

const oneTryMs = 5_000
const allTriesMs = 30_000

/**
 * GitHub's token endpoint of this job: `GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=…` with a bearer token.
 * Only trouble on the way (5xx, 429, no answer) is tried again: a refusal does not change by asking.
 */
export function createOidc(env: Environment, ports: OidcPorts): OidcSource {
  const url = env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? ''
  const bearer = env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
  const available = url !== '' && bearer !== ''
  if (bearer !== '') ports.mask(bearer)
  return {
    available,
    async token(audience, signal) {
      if (!available) throw noPermission({ ...ports.github, url, bearer, onGitHub: env['GITHUB_ACTIONS'] === 'true' })
      const address = `${url}${url.includes('?') ? '&' : '?'}audience=${encodeURIComponent(audience)}`
      const body = await fetchToken(address, bearer, ports, signal ?? ports.signal)
      const token = tokenIn(body)
      ports.mask(token)
      return token
    },
  }
}

class AnswerError extends Error {
  readonly answer: HttpAnswer
  constructor(answer: HttpAnswer) {
    super(`HTTP ${answer.status}`)
    this.answer = answer
  }
}

async function fetchToken(url: string, bearer: string, ports: OidcPorts, signal?: AbortSignal): Promise<string> {
  const headers = { authorization: `Bearer ${bearer}`, accept: 'application/json; api-version=2.0' }
  const once = async (): Promise<string> => {
    const late = (): Error => new Error(`no answer within ${oneTryMs / 1_000} s`)
    const answer = await within(oneTryMs, late, ports.clock, limit => ports.get(url, headers, limit), signal)
    if (answer.status !== 200) throw new AnswerError(answer)
    return answer.body
  }
  const rules = { attempts: 6, baseMs: 500, mostMs: 8_000, totalMs: allTriesMs, classify: again(ports) }
  try {
    return await retry(once, rules, signal === undefined ? ports : { ...ports, signal })
  } catch (thrown) {
    if (signal?.aborted) throw thrown
    throw explained(thrown)
  }
}

function again(ports: OidcPorts): (thrown: unknown) => RetryWord {
  return thrown => {
    if (!(thrown instanceof AnswerError)) return 'yes'
    const { status, retryAfter } = thrown.answer
    if (status !== 429 && status < 500) return 'no'
    const afterMs = retryAfterMs(retryAfter, ports.clock.now())
    return afterMs === undefined ? 'yes' : { afterMs }
  }
}

function explained(thrown: unknown): DeniedError | RemoteError {
  const status = thrown instanceof AnswerError ? thrown.answer.status : 0
  if (status === 401 || status === 403) {
    return new DeniedError('oidc-refused', `GitHub refused to issue an OIDC token (HTTP ${status}).`, {
      why: 'The right to ask for one belongs to the running job and ends with it.',
      todo: 'Run the job again; if it stays, check https://www.githubstatus.com.',
      cause: thrown,
    })
  }
  return new RemoteError('oidc-unreachable', 'GitHub did not issue an OIDC token.', {
    why: `Its token endpoint failed: ${messageOf(thrown)}.`,
    todo: 'Run the job again; on a self-hosted runner check that it reaches the host of ACTIONS_ID_TOKEN_REQUEST_URL.',
    cause: thrown,
  })
}

function tokenIn(body: string): string {
  try {
    const answer: unknown = JSON.parse(body)
    if (typeof answer === 'object' && answer !== null && 'value' in answer && typeof answer.value === 'string') {
      if (answer.value.split('.').length === 3) return answer.value
    }
  } catch {
    // Not JSON: said below, without the text, which may hold a token.
  }
  throw new RemoteError('oidc-unreachable', 'The answer of the OIDC token endpoint holds no token.', {
    why: 'Something between the runner and GitHub may have answered instead.',
    todo: 'On a self-hosted runner check its proxy settings.',
  })
}

interface NoToken extends Pick<GitHubRun, 'fromFork' | 'actor' | 'eventName'> {
  readonly url: string
  readonly bearer: string
  readonly onGitHub: boolean
}

/** The variables are there exactly when the job may ask; why it may not, the run itself shows. */
function noPermission(shown: NoToken): DeniedError {
  return new DeniedError('oidc-permission', 'This job may not ask GitHub for an OIDC token.', noTokenAdvice(shown))
}

function noTokenAdvice({
  fromFork,
  actor,
  eventName,
  url,
  bearer,
  onGitHub,
}: NoToken): Advice & { readonly why: string } {
  if (fromFork) {
    return {
      why: 'A pull request from a fork never may.',
      todo: 'Run this step only for branches of the repository itself.',
    }
  }
  if ((url === '') !== (bearer === '')) {
    const absent = url === '' ? 'ACTIONS_ID_TOKEN_REQUEST_URL' : 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'
    return {
      why: `The variable ${absent} did not reach this step, though the other one did.`,
      todo: 'Hand on both variables to whatever runs this step (a container, sudo).',
    }
  }
  if (actor === 'dependabot[bot]') {
    return {
      why: 'A run that Dependabot started has a token that may only read, unless the workflow says more.',
      todo: 'Add "permissions: { id-token: write, contents: read }" to the job, or leave this step out for Dependabot.',
    }
  }
  if (eventName === '' && !onGitHub) {
    return {
      why: 'This is no job of GitHub Actions: nobody is here to issue one.',
      todo: 'Run it in a workflow, or use "source: environment" of assume-role with credentials of your own.',
    }
  }
  return {
    why: 'It lacks the permission "id-token: write"; a reusable workflow needs it from its caller as well.',
    todo: 'Add "permissions: { id-token: write, contents: read }" to the job, and to the job that calls this workflow.',
  }
}
