import { regions } from '../../runtime/aws-regions.ts'
import { lifecycleAt, type LifecycleRule } from './lifecycle.ts'
import { listAt, objectAt, onlyKeys, orMistake, refuseAt, wordAt, type JsonObject, type Mistake } from './mistake.ts'

type At = Mistake['at']

/** Whether tags may move, and for which of them the opposite holds. */
export interface Mutability {
  readonly tags: 'mutable' | 'immutable'
  /** Patterns of tags, `*` for any text; sorted. */
  readonly except: readonly string[]
}

export interface Encryption {
  readonly type: 'AES256' | 'KMS' | 'KMS_DSSE'
  /** ARN of the KMS key; absent for the one of AWS. */
  readonly key?: string
}

/** How often images are scanned; `manual` is only when somebody asks. */
export type Scanning = 'manual' | 'on-push' | 'continuous'

/** Where images are copied to. Without an account: the same one. */
export interface ReplicateTo {
  readonly region: string
  readonly account?: string
}

/** A repository as slipway.yaml wants it. What is absent is left as it is. */
export interface DesiredRepository {
  readonly name: string
  readonly mutability?: Mutability
  readonly encryption?: Encryption
  /** Tags of the resource; others on it are left alone. */
  readonly tags?: Readonly<Record<string, string>>
  /** Its resource policy; `none` removes one. */
  readonly policy?: JsonObject | 'none'
  /** Empty removes the lifecycle policy. */
  readonly lifecycle?: readonly LifecycleRule[]
  readonly scanning?: Scanning
  readonly replication?: readonly ReplicateTo[]
}

/**
 * ECR's rule for names, as in reference.ts. Not taken from there: with this file slipway.yaml is read, by every action,
 * and no more than that may come along.
 */
const nameForm = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/

/** Keys of a repository in slipway.yaml. */
const keys = [
  'mutability',
  'mutability-exclusions',
  'encryption',
  'kms-key',
  'tags',
  'policy',
  'lifecycle',
  'scanning',
  'replication',
] as const

/** Limits of ECR's API: exclusion filters, resource tags, `policyText`. */
const mostExclusions = 5
const mostTags = 50
const longestPolicy = 10_240

/**
 * The key `repositories` of slipway.yaml: settings by the name of the repository. Whatever ECR would refuse without
 * looking at the account is a mistake here. Pure.
 */
export function readRepositories(
  value: unknown,
): { readonly value: readonly DesiredRepository[] } | { readonly mistake: Mistake } {
  return orMistake(() => {
    const all = Object.entries(objectAt(value, []))
    if (all.length === 0) refuseAt([], 'names no repository')
    return all.map(([name, settings]) => repositoryAt(name, settings))
  })
}

function repositoryAt(name: string, value: unknown): DesiredRepository {
  const at: At = [name]
  if (!nameForm.test(name) || name.length < 2 || name.length > 256) refuseAt(at, 'is not the name of an ECR repository')
  const given = value === null ? {} : objectAt(value, at)
  onlyKeys(given, keys, at)
  return {
    name,
    ...mutabilityOf(given, at),
    ...encryptionOf(given, at),
    ...optional('tags', given, at, tagsAt),
    ...optional('policy', given, at, policyAt),
    ...optional('lifecycle', given, at, lifecycleAt),
    ...optional('scanning', given, at, scanningAt),
    ...optional('replication', given, at, replicationAt),
  }
}

function optional<K extends string, T>(
  key: K,
  given: JsonObject,
  at: At,
  read: (value: unknown, at: At) => T,
): { readonly [name in K]?: T } {
  // One key with the type of its value: a computed name alone is a string to the compiler.
  return (given[key] === undefined ? {} : { [key]: read(given[key], [...at, key]) }) as { readonly [name in K]?: T }
}

function mutabilityOf(given: JsonObject, at: At): Pick<DesiredRepository, 'mutability'> {
  const { mutability, 'mutability-exclusions': exclusions } = given
  const exceptions = [...at, 'mutability-exclusions']
  if (mutability === undefined) {
    if (exclusions !== undefined) refuseAt(exceptions, 'is an exception from mutability, which is not given')
    return {}
  }
  const tags = wordAt(mutability, ['mutable', 'immutable'] as const, [...at, 'mutability'])
  if (exclusions === undefined) return { mutability: { tags, except: [] } }
  const except = listAt(exclusions, exceptions).map((one, index) => exclusionAt(one, [...exceptions, index]))
  if (except.length > mostExclusions) refuseAt(exceptions, `has ${except.length} patterns; ECR takes ${mostExclusions}`)
  return { mutability: { tags, except: [...new Set(except)].toSorted() } }
}

/** Of PutImageTagMutability. */
function exclusionAt(value: unknown, at: At): string {
  if (typeof value === 'string' && /^[0-9a-zA-Z._*-]{1,128}$/.test(value)) return value
  return refuseAt(at, 'is no pattern of tags: letters, digits, ".", "_", "-" and "*" for any text')
}

function encryptionOf(given: JsonObject, at: At): Pick<DesiredRepository, 'encryption'> {
  const { encryption, 'kms-key': key } = given
  const place = [...at, 'kms-key']
  if (encryption === undefined) {
    if (key !== undefined) refuseAt(place, 'is for encryption by KMS, and encryption is not given')
    return {}
  }
  const word = wordAt(encryption, ['aes256', 'kms', 'kms-dsse'] as const, [...at, 'encryption'])
  const type = ({ aes256: 'AES256', kms: 'KMS', 'kms-dsse': 'KMS_DSSE' } as const)[word]
  if (key === undefined) return { encryption: { type } }
  if (type === 'AES256') refuseAt(place, 'is for encryption by KMS, and encryption is aes256')
  // An alias may lead to another key tomorrow, and ECR stores the key.
  if (typeof key !== 'string' || !/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/.test(key))
    return refuseAt(place, 'is not the ARN of a KMS key (arn:aws:kms:…:key/…)')
  return { encryption: { type, key } }
}

function tagsAt(value: unknown, at: At): Readonly<Record<string, string>> {
  const tags = Object.entries(objectAt(value, at))
  if (tags.length > mostTags) refuseAt(at, `has ${tags.length} tags; AWS takes ${mostTags}`)
  return Object.fromEntries(
    tags.map(([key, text]) => {
      if (key.startsWith('aws:')) refuseAt([...at, key], 'is a name that only AWS gives')
      if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key)) refuseAt([...at, key], 'is not a name of a tag')
      if (typeof text !== 'string' || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u.test(text))
        return refuseAt([...at, key], 'is not a value of a tag: a text of at most 256 letters, digits and _.:/=+-@')
      return [key, text] as const
    }),
  )
}

function policyAt(value: unknown, at: At): JsonObject | 'none' {
  if (value === 'none') return 'none'
  const policy = objectAt(value, at)
  if (policy['Statement'] === undefined) refuseAt(at, 'has no Statement')
  const { length } = JSON.stringify(policy)
  if (length > longestPolicy) refuseAt(at, `has ${length} characters as JSON; ECR takes ${longestPolicy}`)
  return policy
}

function scanningAt(value: unknown, at: At): Scanning {
  return wordAt(value, ['manual', 'on-push', 'continuous'] as const, at)
}

function replicationAt(value: unknown, at: At): readonly ReplicateTo[] {
  return listAt(value, at).map((one, index): ReplicateTo => {
    const place = [...at, index]
    if (typeof one === 'string') return { region: regionAt(one, place) }
    const given = objectAt(one, place)
    onlyKeys(given, ['region', 'account'], place)
    const { account } = given
    const region = regionAt(given['region'], [...place, 'region'])
    if (account === undefined) return { region }
    if (typeof account !== 'string' || !/^\d{12}$/.test(account))
      return refuseAt([...place, 'account'], 'is not the id of an account: 12 digits, in quotes')
    return { region, account }
  })
}

function regionAt(value: unknown, at: At): string {
  if (typeof value === 'string' && regions.includes(value)) return value
  return refuseAt(at, 'is not an AWS region')
}
