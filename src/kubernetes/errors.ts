import type { Instant } from '../runtime/clock.ts'
import { defined } from '../runtime/defined.ts'
import { RemoteError, SlipwayError, messageOf, type ErrorKind } from '../runtime/errors.ts'

/** One entry of a Status' `details.causes`: a rejected field, or a field that another manager owns. */
export interface KubeCause {
  readonly reason: string
  readonly message: string
  readonly field?: string
}

/** A field that server-side apply did not take over, and who owns it. */
export interface FieldConflict {
  /** Field manager, such as `kubectl-client-side-apply`. */
  readonly manager: string
  /** `.spec.replicas` */
  readonly field: string
}

/** What an API server says when it refuses: the useful part of a `Status` object. */
export interface KubeStatus {
  /** HTTP status code. */
  readonly status: number
  /** `NotFound`, `Conflict`, `Invalid`, `Forbidden` … Empty when the answer was no Status object (a proxy's page). */
  readonly reason: string
  readonly message: string
  readonly causes: readonly KubeCause[]
  /** How long the server asks to wait. */
  readonly retryAfterMs?: number
  /** The server's clock at its answer, to the second. */
  readonly answeredAt?: Instant
}

/** Statuses that say "not now" rather than "no". */
const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504])

/**
 * A server-side apply of an object that does not fit the schema is refused with 500 (seen on 1.36), although it is the
 * manifest that is wrong: `failed to create typed patch object (…): .spec.replica: field not declared in schema`.
 */
const misfit = /^failed to create typed patch object/

/** An answer of the API server that is no success. `message` is the server's own text. */
export class KubeError extends SlipwayError {
  readonly status: number
  readonly reason: string
  readonly causes: readonly KubeCause[]
  readonly retryAfterMs: number | undefined
  readonly answeredAt: Instant | undefined
  /** True when the same request may succeed later without anyone changing anything. */
  readonly retryable: boolean

  constructor(answer: KubeStatus) {
    super(kindOf(answer), codeOf(answer), answer.message, adviceFor(answer))
    this.status = answer.status
    this.reason = answer.reason
    this.causes = answer.causes
    this.retryAfterMs = answer.retryAfterMs
    this.answeredAt = answer.answeredAt
    this.retryable = isPassing(answer)
  }

  /** The fields that other managers own; empty unless a server-side apply met a conflict. */
  get conflicts(): readonly FieldConflict[] {
    return this.causes.filter(({ reason }) => reason === 'FieldManagerConflict').map(conflictOf)
  }
}

/** Why there was no answer. */
export type SilenceReason = 'dns' | 'refused' | 'timeout' | 'tls' | 'proxy' | 'reset' | 'silent' | 'other'

export const silenceSays: Readonly<Record<SilenceReason, string>> = {
  dns: 'its host name cannot be resolved',
  refused: 'it refuses connections',
  timeout: 'it does not accept connections within the time limit',
  tls: 'its certificate is not trusted',
  proxy: 'the proxy on the way does not let it through',
  reset: 'the connection broke',
  silent: 'it accepted the request and never answered',
  other: 'the connection failed',
}

/** No answer of the API server: the network, the name or the certificate is in the way. */
export class UnreachableError extends RemoteError {
  readonly reason: SilenceReason
  /** Code of the network error: `ENOTFOUND`, `CERT_HAS_EXPIRED` …; empty when it has none. */
  readonly network: string
  /** False when the request certainly never reached the server, so that even a write may be repeated. */
  readonly sent: boolean

  constructor(server: string, reason: SilenceReason, cause: unknown) {
    super('cluster-unreachable', `The API server ${server} cannot be reached: ${silenceSays[reason]}.`, {
      todo: 'Check the network path from the runner to the endpoint of the cluster.',
      cause,
    })
    this.reason = reason
    this.network = codeOfThrown(cause)
    this.sent = reason === 'reset' || reason === 'silent' || reason === 'other'
  }
}

/** Reads the Status object out of the body of a refusal. A body that is none becomes the message, shortened. */
export function parseStatus(
  status: number,
  body: string,
  { retryAfterMs, answeredAt }: Pick<KubeStatus, 'retryAfterMs' | 'answeredAt'> = {},
): KubeStatus {
  const head = defined({ retryAfterMs, answeredAt })
  const parsed = parseObject(body)
  if (parsed?.['kind'] !== 'Status') {
    const text = body.replace(/\s+/g, ' ').trim().slice(0, 300)
    return {
      status,
      reason: '',
      message: text === '' ? `The API server answered ${status}.` : text,
      causes: [],
      ...head,
    }
  }
  const { reason, message, details } = parsed
  return {
    status,
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' && message !== '' ? message : `The API server answered ${status}.`,
    causes: causesOf(details),
    ...head,
  }
}

/** Sorts a network error by its code (Node.js system errors, TLS errors, undici errors). */
export function silenceReasonOf(thrown: unknown): SilenceReason {
  const code = codeOfThrown(thrown)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns'
  if (code === 'ECONNREFUSED') return 'refused'
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH')
    return 'timeout'
  if (/^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/.test(code)) return 'tls'
  if (code === 'UND_ERR_ABORTED' && messageOf(thrown).startsWith('Proxy response')) return 'proxy'
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return 'silent'
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE') return 'reset'
  return 'other'
}

/** What a 403 of the API server's authorization refuses; undefined for one that comes from an admission policy. */
export interface Forbidden {
  readonly verb: string
  /** Plural, with its subresource: `pods/log`. */
  readonly resource: string
  /** Empty for the core API. */
  readonly group: string
  readonly namespace?: string
}

/** Reads the text of a 403. */
export function forbiddenIn(message: string): Forbidden | undefined {
  // User "x" cannot list resource "pods" in API group "" in the namespace "shop"
  const match =
    /cannot (?<verb>\w+) resource "(?<resource>[^"]+)" in API group "(?<group>[^"]*)"(?: in the namespace "(?<namespace>[^"]+)")?/.exec(
      message,
    )
  const { verb, resource, group, namespace } = match?.groups ?? {}
  if (verb === undefined || resource === undefined || group === undefined) return undefined
  return { verb, resource, group, ...(namespace === undefined ? {} : { namespace }) }
}

/** `verb "list" on "pods" (API group "") in namespace "shop"`, from the text of a 403; undefined when it has another form. */
export function missingPermission(message: string): string | undefined {
  const forbidden = forbiddenIn(message)
  if (forbidden === undefined) return undefined
  const { verb, resource, group, namespace } = forbidden
  const where = namespace === undefined ? 'at the cluster scope' : `in namespace "${namespace}"`
  return `verb "${verb}" on "${resource}" (API group "${group}") ${where}`
}

/** `kubectl owns .spec.replicas; hpa owns .spec.x`: who stands in the way of an apply. */
export function describeConflicts(conflicts: readonly FieldConflict[]): string {
  const byManager = Map.groupBy(conflicts, ({ manager }) => manager)
  return [...byManager]
    .map(([manager, fields]) => `${manager} owns ${fields.map(({ field }) => field).join(', ')}`)
    .join('; ')
}

function isPassing({ status, message }: KubeStatus): boolean {
  return passing.has(status) && !misfit.test(message)
}

function kindOf(answer: KubeStatus): ErrorKind {
  if (answer.status === 401 || answer.status === 403) return 'denied'
  if (misfit.test(answer.message)) return 'user'
  return answer.status < 500 && !isPassing(answer) ? 'user' : 'remote'
}

function codeOf({ status, reason, message }: KubeStatus): string {
  if (misfit.test(message)) return 'kubernetes-invalid'
  const name = reason === '' ? String(status) : reason.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase()
  return `kubernetes-${name}`
}

function adviceFor(answer: KubeStatus): { why?: string; todo: string } {
  const conflicts = answer.causes.filter(({ reason }) => reason === 'FieldManagerConflict').map(conflictOf)
  if (conflicts.length > 0) {
    return {
      why: `Another manager owns the fields: ${describeConflicts(conflicts)}.`,
      todo: 'Remove those fields from the manifest, or take them over by force.',
    }
  }
  if (misfit.test(answer.message)) return { todo: 'Correct the manifest; the text names the field.' }
  switch (answer.status) {
    case 401:
      return {
        why: 'The API server does not accept the token: the role has no access entry in this cluster, or the token is over 4,096 bytes or expired.',
        todo: 'Create an access entry for the role (aws eks create-access-entry).',
      }
    case 403:
      return forbiddenAdvice(answer.message)
    case 404:
      return { todo: 'Check name, namespace and apiVersion.' }
    case 409:
      return { why: 'Somebody else changed the object at the same time.', todo: 'Run again.' }
    case 400:
    case 422:
      return { todo: 'Correct the manifest; the text names the field.' }
    default:
      return { todo: 'Run again; when it persists, look at the health of the control plane.' }
  }
}

function forbiddenAdvice(message: string): { why?: string; todo: string } {
  const missing = missingPermission(message)
  if (missing === undefined) return { todo: 'The text names the policy that refuses.' }
  return { why: `The role lacks the ${missing}.`, todo: 'Grant it with an RBAC rule or an EKS access policy.' }
}

function conflictOf({ message, field }: KubeCause): FieldConflict {
  // conflict with "kubectl-client-side-apply" using apps/v1
  const manager = /"(?<manager>[^"]+)"/.exec(message)?.groups?.['manager']
  return { manager: manager ?? 'another manager', field: field ?? 'unknown field' }
}

function causesOf(details: unknown): readonly KubeCause[] {
  if (!isRecord(details) || !Array.isArray(details['causes'])) return []
  return details['causes'].filter(isRecord).map(({ reason, message, field }) => ({
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' ? message : '',
    ...(typeof field === 'string' ? { field } : {}),
  }))
}

function codeOfThrown(thrown: unknown): string {
  if (!isRecord(thrown)) return ''
  if (typeof thrown['code'] === 'string') return thrown['code']
  return codeOfThrown(thrown['cause'])
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
