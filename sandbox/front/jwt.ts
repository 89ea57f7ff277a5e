import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isRecord } from './http.ts'

export interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  /** As published in the JWKS. */
  readonly publicJwk: JsonWebKey & { readonly kid: string; readonly alg: 'RS256'; readonly use: 'sig' }
}

export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  readonly signed: string
  readonly signature: Buffer
}

/** The platform's RS256 key: read from `file`, or made and kept there. */
export function signingKey(file: string): SigningKey {
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  }
  const privateKey = createPrivateKey(readFileSync(file))
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  const kid = createHash('sha256').update(`${jwk.n}`).digest('hex').slice(0, 32).toUpperCase()
  return { kid, privateKey, publicJwk: { ...jwk, kid, alg: 'RS256', use: 'sig' } }
}

/** 32 random bytes: read from `file`, or made and kept there. */
export function keptSecret(file: string): Buffer {
  if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600 })
  return readFileSync(file)
}

export function signJwt(key: SigningKey, claims: Readonly<Record<string, unknown>>): string {
  const header = { typ: 'JWT', alg: 'RS256', kid: key.kid }
  const signed = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key.privateKey).toString('base64url')}`
}

/** undefined when it is no JWT. Nothing is verified yet. */
export function parseJwt(token: string): Jwt | undefined {
  const [header, claims, signature, more] = token.split('.')
  if (header === undefined || claims === undefined || signature === undefined || more !== undefined) return undefined
  const parsed = [header, claims].map(parsePart)
  const [first, second] = parsed
  if (first === undefined || second === undefined) return undefined
  return {
    header: first,
    claims: second,
    signed: `${header}.${claims}`,
    signature: Buffer.from(signature, 'base64url'),
  }
}

function parsePart(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** RS256 only: a token that names another algorithm is not accepted. */
export function signatureHolds(jwt: Jwt, key: JsonWebKey): boolean {
  if (jwt.header.alg !== 'RS256') return false
  return verify('RSA-SHA256', Buffer.from(jwt.signed), createPublicKey({ key, format: 'jwk' }), jwt.signature)
}
