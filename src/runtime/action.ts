import type { Context } from './context.ts'
import type { ActionContract } from './contract.ts'
import type { Place } from './errors.ts'
import { readInputs } from './inputs.ts'
import type { Environment, Given } from './inputs.ts'
import type { LaterSteps, Outputs, Results, State, Summary } from './outputs.ts'

/** How an action ended. `line` is the last line of the log: the verdict. */
export interface Outcome {
  readonly ok: boolean
  readonly line: string
  /** The line of a file that a failure is about: its annotation is shown there. */
  readonly annotation?: Place
}

/** What an action may leave behind. */
export interface Leave<C extends ActionContract> {
  readonly outputs: Outputs<C['outputs']>
  readonly summary: Summary
  readonly state: State
  readonly later: LaterSteps
}

export type Handler<C extends ActionContract> = (
  given: Given<C['inputs']>,
  context: Context,
  leave: Leave<C>,
) => Promise<Outcome>

/** An action that can be run; made by `action`, run by `runAction`. */
export interface Action {
  readonly contract: ActionContract
  run(context: Context, results: Results, env: Environment): Promise<Outcome>
}

/** Ties a handler to its contract: the types of inputs and outputs follow from there. */
export function action<C extends ActionContract>(contract: C, handler: Handler<C>): Action {
  return {
    contract,
    run: (context, results, env) => {
      const { outputs, summary, state, later } = results
      return handler(readInputs<C['inputs']>(contract.inputs, env), context, { outputs, summary, state, later })
    },
  }
}
