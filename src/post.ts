import { cleanUp as assumeRole } from './actions/assume-role.post.ts'
import type { ActionName } from './actions/contracts.ts'
import { cleanUp as ecrLogin } from './actions/ecr-login.post.ts'
import { processHost } from './runtime/host.ts'
import { runPost } from './runtime/run-post.ts'
import type { PostHandler } from './runtime/run-post.ts'

/**
 * A program of its own, of which nothing is loaded lazily: it runs in every job, mostly to find nothing to do.
 * What it imports uses Node's built-in modules only (docs/adr/0019); the contracts of the actions are types here.
 */
const handlers = { 'assume-role': assumeRole, 'ecr-login': ecrLogin } as const satisfies Partial<
  Record<ActionName, PostHandler>
>

/** Runs the clean-up of the action of that name, and ends the process. */
export async function post(name: keyof typeof handlers): Promise<void> {
  await runPost(name, handlers[name], processHost())
}
