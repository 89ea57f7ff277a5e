import type { GitHubClient } from './client.ts'

export interface StickyComment {
  /** Number of the pull request. */
  readonly pullRequest: number
  /** Markdown, without the mark. */
  readonly body: string
  /** HTML comment that finds it again: one mark, one comment. */
  readonly mark: string
  /** False when there need be no comment where there is none yet. */
  readonly create: boolean
  /** True when the token is that of a GitHub App, such as `github.token`: then its comments are those of a bot. */
  readonly asBot: boolean
}

/** `none`: there was no comment, and none was made. */
export type StickyOutcome = 'made' | 'changed' | 'unchanged' | 'none'

interface Comment {
  readonly id: number
  readonly body?: string
  readonly user?: { readonly login: string; readonly type: string } | null
}

const perPage = 100
/** A bound for a pull request that never ends: 5,000 comments. */
const mostPages = 50

/**
 * Makes the comment, or changes it in place, or leaves it alone when it says the same already (nobody is notified then).
 * Throws GitHubError. Rules: docs.github.com/rest/issues/comments; pull requests are issues there.
 */
export async function keepComment(client: GitHubClient, wanted: StickyComment): Promise<StickyOutcome> {
  const text = `${wanted.body.trimEnd()}\n\n${wanted.mark}`
  const present = await find(client, wanted)
  if (present !== undefined) {
    if (present.body?.trim() === text) return 'unchanged'
    await client.patch(`/issues/comments/${present.id}`, { body: text })
    return 'changed'
  }
  if (!wanted.create) return 'none'
  await client.post(`/issues/${wanted.pullRequest}/comments`, { body: text }, () => find(client, wanted))
  return 'made'
}

/**
 * Anybody can write our mark into a comment of their own, and would keep the right to change what we put there: so the
 * mark has to stand at the end, and the author has to be who asks.
 */
async function find(client: GitHubClient, { pullRequest, mark, asBot }: StickyComment): Promise<Comment | undefined> {
  let self: string | undefined
  for (let page = 1; page <= mostPages; page++) {
    const path = `/issues/${pullRequest}/comments?per_page=${perPage}&page=${page}`
    // The shape is that of GitHub's OpenAPI description, which the tests hold their answers against.
    const comments = (await client.get(path)) as readonly Comment[]
    const marked = comments.filter(({ body }) => body?.trimEnd().endsWith(mark) === true)
    if (marked.length > 0) self ??= await client.viewer()
    const own = marked.find(
      ({ user }) => user && (user.type === 'Bot') === asBot && nameOf(user.login) === nameOf(self),
    )
    if (own !== undefined || comments.length < perPage) return own
  }
  return undefined
}

/** Some answers of GitHub name an app `name[bot]`, some only `name`; its type tells it from a person. */
function nameOf(login: string | undefined): string | undefined {
  return login?.replace(/\[bot\]$/, '')
}
