import type { Finding } from '../findings.ts'
import type { Change } from '../policy/rule.ts'

/** What is known of the image to compare with: the one that runs, or that of the base branch. */
export interface Baseline {
  /** `host/repository@sha256:…` */
  readonly image: string
  /** Where it was found: `runs in prod since release 12`, `is main at 4f2c9ab`. */
  readonly why: string
  readonly findings: readonly Finding[]
  /** Digests of all layers of all its platforms. Empty when they could not be read. */
  readonly layers: ReadonlySet<string>
  /** When the vulnerability data of its scan was updated; absent when the scan does not say. */
  readonly sourceUpdatedAt?: number
}

/** How an image differs from the one that it is compared with. */
export interface Difference {
  readonly changeOf: (finding: Finding) => Change
  /** Findings of the baseline that this image no longer has. */
  readonly fixed: readonly Finding[]
}

/**
 * Compares the findings of an image with a baseline. Versions are left out of the comparison: an update that stays
 * vulnerable changes nothing. What only this image has is newly disclosed when its layer is in the baseline too: the
 * package was there and nobody knew. Without layers (basic scans) it is introduced when the baseline was judged by
 * data at least as new; by older data nobody can tell. Pure.
 */
export function compareWith(
  findings: readonly Finding[],
  baseline: Baseline,
  sourceUpdatedAt: number | undefined,
): Difference {
  const before = new Map(baseline.findings.flatMap(finding => keysOf(finding).map(key => [key, finding] as const)))
  const after = new Set(findings.flatMap(keysOf))
  const sameData =
    sourceUpdatedAt !== undefined &&
    baseline.sourceUpdatedAt !== undefined &&
    baseline.sourceUpdatedAt >= sourceUpdatedAt
  const changeOf = (finding: Finding): Change => {
    if (keysOf(finding).some(key => before.has(key))) return 'unchanged'
    if (finding.layer !== undefined && baseline.layers.size > 0) {
      return baseline.layers.has(finding.layer) ? 'newly-disclosed' : 'introduced'
    }
    return sameData ? 'introduced' : 'unknown'
  }
  return { changeOf, fixed: baseline.findings.filter(finding => !keysOf(finding).some(key => after.has(key))) }
}

/** One key for each name of the vulnerability: a scanner may call by an alias what it called by another name before. */
function keysOf({ id, aliases, package: { name, manager = '', path = '' } }: Finding): readonly string[] {
  // Packages of the system have one place; those of a language are installed where their path says.
  const place = manager === 'OS' ? '' : path
  return [id, ...aliases].map(known => [known, manager, name, place].join('\n'))
}
