import type { SelectedImage } from './live.ts'

/** An image that has to stay: somebody may roll back to it. */
export interface KeptImage {
  readonly digest: string
  /** The repository that it is in; absent for any. */
  readonly repository?: string
  /** Who needs it: `the input keep-digests`, `release r12 of shop in prod/shop`. */
  readonly because: string
}

/**
 * A sentence for each image that has to stay and that a lifecycle policy would take away. An archived one counts: it
 * cannot be pulled. Children of an index need no mention, because ECR keeps them as long as their index. Pure.
 */
export function lostTargets(
  repository: string,
  selected: readonly SelectedImage[],
  kept: readonly KeptImage[],
): readonly string[] {
  const ours = kept.filter(one => one.repository === undefined || one.repository === repository)
  return selected.flatMap(({ digest, tags, action, rule }) => {
    const reasons = [...new Set(ours.filter(one => one.digest === digest).map(({ because }) => because))]
    if (reasons.length === 0) return []
    const image = `${repository}@${digest}${tags.length === 0 ? '' : ` (${tags.join(', ')})`}`
    return [
      `lifecycle of ${repository} would ${action} ${image} by its rule ${rule}; it is needed by ${reasons.join(', ')}.`,
    ]
  })
}
