import { httpSend, type HttpSend } from '../runtime/http.ts'

/** What STS says of the token of an EKS cluster. */
export type StsWord =
  | { readonly accepted: true; readonly arn: string }
  /** `ExpiredToken`, `SignatureDoesNotMatch` … and the sentence of STS. */
  | { readonly accepted: false; readonly code: string; readonly message: string }

const patienceMs = 5_000

/**
 * Asks STS who the token belongs to, exactly as the authenticator of the cluster does: the token is a presigned request.
 * So it tells a token that is bad from a role that the cluster does not know. undefined when STS does not answer.
 */
export async function askSts(
  token: string,
  cluster: string,
  signal: AbortSignal,
  send: HttpSend = httpSend,
): Promise<StsWord | undefined> {
  const url = Buffer.from(token.replace(/^k8s-aws-v1\./, ''), 'base64url').toString('utf8')
  const headers = { 'x-k8s-aws-id': cluster, accept: 'application/json' }
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
    const { status, body } = await send({ method: 'GET', url, headers }, limit)
    const arn = fieldOf(body, 'Arn')
    if (status === 200 && arn !== undefined) return { accepted: true, arn }
    const code = fieldOf(body, 'Code')
    // A server that is in trouble says nothing about the token.
    if (status >= 500 || code === undefined) return undefined
    return { accepted: false, code, message: fieldOf(body, 'Message') ?? code }
  } catch (thrown) {
    if (signal.aborted) throw thrown
    return undefined
  }
}

/** STS answers in JSON when it is asked to, and in XML where it never got as far as to look. */
function fieldOf(body: string, name: string): string | undefined {
  const found = new RegExp(`"${name}"\\s*:\\s*"([^"]*)"|<${name}>([^<]*)</${name}>`).exec(body)
  return found?.[1] ?? found?.[2]
}
