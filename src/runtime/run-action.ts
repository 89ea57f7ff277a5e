import type { Action, Outcome } from './action.ts'
import type { Context } from './context.ts'
import type { ActionContract } from './contract.ts'
import { messageOf, SlipwayError, UserError } from './errors.ts'
import { failureMarkdown, failureOf, failureText, stackOf, type Failure } from './failure.ts'
import type { Host } from './host.ts'
import { inputProblems, withValues } from './inputs.ts'
import type { Environment } from './inputs.ts'
import { createLog, workflowCommand } from './log.ts'
import type { RunLog } from './log.ts'
import { createMasker } from './mask.ts'
import type { Masker } from './mask.ts'
import { createResults } from './outputs.ts'
import type { Results } from './outputs.ts'

/** Values of inputs from elsewhere, by their names, for those that the workflow does not give. Throws UserError. */
export type FillInputs = (contract: ActionContract, env: Environment) => Promise<Readonly<Record<string, string>>>

/** What the wrapper holds while an action runs. */
interface Run {
  readonly contract: ActionContract
  readonly host: Host
  readonly masker: Masker
  readonly log: RunLog
  readonly results: Results
  readonly abort: AbortController
}

/**
 * Runs one action to its end and exits: the one place that fails a step.
 * `load` brings the action's own code; an input error ends the run before that, so it is fast and nothing is touched.
 */
export async function runAction(
  contract: ActionContract,
  load: () => Promise<Action>,
  host: Host,
  fill: FillInputs = async () => ({}),
): Promise<void> {
  const run = prepare(contract, host)
  watchProcess(run)
  host.exit((await runMain(run, load, fill)) ? 0 : 1)
}

function prepare(contract: ActionContract, host: Host): Run {
  const masker = createMasker(secret => host.write(workflowCommand('add-mask', secret)))
  const log = createLog(text => host.write(text), masker, host.env['RUNNER_DEBUG'] === '1')
  return {
    contract,
    host,
    masker,
    log,
    results: createResults(host.env, masker, (file, text) => host.append(file, text)),
    abort: new AbortController(),
  }
}

async function runMain(run: Run, load: () => Promise<Action>, fill: FillInputs): Promise<boolean> {
  try {
    const env = withValues(run.host.env, await fill(run.contract, run.host.env))
    const problems = inputProblems(run.contract.inputs, env)
    for (const problem of problems) fail(run, problem)
    if (problems.length > 0) {
      flushQuietly(run)
      return false
    }
    const loaded = await load()
    const outcome = await loaded.run(await contextOf(run), run.results, env)
    run.results.flush()
    conclude(run, outcome)
    return outcome.ok
  } catch (thrown) {
    fail(run, thrown)
    flushQuietly(run)
    return false
  }
}

/** Context comes with the action's code, not before: an input error does not pay for it. */
async function contextOf(run: Run): Promise<Context> {
  const { createContext } = await import('./create-context.ts')
  return createContext({ env: run.host.env, log: run.log, masker: run.masker, signal: run.abort.signal })
}

function conclude(run: Run, outcome: Outcome): void {
  if (outcome.ok) run.log.info(outcome.line)
  else run.log.error(outcome.line, { ...outcome.annotation, title: run.contract.title })
}

/** Outputs that are known are set on failure too; trouble in writing them must not hide the first error. */
function flushQuietly(run: Run): void {
  try {
    run.results.flush()
  } catch (thrown) {
    run.log.warn(`The outputs of this step could not be written: ${messageOf(thrown)}`)
  }
}

function fail(run: Run, thrown: unknown): void {
  const failure = hiddenIn(failureOf(thrown, run.host.env), run.masker)
  run.log.debug(stackOf(thrown))
  const place = thrown instanceof SlipwayError ? thrown.place : undefined
  run.log.error(failureText(failure), { ...place, title: run.contract.title })
  run.results.summary.add(failureMarkdown(run.contract.title, failure))
}

/** Before anything is escaped: in Markdown a secret would not be recognised any more. */
function hiddenIn(failure: Failure, masker: Masker): Failure {
  const { what, why, todo, details } = failure
  return {
    ...failure,
    what: masker.apply(what),
    todo: masker.apply(todo),
    ...(why === undefined ? {} : { why: masker.apply(why) }),
    ...(details === undefined ? {} : { details: masker.apply(details) }),
  }
}

/**
 * A cancelled job gets SIGINT, SIGTERM 7.5 s later, and is killed 2.5 s after that (actions/runner).
 * The first signal asks the action to end; the second ends it.
 */
function watchProcess(run: Run): void {
  run.host.onSignal(signal => {
    if (run.abort.signal.aborted) return run.host.exit(1)
    run.abort.abort(cancelled(signal))
  })
  run.host.onUnhandled(thrown => {
    fail(run, thrown)
    flushQuietly(run)
    run.host.exit(1)
  })
}

function cancelled(signal: string): UserError {
  return new UserError('cancelled', 'The step was cancelled.', {
    why: `The runner sent ${signal}.`,
    todo: 'Run the job again when you want it to finish.',
  })
}
