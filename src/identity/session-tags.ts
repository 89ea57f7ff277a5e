import { UserError } from '../runtime/errors.ts'
import type { SessionTags } from './session-request.ts'

/** Tags as one call sends them. */
export interface CallTags {
  readonly tags?: Readonly<Record<string, string>>
  readonly transitiveTags?: readonly string[]
  readonly sourceIdentity?: string
}

const longestValue = 256
const longestIdentity = 64

/**
 * Values of tags, those from claims of the token filled in. STS takes letters, digits, spaces and `_.:/=+@-` in them
 * (IAM guide, "Session tags"); other characters of a claim become `-`, so that a branch with a name of its own does
 * not stop a deploy. Throws UserError for a claim that the token does not have. Pure.
 */
export function tagsOf(
  { values = {}, claims: wanted = {}, transitive, sourceIdentity }: SessionTags,
  claims: Readonly<Record<string, string>>,
): CallTags {
  const fromClaims = Object.entries(wanted).map(([key, claim]) => [key, valueOf(claim, claims, longestValue)] as const)
  const tags = { ...values, ...Object.fromEntries(fromClaims) }
  return {
    ...(Object.keys(tags).length === 0 ? {} : { tags }),
    ...(transitive === undefined || transitive.length === 0 ? {} : { transitiveTags: transitive }),
    ...(sourceIdentity === undefined
      ? {}
      : { sourceIdentity: valueOf(sourceIdentity, claims, longestIdentity).replaceAll(/[^\w+=,.@-]/g, '-') }),
  }
}

function valueOf(claim: string, claims: Readonly<Record<string, string>>, longest: number): string {
  const value = claims[claim]
  if (value !== undefined) return value.replaceAll(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '-').slice(0, longest)
  throw new UserError('input-session-tags', `session-tags: the token of this job has no claim "${claim}".`, {
    why: `It has ${Object.keys(claims).toSorted().join(', ') || 'none: there is no token'}.`,
    todo: 'Name one of them, or give the value itself.',
  })
}
