import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { HealthRule } from './custom-rule.ts'

/** Outcome of a release. Only `healthy` and `healthy-partial` are success. */
export type Verdict = 'healthy' | 'healthy-partial' | 'failed' | 'stalled' | 'unknown' | 'superseded' | 'cancelled'

/** Whose turn it is. */
export type Blame = 'image' | 'config' | 'code' | 'capacity' | 'policy' | 'network' | 'platform' | 'gate'

/**
 * How much an observation proves:
 * - `A0` terminal, and a second source agrees: fails at once
 * - `A1` terminal by nature: fails when it persists or repeats (confirm window)
 * - `B`  repetition: fails at the n-th abnormal exit, with quorum
 * - `C`  waiting: never fails alone; stalls at its deadline
 * - `D`  contradiction: we cannot know
 */
export type EvidenceClass = 'A0' | 'A1' | 'B' | 'C' | 'D'

/** One observation about one object of this release. Plain data; the ledger is append-only. */
export interface Evidence {
  /** Code of the cause catalogue (health/causes.ts). */
  readonly code: string
  readonly class: EvidenceClass
  /** `Pod shop/api-7d9f-x2k` */
  readonly object: string
  readonly uid: string
  /** Top-level object of the release that this is about: `Deployment shop/api`. */
  readonly subject: string
  readonly container?: string
  /** Node name, for the single-bad-node rule. */
  readonly node?: string
  /** Number of repetitions that the object's own status shows (abnormal exits so far). */
  readonly count: number
  /** Time the API server or kubelet gives for it; the observation time where it gives none. */
  readonly at: Instant
  /** The text of the system that said it, shortened, one line. */
  readonly text: string
  /** Values for the sentence of the catalogue: image, exitCode, reason, name … */
  readonly facts: Readonly<Record<string, string>>
  /** How long this may last before it counts (A1: confirm window, C: deadline); the catalogue's figure when absent. */
  readonly patienceMs?: number
  /** When this is forgiven if nothing more happens: exits of a container that runs again, a probe that failed. */
  readonly settlesAt?: Instant
}

/** What one object says of itself now. */
export type Health =
  | Healthy
  | { readonly status: 'progressing'; readonly says: string; readonly evidence: readonly Evidence[] }
  | { readonly status: 'failing'; readonly says: string; readonly evidence: readonly Evidence[] }
  | { readonly status: 'unknown'; readonly says: string }

/** Ready now. Being ready is no proof yet: the gate soaks, and waits until earlier exits (`evidence`) are forgiven. */
export interface Healthy {
  readonly status: 'healthy'
  /** What the object's own settings leave unproven: a partition, OnDelete, no pods wanted. Makes the verdict partial. */
  readonly partial?: string
  /** Worth a line in the log; changes no verdict. */
  readonly note?: string
  readonly evidence?: readonly Evidence[]
}

/** Objects that are needed to judge another one, as last seen. */
export interface Related {
  readonly replicaSets: readonly KubeObject[]
  readonly pods: readonly KubeObject[]
  readonly events: readonly KubeObject[]
  readonly nodes: readonly KubeObject[]
  /** Absent where no claim of the release needs them, or the role may not list them. */
  readonly storageClasses?: readonly KubeObject[]
  readonly targetGroupBindings?: readonly KubeObject[]
  /** What stands around: the namespace, and objects of the release that were applied before (service accounts, Services). */
  readonly around?: readonly KubeObject[]
  /** Names of the nodes when the gate began; absent while they are not known. */
  readonly nodesAtStart?: readonly string[]
  /** Rules of slipway.yaml for custom resources. */
  readonly customRules?: readonly HealthRule[]
  /** True when pods without the readiness gate that they should have fail the release. */
  readonly requireReadinessGates?: boolean
  /** Uids of objects whose spec or annotations this release changed. Of others nothing new is to be expected. */
  readonly reconfigured?: readonly string[]
  /** True when the role may not read events: then a missing signal says nothing. */
  readonly eventsHidden?: boolean
  /** Start of the release on the cluster's clock: what events told before it is no trouble of this release. */
  readonly since?: Instant
}

/** Why a release is not healthy. */
export interface Cause {
  readonly code: string
  readonly blame: Blame
  readonly confidence: 'certain' | 'likely' | 'possible'
  /** `Deployment shop/api` */
  readonly subject: string
  readonly container?: string
  /** One sentence: what happened. */
  readonly says: string
  /** One sentence: what to do. */
  readonly next: string
  readonly firstSeen: Instant
  readonly lastSeen: Instant
  readonly evidence: readonly Evidence[]
}
