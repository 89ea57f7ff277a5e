import type { Clock } from '../../runtime/clock.ts'
import { RemoteError } from '../../runtime/errors.ts'
import type { EcrCall } from './account.ts'
import type { SelectedImage } from './live.ts'
import { textForm } from './same-document.ts'
import { storedRules } from './stored-lifecycle.ts'

/** What a lifecycle policy would take away now (port; the adapter asks ECR). */
export type LifecyclePreview = (repository: string, text: string) => Promise<readonly SelectedImage[]>

/** ECR evaluates a preview in the background; a repository may hold 100,000 images. Milliseconds. */
const pauseMs = 1_000
const longestMs = 5 * 60_000

interface Page {
  readonly status?: string
  readonly lifecyclePolicyText?: string
  readonly nextToken?: string
  readonly previewResults?: readonly {
    readonly imageDigest?: string
    readonly imageTags?: readonly string[]
    readonly action?: { readonly type?: string }
    readonly appliedRulePriority?: number
  }[]
}

/** Nothing of the repository changes. Throws RemoteError when ECR does not come to an end. */
export function lifecyclePreview(
  call: EcrCall,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): LifecyclePreview {
  return async (repositoryName, lifecyclePolicyText) => {
    const end = clock.now() + longestMs
    // A repository has one preview at a time: that of somebody else has to end first, and may replace ours.
    const start = (): Promise<unknown> =>
      call('StartLifecyclePolicyPreview', { repositoryName, lifecyclePolicyText }, [
        'LifecyclePolicyPreviewInProgressException',
      ])
    let started = await start()
    while (clock.now() < end) {
      const first = await pageOf(call, repositoryName)
      if (started !== undefined && first?.status === 'FAILED') throw failed(repositoryName, 'It gave no reason')
      if (first?.status !== 'IN_PROGRESS') {
        if (started !== undefined && first?.status === 'COMPLETE' && isOf(lifecyclePolicyText, first))
          return [...selectedOf(first), ...(await restOf(call, repositoryName, first.nextToken))]
        started = await start()
      }
      await clock.sleep(pauseMs, signal)
    }
    throw failed(repositoryName, `It took longer than ${longestMs / 60_000} minutes`)
  }
}

/** Which images each of these holds; those that are no index hold none (port; the adapter asks ECR). */
export type IndexChildren = (
  repository: string,
  digests: readonly string[],
) => Promise<ReadonlyMap<string, readonly string[]>>

const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
]

/** ECR takes 100 images in one call. */
const mostAtOnce = 100

export function indexChildren(call: EcrCall): IndexChildren {
  return async (repositoryName, digests) => {
    const found = new Map<string, readonly string[]>()
    for (let from = 0; from < digests.length; from += mostAtOnce) {
      const imageIds = digests.slice(from, from + mostAtOnce).map(imageDigest => ({ imageDigest }))
      const answer = await call<{
        readonly images?: readonly {
          readonly imageId?: { readonly imageDigest?: string }
          readonly imageManifest?: string
        }[]
      }>('BatchGetImage', { repositoryName, imageIds, acceptedMediaTypes: indexTypes })
      for (const { imageId, imageManifest = '{}' } of answer?.images ?? []) {
        const { manifests = [] } = JSON.parse(imageManifest) as { manifests?: readonly { readonly digest: string }[] }
        if (manifests.length > 0)
          found.set(
            imageId?.imageDigest ?? '',
            manifests.map(({ digest }) => digest),
          )
      }
    }
    return found
  }
}

function isOf(text: string, page: Page): boolean {
  return textForm(storedRules(page.lifecyclePolicyText)) === textForm(storedRules(text))
}

function pageOf(call: EcrCall, repositoryName: string, nextToken?: string): Promise<Page | undefined> {
  const input = { repositoryName, maxResults: 100, ...(nextToken === undefined ? {} : { nextToken }) }
  return call<Page>('GetLifecyclePolicyPreview', input, ['LifecyclePolicyPreviewNotFoundException'])
}

async function restOf(call: EcrCall, repository: string, from: string | undefined): Promise<readonly SelectedImage[]> {
  const found: SelectedImage[] = []
  let token = from
  while (token !== undefined) {
    const page = await pageOf(call, repository, token)
    found.push(...selectedOf(page ?? {}))
    token = page?.nextToken
  }
  return found
}

function selectedOf({ previewResults = [] }: Page): readonly SelectedImage[] {
  return previewResults.map(({ imageDigest = '', imageTags = [], action, appliedRulePriority = 0 }) => ({
    digest: imageDigest,
    tags: imageTags,
    action: action?.type === 'TRANSITION' ? 'archive' : 'expire',
    rule: appliedRulePriority,
  }))
}

function failed(repository: string, why: string): RemoteError {
  return new RemoteError('ecr-preview', `ECR cannot tell what the lifecycle policy of "${repository}" would expire.`, {
    why: `${why}.`,
    todo: 'Run the job again; nothing was changed.',
  })
}
