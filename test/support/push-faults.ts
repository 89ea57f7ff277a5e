/** The fault matrix of a push, through a proxy in front of the platform's registry. */
import type { Fault, FaultAt } from './memory-registry.ts'

export interface PushFault {
  readonly name: string
  readonly fault: FaultAt
  /** `ok`, or the code of the error. */
  readonly expected: string
  /** The registry's own words, that the error must repeat. */
  readonly says?: string
}

/** The first `times` requests that fit get the fault. */
function at(method: string, path: RegExp, fault: Fault, times = 1): FaultAt {
  let left = times
  return call => (call.method === method && path.test(call.path) && left-- > 0 ? fault : undefined)
}

const uploads = /\/blobs\/uploads\//
const manifests = /\/manifests\//
const denied = 'User: arn:aws:sts::123456789012:assumed-role/x is not authorized to perform: ecr:PutImage'
const immutable =
  "The image tag 'v1' already exists in the 'shop/api' repository and cannot be overwritten because the tag is immutable."

/** Made anew for each run: a fault counts. */
export const pushFaults = (): readonly PushFault[] => [
  {
    name: 'PUT manifest 400 TAG_INVALID: an immutable tag of another image',
    fault: call =>
      call.method === 'PUT' && /\/manifests\/(?!sha256)/.test(call.path)
        ? { status: 400, code: 'TAG_INVALID', message: immutable }
        : undefined,
    expected: 'ecr-tag-immutable',
    says: 'cannot name sha256:',
  },
  { name: 'PUT manifest 500 once', fault: at('PUT', manifests, { status: 500 }), expected: 'ok' },
  {
    name: 'PUT manifest 500 for ever',
    fault: at('PUT', manifests, { status: 500, message: 'internal trouble' }, 9_999),
    expected: 'registry-answer',
    says: 'internal trouble (HTTP 500)',
  },
  { name: 'POST upload 503 once', fault: at('POST', uploads, { status: 503 }), expected: 'ok' },
  {
    name: 'PUT blob 404 BLOB_UPLOAD_UNKNOWN once',
    fault: at('PUT', uploads, { status: 404, code: 'BLOB_UPLOAD_UNKNOWN', message: 'unknown' }),
    expected: 'ok',
  },
  {
    name: 'PUT blob 400 BLOB_UPLOAD_INVALID, both in parallel',
    fault: at('PUT', uploads, { status: 400, code: 'BLOB_UPLOAD_INVALID', message: 'invalid' }, 2),
    expected: 'ok',
  },
  { name: 'POST 429 once', fault: at('POST', uploads, { status: 429 }), expected: 'ok' },
  {
    name: 'POST 429 20 times with Retry-After: 2',
    fault: at('POST', uploads, { status: 429, headers: { 'retry-after': '2' } }, 20),
    expected: 'ok',
  },
  {
    name: 'POST 404 NAME_UNKNOWN: no repository',
    fault: at('POST', uploads, { status: 404, code: 'NAME_UNKNOWN', message: 'does not exist' }, 9_999),
    expected: 'ecr-repository-missing',
  },
  {
    name: 'PUT manifest 403 DENIED',
    fault: at('PUT', manifests, { status: 403, code: 'DENIED', message: denied }, 9_999),
    expected: 'registry-denied',
    says: denied,
  },
  {
    name: 'the token ends in the middle',
    fault: at('PATCH', uploads, { status: 401, code: 'UNAUTHORIZED', message: 'Your authorization token has expired' }),
    expected: 'ok',
  },
  { name: 'reset in the middle of a layer', fault: at('PATCH', uploads, { cut: 3_000_000 }), expected: 'ok' },
  { name: 'reset at the end of a layer', fault: at('PUT', uploads, { cut: 0 }), expected: 'ok' },
  {
    name: 'a layer is uploaded twice at once',
    fault: at('HEAD', /\/blobs\/sha256/, { status: 404 }, 99),
    expected: 'ok',
  },
  {
    name: 'a layer arrives cut off',
    fault: at('PUT', uploads, {
      status: 400,
      code: 'DIGEST_INVALID',
      message: 'provided digest did not match uploaded content',
    }),
    expected: 'ok',
  },
  {
    name: 'a wrong digest is echoed for a layer',
    fault: at('PUT', uploads, { echo: `sha256:${'0'.repeat(64)}` }),
    expected: 'ok',
  },
  {
    name: 'a wrong digest is echoed for a manifest',
    fault: at('PUT', manifests, { echo: `sha256:${'0'.repeat(64)}` }, 99),
    expected: 'registry-wrong-answer',
    says: 'it stored sha256:0000',
  },
  {
    name: 'a proxy answers with a page',
    fault: at('POST', uploads, { status: 407, message: '<html><h1>Proxy login</h1></html>' }, 99),
    expected: 'registry-answer',
    says: 'Proxy login (HTTP 407)',
  },
]
