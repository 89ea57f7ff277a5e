import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { GitHubError, type GitHubClient } from '../github/client.ts'
import type { Context } from '../runtime/context.ts'
import { messageOf, UserError } from '../runtime/errors.ts'
import { filesBelow } from '../runtime/files.ts'
import type { Waiver } from '../scan/policy/waivers.ts'
import { repositoryClient } from './repository-client.ts'
import { scan as contract } from './scan.contract.ts'

/** Who accepts a risk looks at it again after at most so many days. */
const mostDays = 180

interface Given {
  readonly waivers: string
  readonly githubToken?: string | undefined
}

type WaiverContext = Pick<Context, 'workspace' | 'clock' | 'github' | 'log' | 'random' | 'mask'>

/**
 * The waivers that hold for this run. A pull request cannot accept its own findings: there those of the branch that it
 * is for count, and none when they cannot be read. Mistakes are told with line and column, before any call of AWS.
 */
export async function waiversOf(
  { waivers: file, githubToken }: Given,
  context: WaiverContext,
): Promise<readonly Waiver[]> {
  const { clock, github } = context
  const text =
    github.baseRef === undefined
      ? await ofCheckout(file, context)
      : await ofBase(file, github.baseRef, githubToken, context)
  if (text === undefined) return []
  const { parseWaivers } = await import('../scan/policy/waivers-file.ts')
  return parseWaivers(text, file, { now: clock.now(), mostDays })
}

/** The default file need not be there; one that is given must. */
async function ofCheckout(file: string, { workspace }: WaiverContext): Promise<string | undefined> {
  if ((await filesBelow(workspace).kind(file)) === 'file') return readFile(resolve(workspace, file), 'utf8')
  if (file === contract.inputs.waivers.default) return undefined
  throw new UserError('input-waivers', `There is no file "${file}" for waivers in the checkout.`, {
    todo: 'Correct the input waivers, and check that actions/checkout runs before this step.',
  })
}

async function ofBase(
  file: string,
  branch: string,
  token: string | undefined,
  context: WaiverContext,
): Promise<string | undefined> {
  const { log } = context
  try {
    if (!token) throw new Error('the input github-token is empty')
    return await contentOf(repositoryClient(token, context), file, branch)
  } catch (thrown) {
    log.warn(
      `The waivers of ${branch} cannot be read (${messageOf(thrown)}): none is applied. A pull request cannot bring its own.`,
    )
    return undefined
  }
}

/** Undefined when the branch has no such file. */
async function contentOf(client: GitHubClient, file: string, branch: string): Promise<string | undefined> {
  const path = file.split('/').map(encodeURIComponent).join('/')
  try {
    const answer = await client.get(`/contents/${path}?ref=${encodeURIComponent(branch)}`)
    if (typeof answer === 'object' && answer !== null && 'content' in answer && typeof answer.content === 'string')
      return Buffer.from(answer.content, 'base64').toString('utf8')
    throw new Error(`${file} is no file there`)
  } catch (thrown) {
    if (thrown instanceof GitHubError && thrown.status === 404) return undefined
    throw thrown
  }
}
