import type { Session } from '../identity/model.ts'
import type { ImageCheck } from '../rollout/model.ts'
import { DeniedError, SlipwayError } from '../runtime/errors.ts'
import type { Ecr, EcrOptions } from './ecr.ts'
import { ecr } from './ecr.ts'
import type { Manifest } from './manifest.ts'
import { normalizePlatform, runnable } from './manifest.ts'
import type { ImageReference } from './reference.ts'
import { parseEcrHost, parseReference } from './reference.ts'

export interface ImageCheckOptions extends Pick<EcrOptions, 'requestHandler'> {
  /** Platforms of the cluster's nodes, such as `linux/arm64`. With none given, any image that can run somewhere is present. */
  readonly platforms?: readonly string[]
}

/**
 * ECR as the second source that agrees or disagrees with a kubelet about an image.
 * Never throws for what it cannot see (another registry, a missing permission): that is `unknown`.
 */
export function ecrImageCheck(session: Session, options: ImageCheckOptions = {}): ImageCheck {
  return {
    async check(image, signal, platform) {
      const wanted = [...(options.platforms ?? []), ...(platform === undefined ? [] : [platform])].map(
        normalizePlatform,
      )
      const asked = askable(image)
      if (asked === undefined) return 'unknown'
      const { reference, registry } = asked
      try {
        const source = await ecr(session, { ...options, registry })
        return await look(source, reference, wanted, signal)
      } catch (thrown) {
        signal?.throwIfAborted()
        // Codes that ECR gives only for what is certainly not there.
        if (
          thrown instanceof SlipwayError &&
          /^ecr-(repository-missing|image-missing|image-archived)$/.test(thrown.code)
        )
          return 'absent'
        return 'unknown'
      }
    },
  }
}

async function look(
  source: Ecr,
  reference: ImageReference,
  wanted: readonly string[],
  signal?: AbortSignal,
): Promise<'present' | 'absent' | 'no-platform'> {
  const id = reference.digest === undefined ? { tag: reference.tag ?? 'latest' } : { digest: reference.digest }
  const manifest = await source.manifest(reference.repository, id, signal)
  if (manifest === undefined) return 'absent'
  if (!offers(manifest, wanted)) return 'no-platform'
  return (await isArchived(source, reference.repository, manifest.digest, signal)) ? 'absent' : 'present'
}

function offers(manifest: Manifest, wanted: readonly string[]): boolean {
  // The platform of a plain image is in its configuration, which BatchGetImage does not give: no claim is made.
  if (manifest.kind === 'image') return true
  const children = runnable(manifest.children)
  if (children.length === 0) return false
  return wanted.every(platform => children.some(child => child.platform === undefined || child.platform === platform))
}

/** Archived images still have a manifest in the API, but a pull of them is answered with 404. */
async function isArchived(source: Ecr, repository: string, digest: string, signal?: AbortSignal): Promise<boolean> {
  try {
    return (await source.describe(repository, digest, signal))?.status === 'archived'
  } catch (thrown) {
    if (thrown instanceof DeniedError) return false
    throw thrown
  }
}

function askable(
  image: string,
): { reference: ImageReference; registry: { accountId: string; region: string } } | undefined {
  try {
    const reference = parseReference(image)
    const registry = parseEcrHost(reference.registry)
    return registry === undefined ? undefined : { reference, registry }
  } catch {
    return undefined
  }
}
