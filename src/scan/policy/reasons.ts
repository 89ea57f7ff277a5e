import type { Finding } from '../findings.ts'
import type { Judged, PlatformScan, Reason } from '../model.ts'
import type { Missing } from './rule.ts'

/** Why a kind of knowledge is missing, as the end of a sentence: `the image that runs was never scanned`. */
export type WhyMissing = Readonly<Partial<Record<Missing, string>>>

interface Wording {
  readonly code: string
  /** `ids`: whom it is about, one or several. */
  readonly says: (ids: string, why: string) => string
  /** Why, unless the scene knows better. */
  readonly usual: string
  readonly todo: string
}

const basic = 'basic scans do not say it'

const wordings: Readonly<Partial<Record<Missing, Wording>>> = {
  fix: {
    code: 'scan-fix-unknown',
    says: (ids, why) => `Nobody says whether there is a fix for ${ids}: ${why}.`,
    usual: 'basic scans carry no fix information',
    todo: 'Use enhanced scanning, or a rule without "fixable".',
  },
  age: {
    code: 'scan-age-unknown',
    says: (ids, why) => `Nobody says since when ${ids} is known: ${why}.`,
    usual: basic,
    todo: 'Use enhanced scanning, or a rule without "fix>".',
  },
  exploit: {
    code: 'scan-exploit-unknown',
    says: (ids, why) => `Nobody says whether there is an exploit for ${ids}: ${why}.`,
    usual: basic,
    todo: 'Use enhanced scanning, or a rule without "exploit".',
  },
  kev: {
    code: 'scan-kev-unknown',
    says: (ids, why) => `Whether ${ids} is exploited in the wild (KEV) is not known: ${why}.`,
    usual: 'the catalogue could not be read',
    todo: 'Let the runner reach www.cisa.gov, or use a rule without "kev".',
  },
  epss: {
    code: 'scan-epss-unknown',
    says: (ids, why) => `The probability of an exploit (EPSS) of ${ids} is not known: ${why}.`,
    usual: 'the scores could not be read',
    todo: 'Let the runner reach api.first.org, or use a rule without "epss".',
  },
  layer: {
    code: 'scan-layer-unknown',
    says: (ids, why) => `Whether ${ids} came with the base image is not known: ${why}.`,
    usual: 'layers are not looked into yet',
    todo: 'Use a rule without "base" and "app".',
  },
  path: {
    code: 'scan-path-unknown',
    says: (ids, why) => `Where in the image ${ids} is, is not known: ${why}.`,
    usual: 'the scan names no path',
    todo: 'Use a rule without "path".',
  },
  change: {
    code: 'scan-baseline-unknown',
    says: (ids, why) => `Whether this change brings ${ids} is not known: ${why}.`,
    usual: 'the image to compare with has no result',
    todo: 'Scan the image that runs, or use a rule without "introduced".',
  },
}

/** What rules wanted to know and nobody says: one reason for each kind of knowledge. */
export function missingReasons(judged: readonly Judged[], why: WhyMissing = {}): readonly Reason[] {
  return Object.entries(wordings).flatMap(([missing, wording]) => {
    const open = judged.filter(one => one.decision === 'open' && one.missing.some(kind => kind === missing))
    if (open.length === 0 || wording === undefined) return []
    const { code, says, usual, todo } = wording
    return [{ code, says: says(sayIds(open.map(({ finding }) => finding)), why[missing as Missing] ?? usual), todo }]
  })
}

/** Platforms without a result, each with its reason. */
export function platformReasons(scans: readonly PlatformScan[]): readonly Reason[] {
  if (scans.length === 0) {
    return [
      {
        code: 'scan-no-platform',
        says: 'The image has no platform that could be scanned.',
        todo: 'Check what was pushed under this digest.',
      },
    ]
  }
  return scans.flatMap(scan =>
    scan.state === 'inconclusive' ? [{ ...scan.reason, says: `${scan.platform}: ${scan.reason.says}` }] : [],
  )
}

function sayIds(findings: readonly Finding[]): string {
  const [first, ...others] = [...new Set(findings.map(({ id }) => id))]
  return others.length === 0 ? (first ?? '') : `${first ?? ''} and ${others.length} more`
}
