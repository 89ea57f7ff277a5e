import type { PolicyDocument } from './model.ts'
import type { TrustPolicyFile } from './trust-source.ts'

/**
 * How to get a session, and how to get the same one again: plain data that survives JSON, without a secret.
 * `openSession` takes it; a helper that runs later reads it from a file and gives it to `openSession` unchanged.
 */
export interface SessionRequest {
  /** ARN of the first role: assumed with what `source` brings. */
  readonly role: string
  readonly region: string
  /** Who vouches for the first role; GitHub's OIDC token unless given. */
  readonly source?: SessionSource
  /** `aud` of the OIDC token; the conventional one of the partition unless given. For the source `github` only. */
  readonly audience?: string
  /** ARNs of further roles: each is assumed with the session of the one before; the last one is handed out. */
  readonly chain?: readonly string[]
  /** What the session that is handed out may do at most; without it, all that its role may. */
  readonly policy?: PolicyDocument | JsonPolicy
  /** ARNs of managed policies that limit it as well: at most 10, of the account of its role. */
  readonly managedPolicies?: readonly string[]
  /** As CloudTrail shows it; names run, attempt and job unless given. */
  readonly sessionName?: string
  /** Of the session that is handed out: 900 to the role's maximum, 3600 after a chain; 3600 unless given. */
  readonly durationSeconds?: number
  /** What the trust policy of the last role asks for as `sts:ExternalId`. Not a secret (IAM guide). */
  readonly externalId?: string
  readonly tags?: SessionTags
  /** Accounts that the session may be in; any unless given. Checked before a call, and in what STS answers. */
  readonly allowedAccountIds?: readonly string[]
  /** Another STS than that of the region: `https://…`. */
  readonly stsEndpoint?: string
  /** The first role's trust policy, to explain a refusal; IAM is asked for it when it is not given. */
  readonly trustPolicy?: TrustPolicyFile
}

/** Where the first credentials come from. */
export type SessionSource =
  /** The OIDC token of this job. */
  | { readonly kind: 'github' }
  /** A web identity token that something else renews in a file. Absolute path; `within` may not be left by symlinks. */
  | { readonly kind: 'token-file'; readonly path: string; readonly within?: string }
  /** Credentials that the job has already: variables, an AWS profile, the container's role. */
  | { readonly kind: 'ambient' }

/** Session tags. The first role that is assumed with credentials gets them: a web identity cannot carry any. */
export interface SessionTags {
  /** Key → value. */
  readonly values?: Readonly<Record<string, string>>
  /** Key → claim of the OIDC token that is its value. */
  readonly claims?: Readonly<Record<string, string>>
  /** Keys that go on to roles assumed later. */
  readonly transitive?: readonly string[]
  /** Claim of the OIDC token that CloudTrail shows as the source identity of every later session: `actor`. */
  readonly sourceIdentity?: string
}

/** An IAM policy in JSON, as a user gives it. */
export type JsonPolicy = Readonly<Record<string, unknown>>
