import type { Finding } from '../findings.ts'
import { anyTextMatches, pathMatches } from './glob.ts'

/** A finding that somebody accepted for a while, by name and with a reason. */
export interface Waiver {
  /** `CVE-2026-11111` or one of its aliases; whole and exact. */
  readonly id: string
  /** Where it holds: all of them. At least one is given, so that nobody accepts a vulnerability everywhere by accident. */
  readonly scope: {
    readonly repository?: string
    readonly package?: string
    readonly path?: string
    readonly platform?: string
  }
  readonly reason: string
  /** Who answers for it: `@team-checkout`. */
  readonly owner: string
  /** Last day on which it holds, in UTC: `2026-12-31`. */
  readonly expires: string
  /** Line of the file, from 1. */
  readonly line?: number
}

/** Where a finding was found, for the scope of waivers. */
export interface WaiverPlace {
  readonly repository: string
  /** Milliseconds since 1970. */
  readonly now: number
}

const dayMs = 86_400_000

/** First instant at which a waiver no longer holds. */
export function endOf({ expires }: Waiver): number {
  return Date.parse(`${expires}T00:00:00Z`) + dayMs
}

/** Whether a waiver is about a finding, expired or not. A scope for platforms covers findings of those platforms only. */
export function isAbout(waiver: Waiver, finding: Finding, { repository }: WaiverPlace): boolean {
  const { scope } = waiver
  const ids = [finding.id, ...finding.aliases]
  return (
    ids.includes(waiver.id) &&
    (scope.repository === undefined || anyTextMatches(scope.repository, repository)) &&
    (scope.package === undefined || anyTextMatches(scope.package, finding.package.name)) &&
    (scope.path === undefined ||
      (finding.package.path !== undefined && pathMatches(scope.path, finding.package.path))) &&
    // A finding that also another platform has is not wholly accepted.
    (scope.platform === undefined || finding.platforms.every(platform => platform === scope.platform))
  )
}

/** What the waivers say of one finding: the first that holds; else one that no longer does, to name its owner. */
export function waiverFor(
  finding: Finding,
  waivers: readonly Waiver[],
  place: WaiverPlace,
): { readonly waiver: Waiver; readonly expired: boolean } | undefined {
  const about = waivers.filter(waiver => isAbout(waiver, finding, place))
  const holding = about.find(waiver => place.now < endOf(waiver))
  if (holding !== undefined) return { waiver: holding, expired: false }
  const [expired] = about
  return expired === undefined ? undefined : { waiver: expired, expired: true }
}
