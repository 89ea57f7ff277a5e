import type { Refusal } from './aws-errors.ts'
import type { Session, Sessions } from './sessions.ts'
import { signatureMatches, signatureOf, signedAt, type RawRequest, type SignedRequest } from './sigv4.ts'

export type Caller =
  | { readonly session: Session; readonly signed: SignedRequest; readonly refusal?: never }
  | { readonly refusal: Refusal }

/** Signatures are good for a quarter of an hour, presigned ones too: STS holds EKS tokens to that, not to X-Amz-Expires. */
const signatureLife = 15 * 60 * 1000

/** Who signed the request; or why that is not known. */
export function callerOf(request: RawRequest, sessions: Pick<Sessions, 'find'>, now: number): Caller {
  const signed = signatureOf(request)
  if (!signed) return { refusal: 'missing' }
  const session = sessions.find(signed.accessKeyId)
  if (!session || session.sessionToken !== signed.sessionToken) return { refusal: 'unknown' }
  if (session.expires <= now) return { refusal: 'expired' }
  if (!(Math.abs(now - signedAt(signed)) <= signatureLife)) return { refusal: 'signature' }
  if (!signatureMatches(signed, request, session.secretAccessKey)) return { refusal: 'signature' }
  return { session, signed }
}
