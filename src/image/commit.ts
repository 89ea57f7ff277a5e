import type { Exec } from '../runtime/context.ts'
import { SlipwayError } from '../runtime/errors.ts'

/**
 * Time of a commit, seconds since the Unix epoch, as git in the checkout has it.
 * undefined when there is no git, no checkout, or the commit is not in it: the build then keeps its wall-clock times.
 */
export async function commitTime(
  sha: string,
  workspace: string,
  exec: Exec,
  signal?: AbortSignal,
): Promise<number | undefined> {
  // In a container job the checkout belongs to another user, which git refuses unless told (safe.directory).
  const args = ['-c', `safe.directory=${workspace}`, '-C', workspace, 'show', '--no-patch', '--format=%ct', sha]
  try {
    const { code, stdout } = await exec('git', args, signal === undefined ? {} : { signal })
    const seconds = Number.parseInt(stdout.trim(), 10)
    return code === 0 && Number.isSafeInteger(seconds) ? seconds : undefined
  } catch (thrown) {
    if (thrown instanceof SlipwayError) return undefined
    throw thrown
  }
}
