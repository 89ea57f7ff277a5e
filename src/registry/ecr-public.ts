import type { Session } from '../identity/model.ts'
import { DeniedError, RemoteError, SlipwayError, messageOf } from '../runtime/errors.ts'
import { httpSend, type HttpAnswer, type HttpSend } from '../runtime/http.ts'
import { retry, retryAfterMs, type RetryPorts, type RetryWord } from '../runtime/retry.ts'
import { publicHost } from './login-targets.ts'
import { readLogin, type RegistryLogin } from './registry-login.ts'

/** Public ECR has one control plane. */
const region = 'us-east-1'
const hostname = `api.ecr-public.${region}.amazonaws.com`

export interface PublicPorts extends RetryPorts {
  readonly signal: AbortSignal
  mask(secret: string): void
  /** Transport; undici unless a test brings one. */
  readonly send?: HttpSend
}

/**
 * A login for public.ecr.aws. One call, signed here: the SDK's client for it would be a package of its own for this.
 * Throws DeniedError or RemoteError.
 */
export async function publicLogin(session: Session, ports: PublicPorts): Promise<RegistryLogin> {
  const send = ports.send ?? httpSend
  const once = async (): Promise<HttpAnswer> => {
    const answer = await send(
      await signedRequest(session),
      AbortSignal.any([ports.signal, AbortSignal.timeout(15_000)]),
    )
    if (isPassing(answer)) throw new Passing(answer)
    return answer
  }
  const classify = (thrown: unknown): RetryWord => {
    // Of the credentials: retried where they come from.
    if (thrown instanceof SlipwayError) return 'no'
    const after = thrown instanceof Passing ? thrown.answer.headers['retry-after'] : undefined
    const afterMs = retryAfterMs(after, ports.clock.now())
    return afterMs === undefined ? 'yes' : { afterMs }
  }
  const rules = { attempts: 5, baseMs: 500, mostMs: 8_000, totalMs: 30_000, classify }
  try {
    return read(await retry(once, rules, ports), session, ports)
  } catch (thrown) {
    ports.signal.throwIfAborted()
    if (thrown instanceof SlipwayError) throw thrown
    throw unavailable(thrown instanceof Passing ? errorOf(thrown.answer).message : messageOf(thrown), thrown)
  }
}

/** AWS JSON 1.1: the operation is in a header, under the name that the service model has for the service. */
async function signedRequest(session: Session): Promise<Parameters<HttpSend>[0]> {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
  ])
  const signer = new SignatureV4({ service: 'ecr-public', region, credentials: session.credentials, sha256: Sha256 })
  const headers = {
    host: hostname,
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': 'SpencerFrontendService.GetAuthorizationToken',
  }
  const request = { method: 'POST', protocol: 'https:', hostname, path: '/', headers, body: '{}' }
  const signed = await signer.sign(request)
  return { method: 'POST', url: `https://${hostname}/`, headers: signed.headers, body: '{}' }
}

/** An answer that another try may better. */
class Passing extends Error {
  readonly answer: HttpAnswer

  constructor(answer: HttpAnswer) {
    super(`HTTP ${answer.status}`)
    this.answer = answer
  }
}

function isPassing(answer: HttpAnswer): boolean {
  return answer.status >= 500 || answer.status === 429 || /Throttl|TooManyRequests/.test(errorOf(answer).code)
}

function read(answer: HttpAnswer, { roleArn }: Session, ports: PublicPorts): RegistryLogin {
  if (answer.status !== 200) throw refused(errorOf(answer), roleArn)
  const { authorizationData } = parsed(answer.body) as {
    authorizationData?: { authorizationToken?: string; expiresAt?: number }
  }
  const { authorizationToken: token, expiresAt } = authorizationData ?? {}
  const at = expiresAt === undefined ? undefined : new Date(expiresAt * 1_000)
  return readLogin({ token, expiresAt: at }, publicHost, secret => ports.mask(secret))
}

interface ServiceError {
  readonly code: string
  readonly message: string
}

function refused({ code, message }: ServiceError, roleArn: string): SlipwayError {
  if (/AccessDenied/.test(code)) {
    const action = message.includes('sts:GetServiceBearerToken')
      ? 'sts:GetServiceBearerToken'
      : 'ecr-public:GetAuthorizationToken'
    return new DeniedError('ecr-public-denied', `${roleArn} may not log in to public.ecr.aws: ${action} is missing.`, {
      why: message,
      todo: 'Allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on "*" in the role\'s policy.',
    })
  }
  return unavailable(`${code}: ${message}`)
}

function unavailable(why: string, cause?: unknown): RemoteError {
  return new RemoteError('ecr-public-unavailable', 'Public ECR gave no login.', {
    why,
    todo: `Run the job again; check that the runner reaches ${hostname}.`,
    cause,
  })
}

/** `__type` may have a namespace before and details after its name. */
function errorOf({ body }: HttpAnswer): ServiceError {
  const { __type: type = '', message, Message } = parsed(body) as Record<string, string | undefined>
  return { code: type.replace(/^.*#/, '').replace(/:.*$/, ''), message: message ?? Message ?? body.slice(0, 200) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}
