import { RemoteError, UserError } from '../../runtime/errors.ts'
import { inParallel } from '../../runtime/parallel.ts'
import { explainRefusal, type Doing } from './answers.ts'
import type { Budget } from './budget.ts'
import { blobPath } from './layout.ts'
import { headManifest, isGap, isTagRefusal, putManifest } from './manifests.ts'
import type { Descriptor, Layout, ManifestNode, PushedBlob, PushedTag, PushResult } from './model.ts'
import { pushPlan } from './plan.ts'
import { uploadProgress, type Progress } from './progress.ts'
import type { Talk } from './talk.ts'
import { ensureBlob, hasBlob } from './upload.ts'

export interface PushRequest {
  readonly layout: Layout
  readonly repository: string
  readonly tags: readonly string[]
  /** A repository of the same registry that may have the layers already. */
  readonly mountFrom?: string
}

export interface PushPorts {
  readonly talk: Talk
  /** For PUTs of manifests; shared by all pushes to one account and region. */
  readonly budget: Budget
}

/** Uploads in parallel. */
const parallel = 4

/**
 * Pushes an image or an index: its blobs, then its manifests from the leaves up, then its tags. What the registry has
 * is not sent; a push that was killed goes on where it was. A tag leads to the image only when all of it is there.
 * Throws UserError, DeniedError or RemoteError, with the registry's own words.
 */
export async function pushImage(request: PushRequest, ports: PushPorts): Promise<PushResult> {
  const { talk } = ports
  const { clock, log } = talk.ports
  const since = clock.now()
  const { layout, repository } = request
  const plan = pushPlan(layout.root)
  const progress = uploadProgress(clock, log)
  const { digest, mediaType } = layout.root.descriptor
  // One question saves all others where nothing is new.
  const complete =
    (await doing(talk, repository, `look for ${digest}`, () => headManifest(repository, digest, talk))) === digest
  const blobs = complete
    ? plan.blobs.map(blob => ({ ...blob, how: 'reused' as const }))
    : await inParallel(plan.blobs, parallel, blob => pushBlob(blob, request, talk, progress))
  let manifests = 0
  for (const node of complete ? [] : plan.manifests) if (await pushManifest(node, request, ports, progress)) manifests++
  const tags: PushedTag[] = []
  for (const tag of request.tags) tags.push(await pushTag(tag, request, ports))
  return {
    host: talk.host,
    repository,
    digest,
    mediaType,
    blobs,
    manifests,
    tags,
    seconds: (clock.now() - since) / 1_000,
  }
}

async function pushBlob(
  blob: Descriptor,
  { layout, repository, mountFrom }: PushRequest,
  talk: Talk,
  progress: Progress,
): Promise<PushedBlob> {
  const upload = {
    repository,
    blob,
    file: blobPath(layout.folder, blob.digest),
    ...(mountFrom === undefined ? {} : { from: mountFrom }),
  }
  const how = await doing(talk, repository, `store the layer ${blob.digest}`, () => ensureBlob(upload, talk, progress))
  return { ...blob, how }
}

/** False when the registry had it. */
async function pushManifest(
  node: ManifestNode,
  request: PushRequest,
  { talk, budget }: PushPorts,
  progress: Progress,
): Promise<boolean> {
  const { repository } = request
  const { digest } = node.descriptor
  return doing(talk, repository, `store the manifest ${digest}`, async () => {
    if ((await headManifest(repository, digest, talk)) === digest) return false
    const put = { repository, node, reference: digest }
    try {
      await putManifest(put, talk, budget)
    } catch (thrown) {
      if (!isGap(thrown)) throw thrown
      // A layer that was there a moment ago: a clean-up of the registry took it. Once more, for sure.
      for (const blob of node.blobs)
        if (!(await hasBlob({ repository, blob }, talk))) await pushBlob(blob, request, talk, progress)
      await putManifest(put, talk, budget)
    }
    return true
  })
}

async function pushTag(
  tag: string,
  { layout: { root }, repository }: PushRequest,
  { talk, budget }: PushPorts,
): Promise<PushedTag> {
  const { digest } = root.descriptor
  return doing(talk, repository, `give the image the tag ${tag}`, async () => {
    if ((await headManifest(repository, tag, talk)) === digest) return { tag, pushed: false }
    try {
      await putManifest({ repository, node: root, reference: tag }, talk, budget)
      // What the registry says afterwards is the truth: where tags may move, another run may have been a little later.
      const holder = await headManifest(repository, tag, talk)
      if (holder !== digest) throw overtaken({ tag, repository, holder, digest })
      return { tag, pushed: true }
    } catch (thrown) {
      if (!isTagRefusal(thrown)) throw thrown
      const holder = await headManifest(repository, tag, talk)
      // Another run was faster with the same image.
      if (holder === digest) return { tag, pushed: false }
      throw tagHeldBy({ tag, repository, holder, digest })
    }
  })
}

function overtaken({ tag, repository, holder, digest }: HeldTag): RemoteError {
  return new RemoteError(
    'tag-overtaken',
    `The tag ${tag} of "${repository}" names ${holder ?? 'nothing'} right after it was given to ${digest}.`,
    {
      why: 'Another run gave it to another image at the same time.',
      todo: 'Let only one run push a tag at a time (concurrency), or use tags that name the commit.',
    },
  )
}

interface HeldTag {
  readonly tag: string
  readonly repository: string
  readonly holder: string | undefined
  readonly digest: string
}

function tagHeldBy({ tag, repository, holder, digest }: HeldTag): UserError {
  return new UserError(
    'ecr-tag-immutable',
    `The tag ${tag} of "${repository}" names ${holder ?? 'another image'}, and cannot name ${digest}.`,
    {
      why: 'Tags of this repository are immutable.',
      todo: 'Use a tag that names this commit, exclude the tag from immutability, or set on-conflict.',
    },
  )
}

/** Words for whatever goes wrong in `work`. */
async function doing<T>(talk: Talk, repository: string, what: Doing['what'], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    talk.ports.signal.throwIfAborted()
    throw explainRefusal(thrown, { host: talk.host, repository, what })
  }
}
