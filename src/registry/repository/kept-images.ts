import type { SelectedImage } from './live.ts'

/** An image that has to stay: somebody may roll back to it. */
export interface KeptImage {
  readonly digest: string
  /** The repository that it is in; absent for any. */
  readonly repository?: string
  /** Who needs it: `the input keep-digests`, `release r12 of shop in prod/shop`. */
  readonly because: string
}

/** Those of the images that are about a repository. */
export function keptIn(repository: string, kept: readonly KeptImage[]): readonly KeptImage[] {
  return kept.filter(one => one.repository === undefined || one.repository === repository)
}

/**
 * A sentence for each image that has to stay and that a lifecycle policy would take away, by itself or with the index
 * that holds it: `children` has the images of each index. An archived one counts: it cannot be pulled. Pure.
 */
export function lostTargets(
  repository: string,
  selected: readonly SelectedImage[],
  kept: readonly KeptImage[],
  children: ReadonlyMap<string, readonly string[]> = new Map(),
): readonly string[] {
  const ours = keptIn(repository, kept)
  return selected.flatMap(({ digest, tags, action, rule }) => {
    const held = children.get(digest) ?? []
    const lost = ours.filter(one => one.digest === digest || held.includes(one.digest))
    if (lost.length === 0) return []
    const reasons = [...new Set(lost.map(({ because }) => because))]
    const inside = [...new Set(lost.map(one => one.digest))].filter(one => one !== digest)
    const holds = inside.length === 0 ? '' : `, which holds ${inside.join(', ')},`
    const image = `${repository}@${digest}${tags.length === 0 ? '' : ` (${tags.join(', ')})`}`
    return [
      `lifecycle of ${repository} would ${action} ${image}${holds} by its rule ${rule}; it is needed by ${reasons.join(', ')}.`,
    ]
  })
}
