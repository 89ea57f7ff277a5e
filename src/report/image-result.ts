import type { BuildResult } from '../image/model.ts'

/** Rises when a reader of the format before could stumble over the new one; new fields alone do not raise it. */
const resultVersion = 1

/** A built image for programs: docs/image-result.md describes it. What is not known is absent. Pure. */
export function imageResult({ image, repository, digest, digests, tags, skipped, pushed }: BuildResult): object {
  const sum = (how: string): number =>
    (pushed?.blobs ?? []).filter(blob => blob.how === how).reduce((all, { size }) => all + size, 0)
  return {
    version: resultVersion,
    image,
    repository,
    digest,
    platforms: Object.entries(digests).map(([platform, one]) => ({ platform, digest: one })),
    tags,
    reused: skipped,
    ...(pushed === undefined
      ? {}
      : {
          mediaType: pushed.mediaType,
          blobs: pushed.blobs.map(({ digest: blob, size, mediaType, how }) => ({ digest: blob, size, mediaType, how })),
          bytes: { uploaded: sum('uploaded'), mounted: sum('mounted'), reused: sum('reused') },
        }),
  }
}
