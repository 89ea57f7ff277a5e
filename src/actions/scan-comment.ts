import { createHash } from 'node:crypto'
import { keepComment } from '../github/sticky-comment.ts'
import { isWorthAComment, scanComment } from '../report/scan-comment.ts'
import type { Context } from '../runtime/context.ts'
import { messageOf } from '../runtime/errors.ts'
import type { ScanResult } from '../scan/model.ts'
import { adviceOn, repositoryClient } from './repository-client.ts'

interface Given {
  readonly comment: 'auto' | 'always' | 'off'
  readonly githubToken: string
}

type CommentContext = Pick<Context, 'clock' | 'github' | 'hide' | 'log' | 'mask' | 'random' | 'troubleshooting'>

/**
 * Keeps one comment per image and job on the pull request of this run. Never fails the step: what GitHub refuses is
 * told, and the summary of the run has it all.
 */
export async function commentOnPullRequest(given: Given, result: ScanResult, context: CommentContext): Promise<void> {
  const { github, log } = context
  const { pullRequest, repository, workflow, job } = github
  const { comment, githubToken: token } = given
  if (comment === 'off' || pullRequest === undefined || token === '') return
  const client = repositoryClient(token, context)
  const key = createHash('sha256')
    .update(`${repository}\n${workflow}\n${job}\n${result.repository}`)
    .digest('hex')
    .slice(0, 8)
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
      `Pull request ${pullRequest} gets no comment (${messageOf(thrown)}): the report is in the summary.${adviceOn(thrown, 'pull-requests', 'comment')}`,
    )
  }
}
