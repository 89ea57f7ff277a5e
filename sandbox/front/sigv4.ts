import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** A signed AWS request, by Authorization header or by presigned URL. */
export interface SignedRequest {
  readonly accessKeyId: string
  /** `20261123/us-east-1/ecr/aws4_request` */
  readonly scope: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** `20261123T160000Z` */
  readonly date: string
  readonly sessionToken: string | undefined
  readonly presigned: boolean
}

export interface RawRequest {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** undefined when the request carries no SigV4 signature. */
export function signatureOf({ url, headers }: RawRequest): SignedRequest | undefined {
  const query = url.searchParams
  const presigned = query.has('X-Amz-Signature')
  const parts = presigned
    ? {
        Credential: query.get('X-Amz-Credential'),
        SignedHeaders: query.get('X-Amz-SignedHeaders'),
        Signature: query.get('X-Amz-Signature'),
      }
    : authorizationParts(headers.authorization)
  const date = presigned ? query.get('X-Amz-Date') : headers['x-amz-date']
  const [accessKeyId, ...scope] = (parts.Credential ?? '').split('/')
  const [, region, service] = scope
  if (!accessKeyId || !region || !service || !parts.SignedHeaders || !parts.Signature || typeof date !== 'string')
    return undefined
  const token = presigned ? query.get('X-Amz-Security-Token') : headers['x-amz-security-token']
  return {
    accessKeyId,
    scope: scope.join('/'),
    region,
    service,
    signedHeaders: parts.SignedHeaders.split(';'),
    signature: parts.Signature,
    date,
    sessionToken: typeof token === 'string' ? token : undefined,
    presigned,
  }
}

function authorizationParts(header = ''): Partial<Record<string, string | null>> {
  if (!header.startsWith('AWS4-HMAC-SHA256 ')) return {}
  const pairs = header
    .slice(17)
    .split(',')
    .map(part => part.trim().split(/=(.*)/s))
  return Object.fromEntries(pairs.map(([name, value]) => [name, value]))
}

/** Milliseconds since the epoch of the signature; NaN when the date is malformed. */
export function signedAt(signed: SignedRequest): number {
  return Date.parse(signed.date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
}

/** Whether the signature is that of `secretAccessKey` over this request, its body included. */
export function signatureMatches(signed: SignedRequest, request: RawRequest, secretAccessKey: string): boolean {
  const payload = payloadHash(signed, request)
  if (payload === undefined) return false
  const canonical = [
    request.method,
    canonicalPath(request.url.pathname, signed.service),
    canonicalQuery(request.url.searchParams),
    ...signed.signedHeaders.map(name => `${name}:${headerText(request, name)}`),
    '',
    signed.signedHeaders.join(';'),
    payload,
  ].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', signed.date, signed.scope, sha256(canonical)].join('\n')
  const key = signed.scope
    .split('/')
    .reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${secretAccessKey}`)
  const expected = hmac(key, toSign)
  const given = Buffer.from(signed.signature, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** undefined when the body is not the one that was signed. */
function payloadHash(signed: SignedRequest, { headers, body }: RawRequest): string | undefined {
  const stated = headers['x-amz-content-sha256']
  const actual = sha256(body)
  if (typeof stated === 'string') return /^[0-9a-f]{64}$/.test(stated) && stated !== actual ? undefined : stated
  return signed.presigned && signed.service === 's3' ? 'UNSIGNED-PAYLOAD' : actual
}

/** All services but S3 encode the path twice. */
function canonicalPath(path: string, service: string): string {
  return service === 's3' ? path : path.split('/').map(encode).join('/')
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .join('&')
}

function headerText({ headers, url }: RawRequest, name: string): string {
  const value = headers[name] ?? (name === 'host' ? url.host : '')
  return String(value).trim().replaceAll(/\s+/g, ' ')
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
