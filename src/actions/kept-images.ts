import type { Session } from '../identity/model.ts'
import { connectEks } from '../kubernetes/eks.ts'
import { parseEcrHost, parseReference } from '../registry/reference.ts'
import type { KeptImage } from '../registry/repository/kept-images.ts'
import type { ReleaseRecord } from '../rollout/model.ts'
import { wentWell } from '../rollout/record/leftovers.ts'
import { recordedApplications, releaseStore } from '../rollout/record/record.ts'
import type { Context } from '../runtime/context.ts'
import type { NamedDigest, ReleasePlace } from './repository-settings.ts'

/**
 * Images that have to stay: those of the input `keep-digests`, and those of recorded releases that a rollback could
 * bring back. A place without a record is worth a word: a guard that guards nothing would be believed.
 */
export async function keptImages(
  { digests, places }: { readonly digests: readonly NamedDigest[]; readonly places: readonly ReleasePlace[] },
  session: Session,
  context: Context,
): Promise<readonly KeptImage[]> {
  const kept = digests.map(ofInput)
  for (const place of places) kept.push(...(await ofPlace(place, session, context)))
  return kept
}

function ofInput({ digest, image }: NamedDigest): KeptImage {
  const because = 'the input keep-digests'
  if (image === undefined) return { digest, because }
  const slash = image.indexOf('/')
  const host = image.slice(0, Math.max(0, slash))
  const name = parseEcrHost(host) === undefined ? image : image.slice(slash + 1)
  return { digest, repository: name.replace(/:[^:/]*$/, ''), because }
}

async function ofPlace(
  { cluster: name, namespace, application }: ReleasePlace,
  session: Session,
  context: Context,
): Promise<readonly KeptImage[]> {
  const cluster = await connectEks({ cluster: name, session, namespace, writes: false, context })
  try {
    const named =
      application === undefined ? await recordedApplications(cluster, namespace, context.signal) : [application]
    const kept: KeptImage[] = []
    for (const one of named) {
      const records = await releaseStore(namespace, one, { cluster, log: context.log }).list(context.signal)
      kept.push(...imagesOfRecords(records, `${one} in ${name}/${namespace}`))
    }
    if (kept.length === 0)
      context.log.warn(
        `No release with an image of ECR is recorded for ${[name, namespace, application].filter(Boolean).join('/')}: it keeps nothing.`,
      )
    return kept
  } catch (thrown) {
    throw await cluster.doctor.explain(thrown)
  } finally {
    await cluster.close()
  }
}

/** Of releases that went well, and of those that run or whose run died: the next rollback may lead to any of them. */
export function imagesOfRecords(records: readonly ReleaseRecord[], where: string): readonly KeptImage[] {
  return records
    .filter(record => wentWell(record) || record.verdict === undefined)
    .flatMap(({ revision, images }) =>
      images.flatMap((image): readonly KeptImage[] => {
        if (parseEcrHost(image.slice(0, Math.max(0, image.indexOf('/')))) === undefined) return []
        const { repository, digest } = parseReference(image)
        return digest === undefined ? [] : [{ digest, repository, because: `release r${revision} of ${where}` }]
      }),
    )
}
