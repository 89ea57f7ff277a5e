import type { Session } from '../identity/model.ts'
import { SlipwayError } from '../runtime/errors.ts'
import { httpSend, type HttpAnswer, type HttpSend } from '../runtime/http.ts'
import { retry, retryAfterMs, type RetryPorts, type RetryWord } from '../runtime/retry.ts'

/** A service that speaks AWS JSON 1.1: the operation is in a header, under the name that its model has for it. */
export interface JsonService {
  /** For the signature: `ecr`. */
  readonly service: string
  readonly region: string
  readonly hostname: string
  /** What stands before the operation in `x-amz-target`. */
  readonly target: string
}

export interface JsonPorts extends RetryPorts {
  readonly signal: AbortSignal
  /** Transport; undici unless a test brings one. */
  readonly send?: HttpSend
}

/** An answer that is an error. In the form of those of the SDK, so that one table explains both. */
export class JsonError extends Error {
  readonly $metadata: { readonly httpStatusCode: number }
  readonly answer: HttpAnswer

  constructor(answer: HttpAnswer) {
    const { __type: type = '', message, Message } = parsed(answer.body) as Record<string, string | undefined>
    super(message ?? Message ?? answer.body.slice(0, 200))
    // `__type` may have a namespace before and details after its name.
    this.name = type.replace(/^.*#/, '').replace(/:.*$/, '') || `HTTP ${answer.status}`
    this.$metadata = { httpStatusCode: answer.status }
    this.answer = answer
  }
}

/**
 * One call, signed here: the SDK's client would bring each operation along, for every action that uses the service.
 * What passes is tried again. Throws JsonError, or what the transport throws.
 */
export async function awsJson(
  operation: string,
  input: object,
  service: JsonService,
  session: Session,
  ports: JsonPorts,
): Promise<unknown> {
  const send = ports.send ?? httpSend
  const once = async (): Promise<HttpAnswer> => {
    const answer = await send(
      await signedRequest(operation, JSON.stringify(input), service, session),
      AbortSignal.any([ports.signal, AbortSignal.timeout(15_000)]),
    )
    if (answer.status !== 200) throw new JsonError(answer)
    return answer
  }
  const rules = { attempts: 5, baseMs: 500, mostMs: 8_000, totalMs: 30_000 }
  const answer = await retry(once, { ...rules, classify: thrown => classify(thrown, ports) }, ports)
  return parsed(answer.body)
}

function classify(thrown: unknown, { clock }: JsonPorts): RetryWord {
  // Of the credentials: retried where they come from.
  if (thrown instanceof SlipwayError) return 'no'
  if (!(thrown instanceof JsonError)) return 'yes'
  const { status, headers } = thrown.answer
  if (status < 500 && status !== 429 && !/Throttl|TooManyRequests/.test(thrown.name)) return 'no'
  const afterMs = retryAfterMs(headers['retry-after'], clock.now())
  return afterMs === undefined ? 'yes' : { afterMs }
}

async function signedRequest(
  operation: string,
  body: string,
  { service, region, hostname, target }: JsonService,
  session: Session,
): Promise<Parameters<HttpSend>[0]> {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
  ])
  const signer = new SignatureV4({ service, region, credentials: session.credentials, sha256: Sha256 })
  const headers = {
    host: hostname,
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `${target}.${operation}`,
  }
  const request = { method: 'POST', protocol: 'https:', hostname, path: '/', headers, body }
  const signed = await signer.sign(request)
  return { method: 'POST', url: `https://${hostname}/`, headers: signed.headers, body }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}
