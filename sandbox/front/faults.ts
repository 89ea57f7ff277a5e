import { awsError } from './aws-errors.ts'
import { isRecord, send, type Exchange } from './http.ts'
import { serviceOf } from './operations.ts'

/** What the next matching requests get instead of an answer. */
export interface Fault {
  /** Host name; every host when absent. */
  readonly host?: string
  /** Part of method, path, X-Amz-Target or body's Action, such as `PUT /v2/shop/api/manifests` or `DescribeImages`. */
  readonly match?: string
  /** How many requests; one when absent. */
  readonly times?: number
  readonly status?: number
  /** Error code, such as `ThrottlingException`. */
  readonly code?: string
  readonly message?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds to wait first. Without `status` the request then goes its way. */
  readonly delayMs?: number
  /** Break the connection instead of answering. */
  readonly reset?: boolean
}

export interface Faults {
  add(fault: Fault): void
  /** True when the request was answered here. */
  apply(exchange: Exchange): Promise<boolean>
  clear(): void
}

export function createFaults(): Faults {
  let faults: { readonly fault: Fault; left: number }[] = []
  return {
    add(fault) {
      faults.push({ fault, left: fault.times ?? 1 })
    },
    async apply(exchange) {
      const found = faults.find(({ fault, left }) => left > 0 && matches(fault, exchange))
      if (!found) return false
      found.left -= 1
      faults = faults.filter(({ left }) => left > 0)
      const { fault } = found
      if (fault.delayMs !== undefined) await new Promise(resolve => setTimeout(resolve, fault.delayMs))
      return answer(fault, exchange)
    },
    clear() {
      faults = []
    },
  }
}

function matches(fault: Fault, { host, request, url }: Exchange): boolean {
  const text = `${request.method} ${url.pathname}${url.search} ${String(request.headers['x-amz-target'] ?? '')}`
  return (fault.host ?? host) === host && (fault.match === undefined || text.includes(fault.match))
}

function answer(fault: Fault, exchange: Exchange): boolean {
  if (fault.reset === true) {
    exchange.request.socket.destroy()
    return true
  }
  if (fault.status === undefined) return false
  const error = {
    code: fault.code ?? 'InternalFailure',
    message: fault.message ?? 'fault asked for by a test',
    status: fault.status,
  }
  exchange.note.code = error.code
  exchange.request.resume()
  const service = serviceOf(exchange.host)
  const shaped = service
    ? awsError(service.protocol, error)
    : {
        status: fault.status,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ errors: [error], message: error.message }),
      }
  send(exchange, { ...shaped, headers: { ...shaped.headers, ...fault.headers } })
  return true
}

export function isFault(value: unknown): value is Fault {
  return isRecord(value)
}
