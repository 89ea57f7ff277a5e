import { describe, expect, test } from '@jest/globals'
import {
  KubeError,
  UnreachableError,
  missingPermission,
  parseStatus,
  silenceReasonOf,
} from '../../../src/kubernetes/errors.ts'
import { RemoteError } from '../../../src/runtime/errors.ts'
import { status } from '../../support/api-server.ts'

function errorOf(code: number, reason: string, message: string, details?: unknown): KubeError {
  return new KubeError(parseStatus(code, JSON.stringify(status(code, reason, message, details))))
}

describe('an answer of the API server that is no success', () => {
  test('a conflict of server-side apply names the managers and their fields', () => {
    const causes = [
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "kubectl-client-side-apply" using apps/v1',
        field: '.spec.replicas',
      },
      { reason: 'FieldManagerConflict', message: 'conflict with "hpa" using apps/v1', field: '.spec.template' },
    ]
    const error = errorOf(409, 'Conflict', 'Apply failed with 2 conflicts', { causes })
    expect(error.conflicts).toEqual([
      { manager: 'kubectl-client-side-apply', field: '.spec.replicas' },
      { manager: 'hpa', field: '.spec.template' },
    ])
    expect(error.why).toBe(
      'Another manager owns the fields: kubectl-client-side-apply owns .spec.replicas; hpa owns .spec.template.',
    )
    expect(error).toMatchObject({ kind: 'user', code: 'kubernetes-conflict', retryable: false })
  })

  test('a 403 names the missing verb and where', () => {
    const text = 'pods is forbidden: User "ci" cannot list resource "pods" in API group "" in the namespace "shop"'
    const error = errorOf(403, 'Forbidden', text)
    expect(error).toMatchObject({ kind: 'denied', message: text })
    expect(error.why).toContain('verb "list" on "pods" (API group "") in namespace "shop"')
  })

  test('a 403 of an admission policy has no missing verb', () => {
    expect(missingPermission('pods "x" is forbidden: violates PodSecurity "restricted"')).toBeUndefined()
  })

  test.each([
    [401, 'Unauthorized', 'denied', false],
    [404, 'NotFound', 'user', false],
    [422, 'Invalid', 'user', false],
    [429, 'TooManyRequests', 'remote', true],
    [500, 'InternalError', 'remote', true],
    [503, 'ServiceUnavailable', 'remote', true],
  ] as const)('%i %s is a matter of: %s', (code, reason, kind, retryable) => {
    expect(errorOf(code, reason, 'text')).toMatchObject({ status: code, reason, kind, retryable })
  })

  test("an object that does not fit the schema is the manifest's fault, although the server says 500", () => {
    const text =
      'failed to create typed patch object (shop/api; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema'
    expect(errorOf(500, '', text)).toMatchObject({
      kind: 'user',
      code: 'kubernetes-invalid',
      retryable: false,
      message: text,
    })
  })

  test("a proxy's page becomes a short message", () => {
    const error = new KubeError(parseStatus(502, `<html>\n<h1>Bad Gateway</h1>${'x'.repeat(1_000)}`))
    expect(error.message).toMatch(/^<html> <h1>Bad Gateway<\/h1>x+$/)
    expect(error.message.length).toBeLessThanOrEqual(300)
  })

  test('an empty answer still has a message', () => {
    expect(new KubeError(parseStatus(503, '')).message).toBe('The API server answered 503.')
  })
})

describe('no answer', () => {
  test.each([
    ['ENOTFOUND', 'dns', false],
    ['ECONNREFUSED', 'refused', false],
    ['UND_ERR_CONNECT_TIMEOUT', 'timeout', false],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls', false],
    ['ECONNRESET', 'reset', true],
    ['UND_ERR_HEADERS_TIMEOUT', 'silent', true],
    ['EWHATEVER', 'other', true],
  ] as const)('%s means %s; may have reached the server: %s', (code, reason, sent) => {
    const error = new UnreachableError(
      'https://x',
      silenceReasonOf(Object.assign(new Error('text'), { code })),
      undefined,
    )
    expect(error).toMatchObject({ reason, sent, code: 'cluster-unreachable' })
    expect(error).toBeInstanceOf(RemoteError)
  })

  test('the code may be on the cause', () => {
    expect(silenceReasonOf(new Error('outer', { cause: Object.assign(new Error('x'), { code: 'EAI_AGAIN' }) }))).toBe(
      'dns',
    )
  })
})
