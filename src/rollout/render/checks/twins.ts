import { identityOf, nameOf } from '../../../kubernetes/names.ts'
import { sayPlace, UserError } from '../../../runtime/errors.ts'
import type { Manifest } from '../model.ts'

/** Throws UserError when two manifests are one object: whichever is applied later would silently win. Pure. */
export function refuseTwins(manifests: readonly Manifest[], namespace: string): void {
  const seen = new Map<string, Manifest>()
  for (const manifest of manifests) {
    const { object, place } = manifest
    const { metadata } = object
    const key = identityOf({ ...object, metadata: { ...metadata, namespace: metadata.namespace ?? namespace } })
    const first = seen.get(key)
    if (first) {
      throw new UserError(
        'manifest-twice',
        `${nameOf(object)} is there twice, at ${sayPlace(first.place)} and ${sayPlace(place)}.`,
        { todo: 'Keep one of the two; the later one would silently win.', place },
      )
    }
    seen.set(key, manifest)
  }
}
