import type { Finding } from '../scan/findings.ts'
import type { Judged, Origin, PlatformScan, ScanResult } from '../scan/model.ts'
import type { Waiver } from '../scan/policy/waivers.ts'
import { cleanText } from './document.ts'

/** Rises when a reader of the format before could stumble over the new one; new fields alone do not raise it. */
const scanVersion = 1

/** An accepted finding: by whom, until when (last day, UTC), and why. */
export type DocumentWaiver = Pick<Waiver, 'id' | 'owner' | 'expires' | 'reason'>

/** One finding with what the policy says of it. */
export interface DocumentFinding {
  readonly id: string
  readonly aliases: readonly string[]
  readonly severity: Finding['severity']
  readonly title: string
  /** Web address only: another scheme is left out. */
  readonly uri?: string
  readonly package: Finding['package']
  readonly fix: Finding['fix']
  readonly fixedIn?: string
  readonly exploit?: boolean
  /** CVSS base score, 0 to 10. */
  readonly score?: number
  /** RFC 3339, UTC. */
  readonly firstSeen?: string
  readonly layer?: string
  readonly platforms: readonly string[]
  readonly change: Judged['facts']['change']
  readonly part: Judged['facts']['part']
  readonly epss?: number
  readonly kev?: boolean
  readonly origin?: Origin
  readonly decision: Judged['decision']
  readonly rule?: string
  /** What is not known and would have to be, for the rule to decide. */
  readonly missing?: readonly string[]
  readonly waiver?: DocumentWaiver
  readonly expiredWaiver?: DocumentWaiver
}

export type DocumentPlatform = {
  readonly platform: string
  readonly digest: string
  readonly state: PlatformScan['state']
  /** Number of findings; absent when there is no result. */
  readonly findings?: number
  readonly completedAt?: string
  readonly sourceUpdatedAt?: string
  readonly reason?: ScanResult['reasons'][number]
}

/**
 * One scan, as docs/scan.md and docs/scan.schema.json describe it: what every surface for programs is rendered from.
 * Without the time that the run took, so that the same findings give the same bytes. What is not known is absent.
 */
export interface ScanDocument {
  readonly version: typeof scanVersion
  readonly verdict: ScanResult['verdict']
  readonly image: string
  readonly repository: string
  readonly digest: string
  readonly policy: string
  readonly counts: ScanResult['counts'] & { readonly total: number; readonly blocking: number; readonly waived: number }
  readonly platforms: readonly DocumentPlatform[]
  readonly reasons: ScanResult['reasons']
  readonly warnings: readonly string[]
  readonly comparedWith?: NonNullable<ScanResult['comparedWith']>
  readonly fixed?: readonly { readonly id: string; readonly package: string; readonly version: string }[]
  readonly plan?: NonNullable<ScanResult['plan']>
  /** Path of the Dockerfile that the lines of origins are in. */
  readonly dockerfile?: string
  /** Worst first. */
  readonly findings: readonly DocumentFinding[]
}

/** The document of a scan. Foreign text loses what no surface may carry: control characters, and marks that reorder it. Pure. */
export function scanDocument(result: ScanResult): ScanDocument {
  const { judged, counts, blocking } = result
  return clean<ScanDocument>({
    version: scanVersion,
    verdict: result.verdict,
    image: result.image,
    repository: result.repository,
    digest: result.digest,
    policy: result.policy,
    counts: {
      ...counts,
      total: judged.length,
      blocking: blocking.length,
      waived: judged.filter(({ decision }) => decision === 'waived').length,
    },
    platforms: result.platforms.map(platformOf),
    reasons: result.reasons.map(({ code, says, todo }) => ({ code, says, todo })),
    warnings: result.warnings,
    comparedWith: result.comparedWith && { image: result.comparedWith.image, why: result.comparedWith.why },
    fixed: result.fixed?.map(({ id, package: { name, version } }) => ({ id, package: name, version })),
    plan: result.plan,
    dockerfile: result.dockerfile,
    findings: judged.map(one => findingOf(one, result.origins ?? {})),
  })
}

function platformOf(scan: PlatformScan): object {
  const { platform, digest, state } = scan
  if (scan.state === 'inconclusive') return { platform, digest, state, reason: scan.reason }
  const { findings, completedAt, sourceUpdatedAt } = scan
  return {
    platform,
    digest,
    state,
    findings: findings.length,
    completedAt: stamp(completedAt),
    sourceUpdatedAt: stamp(sourceUpdatedAt),
  }
}

function findingOf(one: Judged, origins: Readonly<Record<string, Origin>>): object {
  const { finding, facts, decision } = one
  const { id, aliases, severity, title, uri, fix, fixedIn, exploit, score, firstSeen, layer, platforms } = finding
  const { name, version, manager, path } = finding.package
  return {
    id,
    aliases,
    severity,
    title,
    uri: uri !== undefined && /^https?:\/\/[^\s<>"]+$/.test(uri) ? uri : undefined,
    package: { name, version, manager, path },
    fix,
    fixedIn,
    exploit,
    score,
    firstSeen: stamp(firstSeen),
    layer,
    platforms,
    change: facts.change,
    part: facts.part,
    epss: facts.epss,
    kev: facts.kev,
    origin: layer === undefined ? undefined : origins[layer],
    decision,
    rule: 'rule' in one ? one.rule : undefined,
    missing: 'missing' in one ? one.missing : undefined,
    waiver: 'waiver' in one ? waiverOf(one.waiver) : undefined,
    expiredWaiver: 'expired' in one && one.expired !== undefined ? waiverOf(one.expired) : undefined,
  }
}

function waiverOf({ id, owner, expires, reason }: Waiver): DocumentWaiver {
  return { id, owner, expires, reason }
}

function stamp(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}

/** Every text cleaned, every absent field left out. */
function clean<T>(value: unknown): T {
  const walk = (inner: unknown): unknown => {
    if (typeof inner === 'string') return cleanText(inner)
    if (Array.isArray(inner)) return inner.map(walk)
    if (typeof inner !== 'object' || inner === null) return inner
    return Object.fromEntries(
      Object.entries(inner).flatMap(([key, field]) => (field === undefined ? [] : [[key, walk(field)]])),
    )
  }
  return walk(value) as T
}
