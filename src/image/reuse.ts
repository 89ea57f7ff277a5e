import { DeniedError, UserError } from '../runtime/errors.ts'
import type { ImageConfig, OciRegistry } from '../registry/oci.ts'
import type { Manifest } from '../registry/manifest.ts'
import { normalizePlatform, runnable } from '../registry/manifest.ts'
import { inputsLabel } from './build-inputs.ts'
import { revisionLabel } from './tags.ts'

export interface Wanted {
  readonly repository: string
  /** The tag that names the commit. */
  readonly tag: string
  readonly sha: string
  /** Hash of the build's inputs. */
  readonly inputs: string
}

/** An image that was built before. */
export interface StoredBuild {
  readonly manifest: Manifest
  /** `linux/amd64` … as far as they can be told. */
  readonly platforms: readonly string[]
}

/** The image that has a tag, and whether its labels prove that it is what this build would make. */
export interface FoundBuild extends StoredBuild {
  readonly proof: 'same' | 'other-inputs' | 'no-label' | 'unreadable'
}

/**
 * The image that an earlier run pushed under the wanted tag; undefined when there is none.
 * The tag is the claim, the labels for commit and inputs are the proof. A label that names another commit is an error,
 * not a rebuild, because a push over it would change what a deployed tag means.
 */
export async function findBuilt(
  wanted: Wanted,
  registry: OciRegistry,
  signal?: AbortSignal,
): Promise<FoundBuild | undefined> {
  const manifest = await registry.manifest(wanted.repository, wanted.tag, signal)
  if (manifest === undefined) return undefined
  const config = await readConfig(manifest, wanted.repository, registry, signal)
  return { manifest, platforms: platformsOf(manifest, config), proof: proofOf(config, wanted) }
}

function proofOf(config: ImageConfig | undefined, wanted: Wanted): FoundBuild['proof'] {
  if (config === undefined) return 'unreadable'
  const revision = config.config?.Labels?.[revisionLabel]
  const inputs = config.config?.Labels?.[inputsLabel]
  if (revision !== undefined && revision !== wanted.sha) throw otherCommit(wanted, revision)
  if (revision === undefined || inputs === undefined) return 'no-label'
  return inputs === wanted.inputs ? 'same' : 'other-inputs'
}

/** Why an image under the wanted tag is not used, as the end of a sentence. */
export function whyNotUsed(proof: FoundBuild['proof']): string {
  return {
    same: 'was built with the same inputs, but reuse is off',
    'other-inputs': 'was built with other inputs',
    'no-label': 'does not say which inputs it was built with',
    unreadable: 'cannot be read by this role',
  }[proof]
}

/** For a tag that may not move, and that an image has which is not used. `refusal` names both images, where it can. */
export function tagHeld({ repository, tag }: Wanted, { proof, manifest }: FoundBuild, refusal: string): UserError {
  return new UserError(
    'image-tag-held',
    `The new image cannot have the tag ${tag} of "${repository}": the image that has it, ${manifest.digest}, ${whyNotUsed(proof)}.`,
    {
      why: `${refusal} Tags of this repository cannot move (immutable).`,
      todo: 'Set on-conflict to suffix or reuse, delete the tag in ECR, or give another repository. To use what is there, leave reuse on and let the role read images (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer).',
    },
  )
}

/** Platforms that a stored image runs on. */
export function platformsOf(manifest: Manifest, config: ImageConfig | undefined): readonly string[] {
  if (manifest.kind === 'index')
    return runnable(manifest.children).flatMap(({ platform }) => (platform === undefined ? [] : [platform]))
  if (config?.os === undefined || config.architecture === undefined) return []
  return [normalizePlatform([config.os, config.architecture, config.variant ?? ''].join('/'))]
}

/** Configuration of the image, or of the first platform of an index; undefined when the role may push but not pull. */
export async function readConfig(
  manifest: Manifest,
  repository: string,
  registry: OciRegistry,
  signal?: AbortSignal,
): Promise<ImageConfig | undefined> {
  try {
    const digest =
      manifest.kind === 'image' ? manifest.config : await firstConfig(manifest, repository, registry, signal)
    return digest === undefined ? undefined : await registry.config(repository, digest, signal)
  } catch (thrown) {
    if (thrown instanceof DeniedError) return undefined
    throw thrown
  }
}

async function firstConfig(
  index: Manifest,
  repository: string,
  registry: OciRegistry,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const [child] = runnable(index.children)
  return child === undefined ? undefined : (await registry.manifest(repository, child.digest, signal))?.config
}

function otherCommit({ repository, tag, sha }: Wanted, revision: string): UserError {
  return new UserError(
    'image-other-commit',
    `The tag ${tag} of "${repository}" holds an image of the commit ${revision}, not of ${sha}.`,
    {
      why: 'Someone gave this tag to another build.',
      todo: 'Delete that tag in ECR, then run the job again.',
    },
  )
}
