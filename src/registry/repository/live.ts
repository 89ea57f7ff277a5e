import type { Encryption, Mutability } from './desired.ts'

/** A repository as ECR has it. */
export interface LiveRepository {
  readonly arn: string
  readonly mutability: Mutability
  readonly encryption: Encryption
  readonly tags: Readonly<Record<string, string>>
  /** JSON texts as ECR gives them. */
  readonly policy?: string
  readonly lifecycle?: string
}

export type Frequency = 'MANUAL' | 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN'

/** How a registry scans: one configuration for all of its repositories. */
export interface RegistryScanning {
  readonly type: 'BASIC' | 'ENHANCED'
  readonly rules: readonly {
    readonly frequency: Frequency
    /** Patterns of repository names. */
    readonly filters: readonly string[]
  }[]
}

/** A rule of the registry's replication. Without prefixes it is about all repositories. */
export interface ReplicationRule {
  readonly destinations: readonly { readonly region: string; readonly account: string }[]
  readonly prefixes: readonly string[]
}

/** A template for repositories that ECR makes by itself. */
export interface CreationTemplate {
  /** `shop`, which is about `shop/…`, or ROOT for all that no other is about. */
  readonly prefix: string
  /** PULL_THROUGH_CACHE, REPLICATION, CREATE_ON_PUSH. */
  readonly appliedFor: readonly string[]
  readonly encryption?: Encryption
  readonly mutability?: Mutability
}

/** What a registry has for all of its repositories; absent where nobody asks. */
export interface LiveRegistry {
  readonly account: string
  readonly region: string
  readonly scanning?: RegistryScanning
  readonly replication?: readonly ReplicationRule[]
  readonly templates: readonly CreationTemplate[]
}

/** An image that a lifecycle policy would expire or archive. */
export interface SelectedImage {
  readonly digest: string
  readonly tags: readonly string[]
  readonly action: 'expire' | 'archive'
  readonly rule: number
}
