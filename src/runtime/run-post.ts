import { tmpdir } from 'node:os'

import type { Log } from './context.ts'
import { messageOf } from './errors.ts'
import type { Host } from './host.ts'
import type { Environment } from './inputs.ts'
import { createLog, workflowCommand } from './log.ts'
import { createMasker } from './mask.ts'
import { createResults } from './outputs.ts'
import type { LaterSteps, State } from './outputs.ts'

/** The little that a clean-up may need. It has no network and no subprocesses: nothing to wait for, nothing to fail. */
export interface PostContext {
  readonly log: Log
  /** What main saved. */
  readonly state: Pick<State, 'get'>
  /** Variables of the post steps that follow. */
  readonly later: LaterSteps
  readonly env: Environment
  /** The runner's temporary folder; emptied after the job. */
  readonly tempFolder: string
}

/** Cleans up after the job. Whatever it throws is a warning. */
export type PostHandler = (context: PostContext) => void | Promise<void>

/** Runs the clean-up of an action to its end and exits with 0: it must never fail a job. */
export async function runPost(name: string, cleanUp: PostHandler, host: Host): Promise<void> {
  const masker = createMasker(secret => host.write(workflowCommand('add-mask', secret)))
  const log = createLog(text => host.write(text), masker, host.env['RUNNER_DEBUG'] === '1')
  const results = createResults(host.env, masker, (file, text) => host.append(file, text))
  const giveUp = (thrown: unknown): void =>
    log.warn(`${name} could not clean up: ${messageOf(thrown)} The job goes on.`)
  host.onUnhandled(thrown => {
    giveUp(thrown)
    host.exit(0)
  })
  try {
    const { state, later } = results
    await cleanUp({ log, state, later, env: host.env, tempFolder: host.env['RUNNER_TEMP'] || tmpdir() })
    results.flush()
  } catch (thrown) {
    giveUp(thrown)
  }
  host.exit(0)
}
