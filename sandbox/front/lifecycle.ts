import { isRecord } from './http.ts'
import { parseManifest } from './images.ts'
import type { DatedImage } from './moto.ts'

interface Rule {
  readonly rulePriority: number
  readonly selection: {
    readonly tagStatus: 'tagged' | 'untagged' | 'any'
    readonly tagPatternList?: readonly string[]
    readonly tagPrefixList?: readonly string[]
    readonly countType: string
    readonly countNumber: number
  }
  readonly action: { readonly type: string }
}

/** An image that a rule takes away. */
export interface Taken {
  readonly image: DatedImage
  readonly action: 'EXPIRE' | 'TRANSITION'
  readonly rule: number
}

/**
 * What a lifecycle policy takes away, as ECR decides it (user guide: "How lifecycle policies work"): every rule is
 * evaluated on all images, counts those that others take, too, and takes none that the tags of a rule before it select.
 * What an index refers to stays. `images` are in the order in which they were pushed. Nothing here is ever pulled or
 * archived: an age since a pull is one since the push, and no rule is about the archive.
 */
export function takenBy(policy: string, images: readonly DatedImage[], now: number): readonly Taken[] {
  const parsed: unknown = JSON.parse(policy)
  const rules = (isRecord(parsed) && Array.isArray(parsed.rules) ? (parsed.rules as Rule[]) : []).toSorted(
    (a, b) => a.rulePriority - b.rulePriority,
  )
  const children = new Set(
    images.flatMap(({ manifest }) => parseManifest(manifest).manifests?.map(({ digest }) => digest) ?? []),
  )
  const free = images.filter(({ digest }) => !children.has(digest)).toReversed()
  const taken: Taken[] = []
  for (const [index, { rulePriority, selection, action }] of rules.entries()) {
    if (selection.countType === 'sinceImageTransitioned') continue
    const matching = free.filter(image => selects(selection, image))
    const aged = (image: DatedImage): boolean => now - image.pushedAt > selection.countNumber * 24 * 3_600_000
    const over =
      selection.countType === 'imageCountMoreThan' ? matching.slice(selection.countNumber) : matching.filter(aged)
    const before = rules.slice(0, index)
    for (const image of over) {
      if (before.some(rule => selects(rule.selection, image))) continue
      taken.push({ image, action: action.type === 'transition' ? 'TRANSITION' : 'EXPIRE', rule: rulePriority })
    }
  }
  return taken
}

function selects({ tagStatus, tagPatternList, tagPrefixList }: Rule['selection'], { tags }: DatedImage): boolean {
  if (tagStatus === 'any') return true
  if (tagStatus === 'untagged') return tags.length === 0
  const patterns = tagPatternList ?? tagPrefixList?.map(prefix => `${prefix}*`) ?? []
  return patterns.every(pattern => {
    const form = new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`)
    return tags.some(tag => form.test(tag))
  })
}

function escaped(text: string): string {
  return text.replaceAll(/[.\\+?^${}()|[\]]/g, String.raw`\$&`)
}
