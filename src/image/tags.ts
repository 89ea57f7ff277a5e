import { UserError } from '../runtime/errors.ts'
import { isTag } from '../registry/reference.ts'

/** What names an image. */
export interface TagSource {
  /** Commit, 40 hexadecimal digits. */
  readonly sha: string
  /** `refs/heads/main`, `refs/tags/v1.2.3`, `refs/pull/7/merge` */
  readonly ref: string
  /** Tells builds of one commit with other inputs apart: `9d01e77a`. Absent for the usual inputs. */
  readonly suffix?: string
  /** Tags that the user wants besides. */
  readonly given?: readonly string[]
}

export interface ImageTags {
  /** Names the commit and the build's inputs, and never moves: the one that a re-run looks for. */
  readonly primary: string
  /** All tags, the primary first, each once. */
  readonly all: readonly string[]
}

/** Hexadecimal digits of a commit in a tag: 48 bits, as git's own abbreviation for the largest repositories. */
const shortCommit = 12
/** Hexadecimal digits of a digest behind a tag: they only have to tell the images of one tag apart. */
const digestLength = 8
/** Characters (OCI distribution specification). */
const longestTag = 128

/**
 * Tags of an image: the commit (`4f2c9ab01d3e`; `pr-7-4f2c9ab01d3e` for a pull request, so that a lifecycle rule
 * can tell them apart), the git tag when one was pushed, and what the user gives. Those that the user does not give
 * have the suffix, so that two builds of one commit never want the same one. No tag is the time or a counter: the same
 * commit has the same tags in every run.
 */
export function imageTags({ sha, ref, suffix, given = [] }: TagSource): ImageTags {
  if (!/^[0-9a-f]{7,64}$/.test(sha)) {
    throw new UserError('commit-unknown', `"${sha}" is no commit.`, {
      todo: 'Run the action in a workflow that an event of a repository started.',
    })
  }
  const commit = sha.slice(0, shortCommit)
  const pull = /^refs\/pull\/(\d+)\//.exec(ref)?.[1]
  const told = (tag: string): string =>
    suffix === undefined ? tag : `${tag.slice(0, longestTag - 1 - suffix.length)}-${suffix}`
  const primary = told(pull === undefined ? commit : `pr-${pull}-${commit}`)
  const release = /^refs\/tags\/(.+)$/.exec(ref)?.[1]
  const all = [primary, ...(release === undefined ? [] : [told(tagOf(release))]), ...given.map(checked)]
  return { primary, all: [...new Set(all)] }
}

/** A tag with the beginning of the digest that it names behind it: `4f2c9ab01d3e-9d01e77a`. */
export function digestTag(tag: string, digest: string): string {
  const hex = digest.slice(digest.indexOf(':') + 1)
  return `${tag.slice(0, longestTag - 1 - digestLength)}-${hex.slice(0, digestLength)}`
}

/** A git ref's name as a tag: characters that a tag cannot have become `-`, and 128 of them are kept. */
export function tagOf(name: string): string {
  const tag = name.replaceAll(/[^A-Za-z0-9_.-]/g, '-').slice(0, longestTag)
  return /^[.-]/.test(tag) ? `_${tag.slice(1)}` : tag
}

/** Label of an image that names its commit. */
export const revisionLabel = 'org.opencontainers.image.revision'

/** Facts for the labels of an image. */
export interface LabelSource {
  readonly sha: string
  readonly ref: string
  /** Web page of the repository. */
  readonly source: string
  /** Time of the commit, seconds since the Unix epoch. */
  readonly committed?: number
}

/**
 * Labels of the OCI image specification. `created` is the time of the commit, not of the build:
 * a wall-clock time would give every re-run of a commit another digest.
 */
export function ociLabels({ sha, ref, source, committed }: LabelSource): Readonly<Record<string, string>> {
  const version = /^refs\/tags\/(.+)$/.exec(ref)?.[1]
  return {
    [revisionLabel]: sha,
    'org.opencontainers.image.source': source,
    ...(committed === undefined ? {} : { 'org.opencontainers.image.created': rfc3339(committed) }),
    ...(version === undefined ? {} : { 'org.opencontainers.image.version': version }),
  }
}

function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

function checked(tag: string): string {
  if (isTag(tag)) return tag
  throw new UserError('input-tags', `"${tag}" is no image tag.`, {
    todo: 'Use at most 128 of A-Z a-z 0-9 _ . -, not starting with . or -.',
  })
}
