import { createHash } from 'node:crypto'
import { githubClient, GitHubError } from '../github/client.ts'
import { keepComment } from '../github/sticky-comment.ts'
import { isWorthAComment, scanComment } from '../report/scan-comment.ts'
import type { Context } from '../runtime/context.ts'
import { messageOf } from '../runtime/errors.ts'
import { httpSend } from '../runtime/http.ts'
import type { ScanResult } from '../scan/model.ts'

const patienceMs = 20_000

interface Given {
  readonly comment: 'auto' | 'always' | 'off'
  readonly githubToken: string
}

type CommentContext = Pick<Context, 'clock' | 'github' | 'hide' | 'log' | 'mask' | 'random' | 'troubleshooting'>

/**
 * Keeps one comment per image and workflow on the pull request of this run. Never fails the step: what GitHub refuses is
 * told, and the summary of the run has it all.
 */
export async function commentOnPullRequest(given: Given, result: ScanResult, context: CommentContext): Promise<void> {
  const { github, clock, random, log } = context
  const { pullRequest, apiUrl, repository, workflow } = github
  const { comment, githubToken: token } = given
  if (comment === 'off' || pullRequest === undefined || token === '') return
  context.mask(token)
  const client = githubClient({ apiUrl, repository, token, patienceMs }, { clock, random, send: httpSend })
  const key = createHash('sha256').update(`${repository}\n${workflow}\n${result.repository}`).digest('hex').slice(0, 8)
  try {
    const outcome = await keepComment(client, {
      pullRequest,
      body: context.hide(scanComment(result, context.troubleshooting)),
      mark: `<!-- slipway:image-scan:v1 key=${key} -->`,
      create: comment === 'always' || isWorthAComment(result),
      // docs.github.com/authentication: ghs_ begins every token of an installed app, and github.token is one.
      asBot: token.startsWith('ghs_'),
    })
    log.debug(`comment on pull request ${pullRequest}: ${outcome}`)
  } catch (thrown) {
    log.warn(
      `Pull request ${pullRequest} gets no comment (${messageOf(thrown)}): the report is in the summary.${adviceOn(thrown)}`,
    )
  }
}

/** GitHub hides what a token may not see: 404 is a missing permission too, in a private repository. */
function adviceOn(thrown: unknown): string {
  if (!(thrown instanceof GitHubError)) return ''
  const { status } = thrown
  if (status === 401) return ' Check the input github-token: GitHub does not take it.'
  return status === 403 || status === 404 ? ' Give the job `pull-requests: write`, or set comment to off.' : ''
}
