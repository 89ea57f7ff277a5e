import type { EnhancedImageScanFinding, ImageScanFinding, VulnerablePackage } from '@aws-sdk/client-ecr'
import type { Instant } from '../runtime/clock.ts'

/** Worst first. `unrated` is whatever has no rating yet or one that we do not know: it is never dropped. */
export const severities = ['critical', 'high', 'medium', 'low', 'informational', 'unrated'] as const
export type Severity = (typeof severities)[number]

/** One vulnerability in one package of an image: the same shape for basic and enhanced scans. */
export interface Finding {
  /** `CVE-2026-11111`, `GHSA-…` */
  readonly id: string
  readonly aliases: readonly string[]
  readonly severity: Severity
  readonly title: string
  readonly uri?: string
  readonly package: {
    readonly name: string
    readonly version: string
    readonly manager?: string
    readonly path?: string
  }
  /** `unknown` for basic scans: they carry no fix information (aws/containers-roadmap#1054). */
  readonly fix: 'yes' | 'no' | 'unknown'
  /** Smallest version that has the fix. */
  readonly fixedIn?: string
  /** True when an exploit is known. */
  readonly exploit?: boolean
  /** CVSS base score, 0 to 10. */
  readonly score?: number
  /** When the scanner first saw it in this image. */
  readonly firstSeen?: Instant
  /** Digest of the layer that brought the package. */
  readonly layer?: string
  /** Platforms of the image that have it, sorted. */
  readonly platforms: readonly string[]
}

/** A finding of a basic scan. Attribute names of the AWS-native scanner; the old scanner's CVSS2 score is read as well. */
export function fromBasic(raw: ImageScanFinding): Finding {
  const attribute = new Map((raw.attributes ?? []).map(({ key, value }) => [key ?? '', value ?? '']))
  const fixedIn = attribute.get('patched_version') ?? attribute.get('fixed_in_versions')
  const score = scoreOf(attribute.get('CVSS4_SCORE') ?? attribute.get('CVSS3_SCORE') ?? attribute.get('CVSS2_SCORE'))
  return {
    id: raw.name ?? 'unnamed',
    aliases: [],
    severity: severityOf(raw.severity),
    title: oneLine(raw.description) || (raw.name ?? 'unnamed'),
    ...(raw.uri === undefined ? {} : { uri: raw.uri }),
    package: {
      name: attribute.get('package_name') ?? 'unknown package',
      version: attribute.get('package_version') ?? '',
    },
    fix: fixedIn === undefined || fixedIn === '' ? 'unknown' : 'yes',
    ...(fixedIn === undefined || fixedIn === '' ? {} : { fixedIn }),
    ...(score === undefined ? {} : { score }),
    platforms: [],
  }
}

/** Findings of an enhanced scan: one of Amazon Inspector's becomes one for each package it names. */
export function fromEnhanced(raw: EnhancedImageScanFinding): readonly Finding[] {
  // Closed is gone; suppressed was accepted by the account's own Inspector rules.
  if (raw.status === 'CLOSED' || raw.status === 'SUPPRESSED') return []
  const details = raw.packageVulnerabilityDetails
  const id = details?.vulnerabilityId ?? raw.title ?? raw.findingArn ?? 'unnamed'
  const common = {
    id,
    aliases: details?.relatedVulnerabilities ?? [],
    severity: severityOf(raw.severity),
    title: oneLine(raw.title) || id,
    ...(details?.sourceUrl === undefined ? {} : { uri: details.sourceUrl }),
    ...(raw.exploitAvailable === undefined ? {} : { exploit: raw.exploitAvailable === 'YES' }),
    ...(raw.score === undefined ? {} : { score: raw.score }),
    ...(raw.firstObservedAt === undefined ? {} : { firstSeen: raw.firstObservedAt.getTime() }),
    platforms: [],
  }
  const packages = details?.vulnerablePackages ?? []
  if (packages.length === 0)
    return [{ ...common, package: { name: 'unknown package', version: '' }, fix: fixOf(raw.fixAvailable, undefined) }]
  return packages.map(found => {
    const fixedIn = knownVersion(found.fixedInVersion)
    return {
      ...common,
      package: {
        name: found.name ?? 'unknown package',
        version: versionOf(found),
        ...(found.packageManager === undefined ? {} : { manager: found.packageManager }),
        ...(found.filePath === undefined ? {} : { path: found.filePath }),
      },
      fix: fixOf(raw.fixAvailable, found.fixedInVersion),
      ...(fixedIn === undefined ? {} : { fixedIn }),
      ...(found.sourceLayerHash === undefined ? {} : { layer: found.sourceLayerHash }),
    }
  })
}

/** As the package's manager writes it, and as `fixedInVersion` is written: `1:2.3-4`; Inspector gives it in pieces. */
function versionOf({ epoch = 0, version = '', release }: VulnerablePackage): string {
  const whole = release === undefined || release === '' ? version : `${version}-${release}`
  return epoch > 0 && version !== '' ? `${epoch}:${whole}` : whole
}

/** Identity of a finding inside an image: pages and platforms may repeat it. */
export function keyOf({ id, package: { name, version, path } }: Finding): string {
  return [id, name, version, path ?? ''].join('\n')
}

/** Findings of all platforms as one list: each once with the platforms that have it, worst first, in a stable order. */
export function mergeFindings(
  scans: readonly { readonly platform: string; readonly findings: readonly Finding[] }[],
): readonly Finding[] {
  const merged = new Map<string, Finding>()
  for (const { platform, findings } of scans) {
    for (const finding of findings) {
      const before = merged.get(keyOf(finding))
      const platforms = [...new Set([...(before?.platforms ?? []), platform])].toSorted()
      merged.set(keyOf(finding), {
        ...(before === undefined || rank(finding) < rank(before) ? finding : before),
        platforms,
      })
    }
  }
  return [...merged.values()].toSorted(byRisk)
}

export function countBySeverity(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, informational: 0, unrated: 0 }
  for (const { severity } of findings) counts[severity]++
  return counts
}

/** ECR writes CRITICAL … UNDEFINED (basic) and UNTRIAGED (enhanced); a word we do not know is unrated. */
export function severityOf(text: string | undefined): Severity {
  const lower = text?.toLowerCase()
  return severities.find(severity => severity === lower) ?? 'unrated'
}

function rank({ severity }: Finding): number {
  return severities.indexOf(severity)
}

function byRisk(a: Finding, b: Finding): number {
  return rank(a) - rank(b) || (b.score ?? 0) - (a.score ?? 0) || compare(a.id, b.id) || compare(keyOf(a), keyOf(b))
}

/** By code unit: the same on every machine, which a locale's order is not. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function fixOf(available: string | undefined, fixedInVersion: string | undefined): Finding['fix'] {
  if (knownVersion(fixedInVersion) !== undefined) return 'yes'
  // PARTIAL: some of the packages have a fix, and this one names none.
  if (fixedInVersion !== undefined || available === 'NO' || available === 'PARTIAL') return 'no'
  return available === 'YES' ? 'yes' : 'unknown'
}

/** Inspector writes the literal `NotAvailable` where there is no fixed version. */
function knownVersion(version: string | undefined): string | undefined {
  return version === undefined || version === '' || version === 'NotAvailable' ? undefined : version
}

function scoreOf(text: string | undefined): number | undefined {
  const score = Number(text ?? Number.NaN)
  return Number.isFinite(score) ? score : undefined
}

function oneLine(text: string | undefined): string {
  const line = (text ?? '').replaceAll(/\s+/g, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}
