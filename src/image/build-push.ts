import { mkdtemp, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Session } from '../identity/model.ts'
import { withDockerConfig } from '../registry/docker-folder.ts'
import type { Ecr } from '../registry/ecr.ts'
import { ecr } from '../registry/ecr.ts'
import type { Manifest } from '../registry/manifest.ts'
import { runnable } from '../registry/manifest.ts'
import type { OciRegistry } from '../registry/oci.ts'
import { ociRegistry } from '../registry/oci.ts'
import { readLayout } from '../registry/push/layout.ts'
import type { Layout, PushResult } from '../registry/push/model.ts'
import { platformDigests, pushPlan } from '../registry/push/plan.ts'
import { registryPusher, type Pusher } from '../registry/push/pusher.ts'
import { formatReference, isRepository } from '../registry/reference.ts'
import type { RegistryLogin } from '../registry/registry-login.ts'
import type { Context } from '../runtime/context.ts'
import { RemoteError, UserError } from '../runtime/errors.ts'
import { filesBelow } from '../runtime/files.ts'
import { runBuild } from './build.ts'
import { buildInputs, inputsLabel } from './build-inputs.ts'
import { secretLike } from './buildx.ts'
import { commitTime } from './commit.ts'
import { giveTags, isHeld } from './conflict.ts'
import type { BuildRequest, BuildResult, BuildSource } from './model.ts'
import type { FoundBuild, StoredBuild, Wanted } from './reuse.ts'
import { findBuilt, platformsOf, readConfig, tagHeld, whyNotUsed } from './reuse.ts'
import { imageTags, ociLabels } from './tags.ts'

export interface BuildPorts {
  readonly session: Session
  readonly context: Context
  /** Control plane; made from the session unless given. */
  readonly ecr?: Ecr
  /** Data plane; made from the login unless given. */
  readonly registry?: (login: RegistryLogin) => OciRegistry
  /** Pushes what was built; made from the login unless given. */
  readonly pusher?: (login: RegistryLogin) => Pusher
}

/**
 * Builds an image, pushes it to ECR and reads its digest back from the registry.
 * A commit is built once with the same inputs: a re-run finds its tag, and reuses the image whose labels prove both.
 * Throws UserError, DeniedError or RemoteError.
 */
export async function buildAndPush(request: BuildRequest, ports: BuildPorts): Promise<BuildResult> {
  const { context, session } = ports
  const { clock, signal } = context
  const startedAt = clock.now()
  const source = await checkSource(request, context.workspace)
  warnOfSecrets(request, context)
  const plan = planOf(request, source, context)
  const control = ports.ecr ?? (await ecr(session))
  const login = await control.login(secret => context.mask(secret), signal)
  const registry = ports.registry?.(login) ?? ociRegistry(login, { clock })
  const again = (): Promise<RegistryLogin> => control.login(secret => context.mask(secret), signal)
  const push = ports.pusher?.(login) ?? registryPusher(login, { login: again, context })
  const made = await reuseOrBuild(plan, { context, login, registry, push })
  const { manifest, platforms, skipped, pushed } = made
  const { digest } = manifest
  const { repository, onConflict } = request
  const tagging = { repository, digest, tags: made.tags ?? plan.tags, onConflict }
  const tags = await giveTags(tagging, all => addTags(manifest, repository, all, registry, signal), registry, signal)
  tellOfSuffixes(plan.tags, tags, context)
  const image = formatReference({ registry: control.host, repository, digest })
  const seconds = (clock.now() - startedAt) / 1000
  const done = { image, repository, digest, tags, platforms, skipped, seconds }
  return { ...done, digests: digestsOf(manifest, platforms), ...(pushed === undefined ? {} : { pushed }) }
}

/** A workflow that looks for a tag has to learn that it has another name. */
function tellOfSuffixes(wanted: readonly string[], given: readonly string[], { log }: Context): void {
  for (const [index, tag] of given.entries()) {
    const asked = wanted[index]
    if (tag !== asked) log.warn(`The tag ${asked} names another image and may not move: this one has the tag ${tag}.`)
  }
}

/** Digest of each platform; of a plain image its own. */
function digestsOf({ kind, children, digest }: Manifest, [only]: readonly string[]): Readonly<Record<string, string>> {
  if (kind === 'image') return only === undefined ? {} : { [only]: digest }
  const named = runnable(children).flatMap(child =>
    child.platform === undefined ? [] : [[child.platform, child.digest]],
  )
  return Object.fromEntries(named) as Record<string, string>
}

/** All that is known before anyone is asked. */
interface Plan {
  readonly request: BuildRequest
  readonly source: BuildSource
  readonly wanted: Wanted
  /** The wanted one first. */
  readonly tags: readonly string[]
}

interface Outcome extends StoredBuild {
  readonly skipped: boolean
  readonly pushed?: PushResult
  /** Those that it was pushed with. */
  readonly tags?: readonly string[]
}

interface Connected {
  readonly context: Context
  readonly login: RegistryLogin
  readonly registry: OciRegistry
  readonly push: Pusher
}

function planOf(request: BuildRequest, source: BuildSource, { github, workspace }: Context): Plan {
  const { hash, suffix } = buildInputs(request, source, { workspace, sha: github.sha })
  const { sha, ref } = github
  const { primary, all } = imageTags({
    sha,
    ref,
    ...(suffix === undefined ? {} : { suffix }),
    ...(request.tags === undefined ? {} : { given: request.tags }),
  })
  return { request, source, wanted: { repository: request.repository, tag: primary, sha, inputs: hash }, tags: all }
}

async function reuseOrBuild(plan: Plan, connected: Connected): Promise<Outcome> {
  const { log, signal } = connected.context
  const { repository, tag } = plan.wanted
  // Asked even without reuse: it finds a missing repository or permission before the build, not after it.
  const before = await findBuilt(plan.wanted, connected.registry, signal)
  if (before === undefined) return build(plan, connected)
  if (mayUse(before, plan)) {
    log.info(`${repository}:${tag} is in the registry already: nothing to build.`)
    return { ...before, skipped: true }
  }
  log.info(`${repository}:${tag} is in the registry, but ${whyNotUsed(before.proof)}: it is built again.`)
  return build(plan, connected, before)
}

function mayUse({ proof }: FoundBuild, { request }: Plan): boolean {
  return proof === 'same' && request.reuse !== false
}

async function checkSource({ repository, context = '.', file }: BuildRequest, workspace: string): Promise<BuildSource> {
  if (!isRepository(repository)) {
    throw new UserError('input-repository', `"${repository}" is no name of an ECR repository.`, {
      todo: 'Use the name without the registry host, such as shop/api.',
    })
  }
  const files = filesBelow(workspace)
  if ((await files.kind(context)) !== 'folder') {
    throw new UserError('input-context', `There is no folder "${context}" in the checkout.`, {
      todo: 'Correct the input context, and check that actions/checkout runs before this step.',
    })
  }
  const dockerfile = file ?? join(context, 'Dockerfile')
  if ((await files.kind(dockerfile)) !== 'file') {
    throw new UserError('input-file', `There is no Dockerfile at "${dockerfile}".`, {
      todo: 'Correct the input file, or the input context.',
    })
  }
  return { folder: resolve(workspace, context), file: resolve(workspace, dockerfile) }
}

function warnOfSecrets({ buildArgs = {}, secrets = {} }: BuildRequest, context: Context): void {
  for (const value of Object.values(secrets)) context.mask(value)
  const named = secretLike(Object.keys(buildArgs))
  if (named.length > 0)
    context.log.warn(
      `Build arguments stay readable in the image and its provenance: pass ${named.join(', ')} as a build secret instead.`,
    )
}

/** Builds, or finds that a run beside this one just did. `before` is the unused image that had the tag at the start. */
async function build(plan: Plan, connected: Connected, before?: FoundBuild): Promise<Outcome> {
  const { wanted } = plan
  const { context, registry } = connected
  try {
    const { digest, pushed, tags } = await buildOnce(plan, connected)
    const stored = await readBack(digest, { ...wanted, tag: tags[0] ?? wanted.tag }, registry, context.signal)
    return { ...stored, skipped: false, tags, ...(pushed === undefined ? {} : { pushed }) }
  } catch (thrown) {
    if (!isHeld(thrown)) throw thrown
    const now = await findBuilt(wanted, registry, context.signal)
    if (now !== undefined && mayUse(now, plan)) {
      context.log.info(`Another run pushed ${wanted.repository}:${wanted.tag} meanwhile: its image is used.`)
      return { ...now, skipped: true }
    }
    const held = now !== undefined && (now.proof !== 'same' || now.manifest.digest === before?.manifest.digest)
    if (held && plan.request.onConflict === 'reuse') {
      context.log.warn(
        `${thrown.message} The image that has the tag is used, as on-conflict says: it ${whyNotUsed(now.proof)}.`,
      )
      return { ...now, skipped: true }
    }
    throw held ? tagHeld(wanted, now, thrown.message) : thrown
  }
}

interface PushedBuild {
  /** As the builder says it, or as it was pushed. */
  readonly digest: string | undefined
  /** Absent when the builder pushed by itself. */
  readonly pushed?: PushResult
  readonly tags: readonly string[]
}

/** Builds with labels that prove commit and inputs, and pushes what the builder left. */
async function buildOnce({ request, source, wanted, tags }: Plan, connected: Connected): Promise<PushedBuild> {
  const { context, login, registry, push } = connected
  const { github, workspace, exec, signal } = context
  const committed = await commitTime(github.sha, workspace, exec, signal)
  const standard = ociLabels({
    sha: github.sha,
    ref: github.ref,
    source: github.runUrl.replace(/\/actions\/.*$/, ''),
    ...(committed === undefined ? {} : { committed }),
  })
  const labels = { ...request.labels, ...standard, [inputsLabel]: wanted.inputs }
  const { tempFolder, loginFiles } = context
  const names = tags.map(tag => formatReference({ registry: login.host, repository: request.repository, tag }))
  const layout = await mkdtemp(join(tempFolder, 'slipway-image-'))
  try {
    const built = await withDockerConfig([login], { tempFolder, existing: loginFiles.docker }, dockerConfig =>
      runBuild({ request, source, names, labels, committed, dockerConfig, layout }, context),
    )
    if (built.kind === 'pushed') return { digest: built.digest, tags }
    const made = await readLayout(layout)
    const stored = await registry.manifest(request.repository, wanted.tag, signal)
    const { repository, onConflict } = request
    if (stored !== undefined && sameImages(stored, made)) {
      const pushed = asStored(stored, made, { host: login.host, repository, tag: wanted.tag })
      return { digest: pushed.digest, pushed, tags }
    }
    let pushed: PushResult | undefined
    const { digest } = made.root.descriptor
    const pushAs = async (all: readonly string[]): Promise<void> => {
      pushed = await push({ layout: made, repository, tags: all })
    }
    const given = await giveTags({ repository, digest, tags, onConflict }, pushAs, registry, signal)
    return { digest, tags: given, ...(pushed === undefined ? {} : { pushed }) }
  } finally {
    await rm(layout, { recursive: true, force: true })
  }
}

/** An attestation says when it was made, so that two are never equal: the images beside it decide. */
function sameImages(stored: Manifest, { root }: Layout): boolean {
  const made = Object.values(platformDigests(root)).toSorted()
  const there = stored.kind === 'image' ? [stored.digest] : runnable(stored.children).map(({ digest }) => digest)
  return made.length > 0 && made.join() === there.toSorted().join()
}

/** What was built is in the registry already, bit for bit: nothing is pushed. */
function asStored(
  { digest, mediaType }: Manifest,
  { root }: Layout,
  { host, repository, tag }: { readonly host: string; readonly repository: string; readonly tag: string },
): PushResult {
  const blobs = pushPlan(root).blobs.map(blob => ({ ...blob, how: 'reused' as const }))
  return { host, repository, digest, mediaType, blobs, manifests: 0, tags: [{ tag, pushed: false }], seconds: 0 }
}

/** What the registry stores is the truth: buildx's own digest is only compared to it. */
async function readBack(
  digest: string | undefined,
  { repository, tag }: Wanted,
  registry: OciRegistry,
  signal: AbortSignal,
): Promise<StoredBuild> {
  const manifest = await registry.manifest(repository, tag, signal)
  if (manifest === undefined || (digest !== undefined && manifest.digest !== digest)) {
    throw new RemoteError(
      'digest-mismatch',
      `The tag ${tag} of "${repository}" is ${manifest?.digest ?? 'not there'} after the push of ${digest ?? 'an image'}.`,
      {
        why: 'Another run pushed the same tag at the same time, or the push was not stored.',
        todo: 'Run the job again, and let only one run build a commit (concurrency).',
      },
    )
  }
  const config = manifest.kind === 'image' ? await readConfig(manifest, repository, registry, signal) : undefined
  return { manifest, platforms: platformsOf(manifest, config) }
}

/** After a reuse, tags that are new in this run are added to the stored image; after a build they are all there. */
async function addTags(
  manifest: Manifest,
  repository: string,
  tags: readonly string[],
  registry: OciRegistry,
  signal: AbortSignal,
): Promise<void> {
  for (const tag of tags) {
    if ((await registry.head(repository, tag, signal)) !== manifest.digest)
      await registry.tag(repository, tag, manifest, signal)
  }
}
