import { Readable } from 'node:stream'
import type { ECRClientConfig } from '@aws-sdk/client-ecr'

/** What the service answers to one call. `error` becomes an AWS JSON 1.1 error of that code. */
export type AwsAnswer =
  | { readonly body: unknown }
  | { readonly error: string; readonly message?: string; readonly status?: number }

export interface AwsCall {
  /** `BatchGetImage` */
  readonly operation: string
  readonly host: string
  readonly input: Readonly<Record<string, unknown>>
}

export interface FakeTransport {
  readonly requestHandler: NonNullable<ECRClientConfig['requestHandler']>
  readonly calls: readonly AwsCall[]
}

/** A transport under the real SDK client: its own serialisation, signing, retries and error parsing stay in the test. */
export function awsTransport(answer: (call: AwsCall) => AwsAnswer): FakeTransport {
  const calls: AwsCall[] = []
  const requestHandler = {
    async handle(request: { hostname: string; headers: Record<string, string>; body: Uint8Array }) {
      const operation = (request.headers['x-amz-target'] ?? '').split('.').at(-1) ?? ''
      const call: AwsCall = {
        operation,
        host: request.hostname,
        input: JSON.parse(new TextDecoder().decode(request.body)),
      }
      calls.push(call)
      const given = answer(call)
      const isError = 'error' in given
      const body = isError
        ? { __type: given.error, message: given.message ?? `${given.error} of the test` }
        : given.body
      return {
        response: {
          statusCode: isError ? (given.status ?? 400) : 200,
          headers: { 'content-type': 'application/x-amz-json-1.1' },
          body: Readable.from([Buffer.from(JSON.stringify(body))]),
        },
      }
    },
  }
  return { requestHandler, calls }
}

/** As `awsTransport`, for services that speak the query protocol: parameters of a form in, XML out. */
export function awsQueryTransport(answer: (call: AwsCall) => string | { readonly error: string }): FakeTransport {
  const calls: AwsCall[] = []
  const requestHandler = {
    async handle(request: { hostname: string; body: string | Uint8Array }) {
      const text = typeof request.body === 'string' ? request.body : new TextDecoder().decode(request.body)
      const { Action: operation = '', ...input } = Object.fromEntries(new URLSearchParams(text))
      const call: AwsCall = { operation, host: request.hostname, input }
      calls.push(call)
      const given = answer(call)
      const body =
        typeof given === 'string'
          ? `<${operation}Response><${operation}Result>${given}</${operation}Result></${operation}Response>`
          : `<ErrorResponse><Error><Type>Sender</Type><Code>${given.error}</Code><Message>of the test</Message></Error></ErrorResponse>`
      return {
        response: {
          statusCode: typeof given === 'string' ? 200 : 403,
          headers: { 'content-type': 'text/xml' },
          body: Readable.from([Buffer.from(body)]),
        },
      }
    },
  }
  return { requestHandler, calls }
}
