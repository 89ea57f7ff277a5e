import type { Claims } from '../claims.ts'
import type { Role } from '../role.ts'
import { unknowable, type KeyValue } from './answer.ts'
import type { TrustRequest } from './evaluate.ts'

/** What a refused call asked for, beside its token. */
export interface Asked {
  readonly role: Role
  readonly region: string
  readonly sessionName: string
}

/** The issuer as IAM names providers and condition keys after it: without the scheme. */
export function issuerOf({ iss }: Claims): string {
  return iss.replace(/^https:\/\//, '')
}

/** ARN of the provider in the role's account that would vouch for the token. */
export function providerArn(claims: Claims, { partition, accountId }: Role): string {
  return `arn:${partition}:iam::${accountId}:oidc-provider/${issuerOf(claims)}`
}

/**
 * The call as a trust policy sees it: the claims that STS makes condition keys of, what the call says itself, and for
 * other keys of AWS that only AWS knows.
 */
export function trustRequest(claims: Claims, { role, region, sessionName }: Asked): TrustRequest {
  const issuer = issuerOf(claims).toLowerCase()
  const known = new Map<string, KeyValue>([
    ...Object.entries(claims.conditionKeys).map(([claim, value]) => [`${issuer}:${claim}`, value] as const),
    ['sts:rolesessionname', sessionName],
    ['aws:requestedregion', region],
    ['aws:federatedprovider', providerArn(claims, role)],
    // A web identity has no account, and carries no tags of its own.
    ['aws:principalaccount', undefined],
    ['aws:principalorgid', undefined],
    ['aws:tagkeys', undefined],
    ['aws:securetransport', 'true'],
  ])
  const keys = (key: string): KeyValue => {
    if (known.has(key)) return known.get(key)
    return /^(?:aws|sts|saml|cognito-identity\.amazonaws\.com):/.test(key) &&
      !/^(?:aws:requesttag|aws:principaltag|aws:principalarn)/.test(key)
      ? unknowable
      : undefined
  }
  return { provider: providerArn(claims, role), keys }
}
