import { randomBytes, randomUUID } from 'node:crypto'
import { github, hosts } from '../world.ts'
import { sendJson, type Exchange } from './http.ts'
import { signJwt, type SigningKey } from './jwt.ts'

export const issuerUrl = `https://${hosts.issuer}`

/**
 * Which run a grant plays. Any claim can be given; the rest follows from the defaults, a push to the sample's main
 * branch. `immutable` chooses the `sub` format of repositories made, renamed or transferred since 2026-07-15.
 */
export interface RunClaims {
  readonly immutable?: boolean
  readonly [claim: string]: unknown
}

/** What a job with `id-token: write` finds in ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN. */
export interface Grant {
  readonly url: string
  readonly token: string
}

export interface Issuer {
  handle(exchange: Exchange): void
  grant(run: RunClaims): Grant
  /** A token without a round trip, for tests: `lifetime` in seconds may be negative. */
  mint(run: RunClaims, audience: string, lifetime?: number): string
  /** While false, STS cannot fetch the verification key. */
  reachable: boolean
  readonly jwks: { readonly keys: readonly SigningKey['publicJwk'][] }
  clear(): void
}

/** Tokens live five minutes, as GitHub's do. */
const lifetimeSeconds = 300

export function createIssuer(key: SigningKey, now: () => number): Issuer {
  const grants = new Map<string, { readonly token: string; readonly run: RunClaims }>()
  const issuer: Issuer = {
    reachable: true,
    jwks: { keys: [key.publicJwk] },
    mint(run, audience, lifetime = lifetimeSeconds) {
      const at = Math.floor(now() / 1000)
      const issued = { jti: randomUUID(), aud: audience, iss: issuerUrl, nbf: at - 600, iat: at, exp: at + lifetime }
      return signJwt(key, { ...claimsOf(run), ...issued })
    },
    grant(run) {
      const id = randomUUID()
      const token = randomBytes(32).toString('base64url')
      grants.set(id, { token, run })
      return { url: `${issuerUrl}/${id}/idtoken?api-version=2.0`, token }
    },
    handle(exchange) {
      exchange.note.service = 'oidc'
      const { pathname, searchParams } = exchange.url
      if (pathname === '/.well-known/openid-configuration') return sendJson(exchange, 200, discovery)
      if (pathname === '/.well-known/jwks') return sendJson(exchange, 200, issuer.jwks)
      const grant = grants.get(pathname.split('/')[1] ?? '')
      if (!grant || !pathname.endsWith('/idtoken')) return sendJson(exchange, 404, { message: 'Not Found' })
      if (exchange.request.headers.authorization !== `Bearer ${grant.token}`)
        return sendJson(exchange, 401, { message: 'Bad credentials' })
      exchange.note.operation = 'idtoken'
      // Without an audience GitHub says the URL of the repository's owner.
      const audience = searchParams.get('audience') ?? `https://github.com/${github.owner}`
      const value = issuer.mint(grant.run, audience)
      sendJson(exchange, 200, { count: value.length, value })
    },
    clear: () => grants.clear(),
  }
  return issuer
}

const discovery = {
  issuer: issuerUrl,
  jwks_uri: `${issuerUrl}/.well-known/jwks`,
  subject_types_supported: ['public', 'pairwise'],
  response_types_supported: ['id_token'],
  id_token_signing_alg_values_supported: ['RS256'],
  scopes_supported: ['openid'],
}

/** The documented claims of a run (GitHub: OpenID Connect reference). */
function claimsOf({ immutable, ...given }: RunClaims): Readonly<Record<string, unknown>> {
  const text = (name: string, otherwise: string): string => (typeof given[name] === 'string' ? given[name] : otherwise)
  const repository = text('repository', github.repository)
  const [owner = github.owner] = repository.split('/')
  const ref = text('ref', 'refs/heads/main')
  const sha = text('sha', '0'.repeat(40))
  const workflow = text('workflow_ref', `${repository}/.github/workflows/push-to-main.yml@${ref}`)
  const claims: Record<string, unknown> = {
    repository,
    repository_id: github.repositoryId,
    repository_owner: owner,
    repository_owner_id: github.ownerId,
    repository_visibility: 'private',
    ref,
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    ref_protected: 'true',
    sha,
    event_name: 'push',
    head_ref: '',
    base_ref: '',
    workflow: 'ship',
    workflow_ref: workflow,
    workflow_sha: sha,
    job_workflow_ref: workflow,
    job_workflow_sha: sha,
    runner_environment: 'github-hosted',
    actor: 'octocat',
    actor_id: '583231',
    run_id: '7000000001',
    run_number: '1',
    run_attempt: '1',
    ...given,
  }
  return { sub: subjectOf(claims, immutable === true), ...claims }
}

/** Environment first, then pull request, then ref; colons inside a value are escaped. */
function subjectOf(claims: Readonly<Record<string, unknown>>, immutable: boolean): string {
  const repository = String(claims.repository)
  const [owner, name] = repository.split('/')
  const prefix = immutable
    ? `repo:${owner}@${String(claims.repository_owner_id)}/${name}@${String(claims.repository_id)}`
    : `repo:${repository}`
  if (typeof claims.environment === 'string')
    return `${prefix}:environment:${claims.environment.replaceAll(':', '%3A')}`
  if (String(claims.event_name).startsWith('pull_request') && claims.event_name !== 'pull_request_target')
    return `${prefix}:pull_request`
  return `${prefix}:ref:${String(claims.ref)}`
}
