import { randomUUID } from 'node:crypto'
import { json, xml, type Answer } from './http.ts'

/** How a service speaks: decides the shape of its errors. */
export type Protocol = 'query' | 'ec2' | 'json' | 'rest-json' | 's3'

export interface AwsError {
  readonly code: string
  readonly message: string
  readonly status?: number
}

/**
 * Errors as each protocol writes them. JSON 1.1 answers 400 to everything the caller did; the others say 403 for a
 * refused permission. Query services drop the suffix of the code that JSON services carry.
 */
export function awsError(protocol: Protocol, error: AwsError): Answer {
  const requestId = randomUUID()
  const headers = { 'x-amzn-requestid': requestId }
  const status = error.status ?? 400
  if (protocol === 'json') {
    const type = { 'content-type': 'application/x-amz-json-1.1' }
    return json(status === 403 ? 400 : status, { __type: error.code, message: error.message }, { ...headers, ...type })
  }
  if (protocol === 'rest-json')
    return json(status, { message: error.message }, { ...headers, 'x-amzn-errortype': error.code })
  return xmlAnswer(status, xmlErrors[protocol](codeAndMessage(error), requestId), headers)
}

const xmlErrors = {
  query: (error: string, id: string) =>
    `<ErrorResponse><Error><Type>Sender</Type>${error}</Error><RequestId>${id}</RequestId></ErrorResponse>`,
  ec2: (error: string, id: string) =>
    `<Response><Errors><Error>${error}</Error></Errors><RequestID>${id}</RequestID></Response>`,
  s3: (error: string, id: string) => `<Error>${error}<RequestId>${id}</RequestId></Error>`,
} as const

function codeAndMessage(error: AwsError): string {
  return `<Code>${xml(error.code)}</Code><Message>${xml(error.message)}</Message>`
}

export function xmlAnswer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'text/xml', ...headers }, body: `<?xml version="1.0"?>\n${body}` }
}

/** The ways in which a request is refused whatever its operation is. */
export type Refusal = 'missing' | 'unknown' | 'expired' | 'signature' | 'denied'

const refusals: Readonly<Record<Refusal, { long: string; query: string; ec2: string; message: string }>> = {
  missing: {
    long: 'MissingAuthenticationTokenException',
    query: 'MissingAuthenticationToken',
    ec2: 'MissingAuthenticationToken',
    message: 'Request is missing Authentication Token',
  },
  unknown: {
    long: 'UnrecognizedClientException',
    query: 'InvalidClientTokenId',
    ec2: 'AuthFailure',
    message: 'The security token included in the request is invalid.',
  },
  expired: {
    long: 'ExpiredTokenException',
    query: 'ExpiredToken',
    ec2: 'RequestExpired',
    message: 'The security token included in the request is expired',
  },
  signature: {
    long: 'InvalidSignatureException',
    query: 'SignatureDoesNotMatch',
    ec2: 'SignatureDoesNotMatch',
    message:
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  },
  denied: { long: 'AccessDeniedException', query: 'AccessDenied', ec2: 'UnauthorizedOperation', message: '' },
}

/** Code and text of a refusal; JSON and REST services have longer codes than query services. */
export function refusal(protocol: Protocol, kind: Refusal, sentence?: string): AwsError {
  const known = refusals[kind]
  const code =
    protocol === 'json' || protocol === 'rest-json' ? known.long : known[protocol === 'ec2' ? 'ec2' : 'query']
  return { code, message: sentence ?? known.message, status: 403 }
}
