import type { Clock } from '../runtime/clock.ts'
import { within } from '../runtime/deadline.ts'
import type { HttpAnswer, HttpRequest, HttpSend } from '../runtime/http.ts'
import { retry, retryAfterMs } from '../runtime/retry.ts'
import type { RetryWord } from '../runtime/retry.ts'

/** GitHub's REST API of one repository (port; the adapter is `githubClient`). */
export interface GitHubClient {
  /** `path` below the repository: `/deployments`. The answer's JSON. Throws GitHubError for a refusal. */
  get(path: string): Promise<unknown>
  /** `before` is asked ahead of every further try: the one before may have arrived after all. */
  post(path: string, body: object, before?: () => Promise<unknown>): Promise<unknown>
  /** Says the same however often it is sent. */
  patch(path: string, body: object): Promise<unknown>
  /** Login of the account that the token is of: `github-actions[bot]` for `github.token`. */
  viewer(): Promise<string>
}

export interface ClientRequest {
  /** `https://api.github.com` */
  readonly apiUrl: string
  /** `acme/shop` */
  readonly repository: string
  readonly token: string
  /** Bound on one call with all its tries. */
  readonly patienceMs: number
}

export interface ClientPorts {
  readonly clock: Clock
  random(): number
  readonly send: HttpSend
}

/** An answer that is no success. `message` is GitHub's own. */
export class GitHubError extends Error {
  readonly status: number
  readonly answer: HttpAnswer
  constructor(answer: HttpAnswer) {
    super(`HTTP ${answer.status}: ${messageIn(answer.body)}`)
    this.status = answer.status
    this.answer = answer
  }
}

const oneTryMs = 10_000

/** Tries again what passes by itself: no answer, 5xx, and the rate limits, for as long as GitHub says. */
export function githubClient(request: ClientRequest, ports: ClientPorts): GitHubClient {
  const base = `${request.apiUrl}/repos/${request.repository}`
  const headers = {
    authorization: `Bearer ${request.token}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
    'user-agent': 'slipway',
  }
  const once = async (method: HttpRequest['method'], url: string, body?: string): Promise<unknown> => {
    const late = (): Error => new Error(`no answer within ${oneTryMs / 1_000} s`)
    const sent = { method, url, headers, ...(body === undefined ? {} : { body }) }
    const answer = await within(oneTryMs, late, ports.clock, limit => ports.send(sent, limit))
    if (answer.status < 200 || answer.status >= 300) throw new GitHubError(answer)
    return JSON.parse(answer.body)
  }
  const classify = (thrown: unknown): RetryWord => wordOn(thrown, ports.clock.now())
  const rules = { attempts: 5, baseMs: 500, mostMs: 4_000, totalMs: request.patienceMs, classify }
  return {
    get: path => retry(() => once('GET', base + path), rules, ports),
    post: (path, body, before) =>
      retry(
        async attempt =>
          (attempt === 1 ? undefined : await before?.()) ?? once('POST', base + path, JSON.stringify(body)),
        rules,
        ports,
      ),
    patch: (path, body) => retry(() => once('PATCH', base + path, JSON.stringify(body)), rules, ports),
    viewer: async () => {
      const body = JSON.stringify({ query: 'query { viewer { login } }' })
      return loginIn(await retry(() => once('POST', graphqlOf(request.apiUrl), body), rules, ports))
    },
  }
}

/** `https://api.github.com/graphql`; `https://HOST/api/graphql` beside the `/api/v3` of an own server. */
function graphqlOf(apiUrl: string): string {
  return `${apiUrl.replace(/\/v3$/, '')}/graphql`
}

/** The REST API tells tokens of an app nothing about themselves; `viewer` of GraphQL tells every token. */
function loginIn(answer: unknown): string {
  const { data } = answer as { readonly data?: { readonly viewer?: { readonly login?: string } } | null }
  const login = data?.viewer?.login
  if (login === undefined) throw new Error('GitHub does not say whose token it is')
  return login
}

/**
 * Limits come as 429 or 403, with Retry-After, or with no requests left until a reset (seconds since 1970):
 * docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api. Any other 403 is a refusal.
 */
function wordOn(thrown: unknown, now: number): RetryWord {
  if (!(thrown instanceof GitHubError)) return 'yes'
  const { status, headers } = thrown.answer
  if (status >= 500) return 'yes'
  if (status !== 429 && status !== 403) return 'no'
  const after = retryAfterMs(headers['retry-after'], now)
  if (after !== undefined) return { afterMs: after }
  if (headers['x-ratelimit-remaining'] === '0')
    return { afterMs: Math.max(0, Number(headers['x-ratelimit-reset'] ?? '0') * 1_000 - now) }
  return status === 429 ? 'yes' : 'no'
}

function messageIn(body: string): string {
  try {
    const answer: unknown = JSON.parse(body)
    if (typeof answer === 'object' && answer !== null && 'message' in answer) return String(answer.message)
  } catch {
    // A proxy's page.
  }
  return 'no message'
}
