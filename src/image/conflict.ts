import { digestTag } from './tags.ts'
import type { OciRegistry } from '../registry/oci.ts'
import { UserError } from '../runtime/errors.ts'

/**
 * What to do when a tag may not move and names another image:
 * - `fail`: say so, with both digests
 * - `reuse`: of the tag that names the commit, use the image that has it
 * - `suffix`: give the image that tag with the beginning of its digest behind it
 */
export type OnConflict = 'fail' | 'reuse' | 'suffix'

export interface Tagging {
  readonly repository: string
  readonly digest: string
  readonly tags: readonly string[]
  readonly onConflict: OnConflict | undefined
}

export const isHeld = (thrown: unknown): thrown is UserError =>
  thrown instanceof UserError && thrown.code === 'ecr-tag-immutable'

/**
 * Calls `give` with the tags, which it gives in their order. One that is refused gets a suffix where that is asked for,
 * and all are given again; the others stay as they are, for some of them may move. Returns the tags that the image has.
 * Throws what `give` throws.
 */
export async function giveTags(
  { repository, digest, tags, onConflict }: Tagging,
  give: (tags: readonly string[]) => Promise<void>,
  registry: OciRegistry,
  signal: AbortSignal,
): Promise<readonly string[]> {
  let wanted = tags
  for (;;) {
    try {
      await give(wanted)
      return wanted
    } catch (thrown) {
      if (onConflict !== 'suffix' || !isHeld(thrown)) throw thrown
      const held = await firstHeld(wanted, repository, digest, registry, signal)
      // One with the suffix that is refused too names a stranger's image: no second one is tried.
      if (held === undefined || !tags.includes(held)) throw thrown
      wanted = wanted.map(tag => (tag === held ? digestTag(tag, digest) : tag))
    }
  }
}

/** Those before it were given; it names another image still. */
async function firstHeld(
  tags: readonly string[],
  repository: string,
  digest: string,
  registry: OciRegistry,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const tag of tags) if ((await registry.head(repository, tag, signal)) !== digest) return tag
  return undefined
}
