import { githubClient, GitHubError, type GitHubClient } from '../github/client.ts'
import type { Context } from '../runtime/context.ts'
import { httpSend } from '../runtime/http.ts'

/** Bound on one call with all its tries: a comment or a check is worth no longer wait. */
const patienceMs = 20_000

/** GitHub's API of this run's repository. Masks the token first. */
export function repositoryClient(
  token: string,
  context: Pick<Context, 'clock' | 'github' | 'mask' | 'random'>,
): GitHubClient {
  const { github, clock, random } = context
  context.mask(token)
  const { apiUrl, repository } = github
  return githubClient({ apiUrl, repository, token, patienceMs }, { clock, random, send: httpSend })
}

/**
 * What to do about a refusal, as the end of a message; empty when nothing is known. GitHub hides what a token may not
 * see: 404 is a missing permission too, in a private repository.
 */
export function adviceOn(thrown: unknown, permission: string, input: string): string {
  if (!(thrown instanceof GitHubError)) return ''
  const { status } = thrown
  if (status === 401) return ' Check the input github-token: GitHub does not take it.'
  return status === 403 || status === 404 ? ` Give the job \`${permission}: write\`, or set ${input} to off.` : ''
}
