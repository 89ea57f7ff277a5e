import type { ImageId } from '../registry/ecr.ts'
import type { Manifest } from '../registry/manifest.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Finding, Severity } from './findings.ts'
import type { FindingFacts, Missing } from './policy/rule.ts'
import type { Waiver } from './policy/waivers.ts'

/** Why there is no answer. `code` is the anchor in docs/troubleshooting.md. */
export interface Reason {
  readonly code: string
  /** One sentence: what we do not know, and why. */
  readonly says: string
  /** One sentence: what to do. */
  readonly todo: string
}

/** What is known of one platform of an image. */
export type PlatformScan =
  | {
      readonly state: 'complete'
      /** `linux/amd64`; `image` for a plain image, which names none. */
      readonly platform: string
      readonly digest: string
      readonly findings: readonly Finding[]
      readonly completedAt?: Instant
      /** When the vulnerability data that it was judged by was updated. */
      readonly sourceUpdatedAt?: Instant
    }
  | { readonly state: 'inconclusive'; readonly platform: string; readonly digest: string; readonly reason: Reason }

/** One page of ECR's answer. */
export interface ScanPage {
  /** `IN_PROGRESS`, `COMPLETE`, … as ECR gives it. */
  readonly status: string
  readonly description: string
  readonly completedAt?: Instant
  readonly sourceUpdatedAt?: Instant
  /** Sum of ECR's own severity counts; for this page only when the scan is enhanced. */
  readonly counted?: number
  /** Absent when the page carries no result at all. */
  readonly findings?: readonly Finding[]
  readonly enhanced: boolean
  readonly nextToken?: string
}

/** How the repository is scanned. `unknown` when the role may not ask. */
export interface ScanSettings {
  readonly type: 'basic' | 'enhanced' | 'unknown'
  readonly frequency: 'manual' | 'on-push' | 'continuous' | 'unknown'
}

/** `disabled`: scans cannot be started by hand here (enhanced). `too-often`: this image was scanned in the last 24 hours. */
export type StartOutcome = 'started' | 'too-often' | 'disabled' | 'unsupported' | 'archived'

/** ECR as the collection needs it. All methods throw UserError, DeniedError or RemoteError. */
export interface ScanSource {
  manifest(repository: string, id: ImageId, signal?: AbortSignal): Promise<Manifest | undefined>
  settings(repository: string, signal?: AbortSignal): Promise<ScanSettings>
  start(repository: string, digest: string, signal?: AbortSignal): Promise<StartOutcome>
  page(
    repository: string,
    digest: string,
    token: string | undefined,
    signal?: AbortSignal,
  ): Promise<ScanPage | 'no-scan' | 'no-image'>
}

export type ScanVerdict = 'pass' | 'fail' | 'inconclusive'

/** A finding that stops the pipeline, and the rule that it meets. */
export interface Blocking {
  readonly finding: Finding
  readonly rule: string
}

/** A finding, and what the policy says of it. `rule` is the text of the rule that decided. */
export type Judged = { readonly finding: Finding; readonly facts: FindingFacts } & (
  | { readonly decision: 'passes' }
  | { readonly decision: 'waived'; readonly rule: string; readonly waiver: Waiver }
  /** `expired`: a waiver that no longer covers it. */
  | { readonly decision: 'blocks'; readonly rule: string; readonly expired?: Waiver }
  /** The rule would hold if what is missing were so. */
  | {
      readonly decision: 'open'
      readonly rule: string
      readonly missing: readonly Missing[]
      readonly expired?: Waiver
    }
)

/** One update of a plan. */
export interface Upgrade {
  readonly package: string
  /** Package manager as the scanner names it; absent for basic scans. */
  readonly manager?: string
  /** Versions in the image, oldest first. */
  readonly from: readonly string[]
  /** Smallest version that has all the fixes. */
  readonly to: string
  readonly part: FindingFacts['part']
  /** Ids of blocking findings that it takes away. */
  readonly fixes: readonly string[]
  /** Ids of blocking findings in the same package that have no fix yet. */
  readonly leaves: readonly string[]
  readonly paths: readonly string[]
}

/** Where a layer comes from. */
export interface Origin {
  readonly part: 'base' | 'app'
  /** Line of the Dockerfile, from 1. */
  readonly line?: number
  /** `RUN npm ci`, one line. */
  readonly instruction?: string
  /** True when the provenance of the build says so; else it was matched by the history of the image. */
  readonly exact: boolean
}

/** The image that a scan was compared with. */
export interface ComparedWith {
  /** `host/repository@sha256:…` */
  readonly image: string
  /** `runs in prod since release 12` */
  readonly why: string
}

export interface ScanResult {
  readonly verdict: ScanVerdict
  /** `host/repository@sha256:…` */
  readonly image: string
  readonly repository: string
  readonly digest: string
  readonly platforms: readonly PlatformScan[]
  /** Of all platforms, each once, worst first. */
  readonly findings: readonly Finding[]
  /** The same, in the same order, each with what the policy says of it. */
  readonly judged: readonly Judged[]
  readonly counts: Readonly<Record<Severity, number>>
  readonly blocking: readonly Blocking[]
  /** Why it is not a pass: one for each cause. */
  readonly reasons: readonly Reason[]
  readonly warnings: readonly string[]
  /** Absent when there was nothing to compare with: then every finding counts as introduced. */
  readonly comparedWith?: ComparedWith
  /** Findings of the image compared with that this one no longer has. */
  readonly fixed?: readonly Finding[]
  /** What frees the image of what blocks it, most helpful first, and what the policy would say then. */
  readonly plan?: { readonly steps: readonly Upgrade[]; readonly after: ScanVerdict }
  /** Origin of layers, by digest, as far as it is known. */
  readonly origins?: Readonly<Record<string, Origin>>
  /** Path of the Dockerfile in the checkout, that lines of origins are in. */
  readonly dockerfile?: string
  /** The policy as text: `critical, high:fixable`. */
  readonly policy: string
  readonly seconds: number
}
