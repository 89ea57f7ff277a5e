import type { Clock } from '../runtime/clock.ts'
import type { SlipwayError } from '../runtime/errors.ts'
import { DeniedError, RemoteError, UserError, messageOf } from '../runtime/errors.ts'
import { retryAfterMs } from '../runtime/retry.ts'
import { repositoryMissing, tagTaken } from './ecr-errors.ts'
import { basicAuth, type RegistryLogin } from './registry-login.ts'
import type { Manifest } from './manifest.ts'
import { acceptedMediaTypes, digestOf, readManifest } from './manifest.ts'
import { isDigest, parseEcrHost } from './reference.ts'

/** The part of an image's configuration that we read. */
export interface ImageConfig {
  readonly os?: string
  readonly architecture?: string
  readonly variant?: string
  readonly config?: { readonly Labels?: Readonly<Record<string, string>> | null }
}

/** A registry's data plane (OCI distribution 1.1). All methods throw UserError, DeniedError or RemoteError. */
export interface OciRegistry {
  readonly host: string
  /** The manifest behind a tag or a digest; undefined when there is none. UserError when the repository does not exist. */
  manifest(repository: string, reference: string, signal?: AbortSignal): Promise<Manifest | undefined>
  /** Digest of a tag, from the registry's own header; undefined when there is none. */
  head(repository: string, reference: string, signal?: AbortSignal): Promise<string | undefined>
  /** The configuration of an image manifest. */
  config(repository: string, digest: string, signal?: AbortSignal): Promise<ImageConfig>
  /** Gives a stored manifest one more tag. UserError `ecr-tag-immutable` when the tag may not move. */
  tag(repository: string, tag: string, manifest: Manifest, signal?: AbortSignal): Promise<void>
}

export interface OciOptions {
  readonly clock: Clock
  /** HTTP client; Node's own unless a test brings one. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
}

interface Call {
  readonly method: 'GET' | 'HEAD' | 'PUT'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal | undefined
}

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

const attempts = 4
/** Longest wait that a registry may ask for, in milliseconds. */
const longestWait = 30_000
/** A manifest may have 4 MiB (ECR quota); anything that takes longer than this is stuck. */
const requestTimeout = 60_000

/** The registry that `login` is for, over HTTPS. Overload (429), server errors and broken connections are retried. */
export function ociRegistry(login: RegistryLogin, options: OciOptions): OciRegistry {
  const { host } = login
  const send = (call: Call) => sendWithRetry(login, call, options)
  return {
    host,
    async manifest(repository, reference, signal) {
      const answer = await send({
        method: 'GET',
        path: `${repository}/manifests/${reference}`,
        headers: accept,
        signal,
      })
      if (isAbsent(answer, host, repository)) return undefined
      if (answer.status !== 200) throw refused(answer, host, repository, reference)
      const digest = isDigest(reference) ? reference : answer.headers.get('docker-content-digest')
      const mediaType = answer.headers.get('content-type')?.split(';')[0]
      return readManifest(answer.body, {
        ...(digest === null ? {} : { digest }),
        ...(mediaType === undefined ? {} : { mediaType }),
      })
    },
    async head(repository, reference, signal) {
      const answer = await send({
        method: 'HEAD',
        path: `${repository}/manifests/${reference}`,
        headers: accept,
        signal,
      })
      if (answer.status === 404) return undefined
      if (answer.status !== 200) throw refused(answer, host, repository, reference)
      return answer.headers.get('docker-content-digest') ?? undefined
    },
    async config(repository, digest, signal) {
      const answer = await send({ method: 'GET', path: `${repository}/blobs/${digest}`, signal })
      if (answer.status !== 200) throw refused(answer, host, repository, digest)
      if (digestOf(answer.body) !== digest) throw damaged(host, digest)
      return JSON.parse(answer.body) as ImageConfig
    },
    async tag(repository, tag, manifest, signal) {
      const headers = { 'content-type': manifest.mediaType }
      const answer = await send({
        method: 'PUT',
        path: `${repository}/manifests/${tag}`,
        headers,
        body: manifest.raw,
        signal,
      })
      if (answer.status >= 300) throw refused(answer, host, repository, tag)
    },
  }
}

const accept = { accept: acceptedMediaTypes.join(', ') }

async function sendWithRetry(login: RegistryLogin, call: Call, { clock, fetch: given }: OciOptions): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await sendOnce(login, call, given ?? fetch)
    const last = attempt === attempts
    if ('status' in answer && (last || !isTransient(answer.status))) return answer
    if (last && 'failure' in answer) throw unreachable(login.host, answer.failure)
    await clock.sleep('status' in answer ? waitFor(answer, attempt, clock.now()) : backoff(attempt), call.signal)
  }
}

async function sendOnce(
  login: RegistryLogin,
  call: Call,
  send: NonNullable<OciOptions['fetch']>,
): Promise<Answer | { readonly failure: unknown }> {
  const authorization = `Basic ${basicAuth(login)}`
  const limit = AbortSignal.timeout(requestTimeout)
  try {
    const response = await send(`https://${login.host}/v2/${call.path}`, {
      method: call.method,
      headers: { authorization, ...call.headers },
      ...(call.body === undefined ? {} : { body: call.body }),
      signal: call.signal === undefined ? limit : AbortSignal.any([call.signal, limit]),
    })
    return { status: response.status, headers: response.headers, body: await response.text() }
  } catch (failure) {
    call.signal?.throwIfAborted()
    return { failure }
  }
}

function isTransient(status: number): boolean {
  return status === 429 || status === 408 || status >= 500
}

function backoff(attempt: number): number {
  return 500 * 2 ** (attempt - 1)
}

function waitFor(answer: Answer, attempt: number, now: number): number {
  return Math.min(retryAfterMs(answer.headers.get('retry-after') ?? undefined, now) ?? backoff(attempt), longestWait)
}

function isAbsent(answer: Answer, host: string, repository: string): boolean {
  if (answer.status !== 404) return false
  if (errorOf(answer).code === 'NAME_UNKNOWN') throw noRepository(host, repository)
  return true
}

function noRepository(host: string, repository: string): UserError {
  const home = parseEcrHost(host)
  if (home !== undefined) return repositoryMissing(repository, home.accountId, home.region)
  return new UserError('registry-repository-missing', `The repository "${repository}" does not exist in ${host}.`, {
    todo: 'Create it first, or correct its name.',
  })
}

function refused(answer: Answer, host: string, repository: string, reference: string): SlipwayError {
  const { code, message } = errorOf(answer)
  const why =
    message === '' ? `HTTP ${answer.status}` : `${message} (HTTP ${answer.status}${code === '' ? '' : `, ${code}`})`
  if (answer.status === 404 && code === 'NAME_UNKNOWN') return noRepository(host, repository)
  // ECR answers 400 TAG_INVALID or 409 for a tag that may not move, with this text.
  if (/already exists|immutable/i.test(message)) return tagTaken(reference, repository)
  if (answer.status === 401 || answer.status === 403) {
    return new DeniedError('registry-denied', `${host} refuses access to "${repository}".`, {
      why,
      todo: 'Allow ecr:BatchGetImage and ecr:GetDownloadUrlForLayer to read and ecr:PutImage to tag, and check the repository policy.',
    })
  }
  return new RemoteError('registry-answer', `${host} did not give ${reference} of "${repository}".`, {
    why,
    todo: 'Run the job again.',
  })
}

function errorOf({ body }: Answer): { readonly code: string; readonly message: string } {
  try {
    const { errors } = JSON.parse(body) as { errors?: readonly { code?: string; message?: string }[] }
    const [first] = errors ?? []
    return { code: first?.code ?? '', message: first?.message ?? '' }
  } catch {
    return { code: '', message: body.trim().slice(0, 200) }
  }
}

function damaged(host: string, digest: string): RemoteError {
  return new RemoteError('registry-damaged', `${host} gave other bytes than ${digest} promises.`, {
    todo: 'Run the job again; if it stays so, push the image again.',
  })
}

/** Node's fetch says only "fetch failed"; what happened is in its cause. */
function unreachable(host: string, failure: unknown): RemoteError {
  const inner = failure instanceof Error && failure.cause !== undefined ? failure.cause : failure
  return new RemoteError('registry-unreachable', `${host} did not answer after ${attempts} attempts.`, {
    why: messageOf(inner),
    todo: 'Check that the runner reaches it on port 443; a proxy or a private CA must be known to Node (NODE_EXTRA_CA_CERTS).',
    cause: failure,
  })
}
