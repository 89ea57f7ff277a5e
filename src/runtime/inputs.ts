import { UserError } from './errors.ts'
import { nearest } from './nearest.ts'

/** Turns the text of an input into its value. */
export interface Parser<T> {
  /** What it accepts, for tables and messages: `duration`, `ARN of an IAM role`. */
  readonly accepts: string
  /** Throws UserError naming the input when the text is not acceptable. `text` is trimmed and not empty. */
  parse(text: string, name: string): T
}

export interface Input<T> {
  readonly parser: Parser<NonNullable<T>>
  /** A sentence that a user understands. */
  readonly description: string
  readonly required: boolean
  /** As written in a workflow. */
  readonly default?: string
  readonly example?: string
  /** True when slipway.yaml may give it to an action that reads that file. */
  readonly fromFile?: boolean
}

interface InputOptions {
  readonly example?: string
  readonly fromFile?: boolean
}

export type Inputs = Readonly<Record<string, Input<unknown>>>

/** `session-name` → `sessionName` */
export type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name

/** The values of an action's inputs, by their names in camel case. */
export type Given<I extends Inputs> = {
  readonly [Name in keyof I & string as CamelCase<Name>]: I[Name] extends Input<infer T> ? T : never
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Describes one input. Without `required` and `default` its value may be undefined. */
export function input<T>(
  parser: Parser<T>,
  description: string,
  options: InputOptions & { readonly required: true },
): Input<T>
export function input<T>(
  parser: Parser<T>,
  description: string,
  options: InputOptions & { readonly default: string },
): Input<T>
export function input<T>(parser: Parser<T>, description: string, options?: InputOptions): Input<T | undefined>
export function input(
  parser: Parser<unknown>,
  description: string,
  options: InputOptions & { readonly required?: true; readonly default?: string } = {},
): unknown {
  return { parser, description, required: false, ...options }
}

/** Keeps the literal names, so that the type of the values follows from the description. */
export function defineInputs<const I extends Inputs>(inputs: I): I {
  return inputs
}

/** `session-name` → `sessionName` */
export function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** `sessionName` → `session-name` */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

/** The environment with `values` (by input name) in place of the inputs that the workflow did not give. */
export function withValues(env: Environment, values: Readonly<Record<string, string>>): Environment {
  const added = Object.entries(values).filter(([name]) => textOf(name, env) === '')
  return { ...env, ...Object.fromEntries(added.map(([name, value]) => [variableOf(name), value])) }
}

/** What the workflow gave as `name`, trimmed. An unset secret or variable arrives as an empty text. */
export function textOf(name: string, env: Environment): string {
  return env[variableOf(name)]?.trim() ?? ''
}

/** The values of all inputs; throws the first problem. */
export function readInputs<const I extends Inputs>(inputs: I, env: Environment): Given<I> {
  const [problem] = inputProblems(inputs, env)
  if (problem) throw problem
  const values = Object.entries(inputs).map(([name, one]) => [camelCase(name), valueOf(name, one, env)] as const)
  // The keys and types follow from `inputs`; Object.fromEntries cannot say so.
  return Object.fromEntries(values) as Given<I>
}

/** Everything that is wrong with what the workflow gave, in the order of the inputs; misspelt names first. */
export function inputProblems(inputs: Inputs, env: Environment): readonly UserError[] {
  const misspelt = misspeltInputs(inputs, env)
  // A misspelt required input is also missing: one message is enough.
  const explained = new Set(misspelt.map(({ meant }) => meant))
  const problems = Object.entries(inputs)
    .filter(([name]) => !explained.has(name))
    .map(([name, one]) => problemOf(name, one, env))
    .filter(problem => problem !== undefined)
  return [...misspelt.map(misspeltError), ...problems]
}

function problemOf(name: string, one: Input<unknown>, env: Environment): UserError | undefined {
  try {
    valueOf(name, one, env)
    return undefined
  } catch (thrown) {
    if (thrown instanceof UserError) return thrown
    throw thrown
  }
}

function valueOf(name: string, one: Input<unknown>, env: Environment): unknown {
  const text = textOf(name, env) || one.default
  if (text) return one.parser.parse(text, name)
  if (one.required) throw missingError(name, one, env)
  return undefined
}

/** The runner upper-cases the name and keeps its hyphens. */
function variableOf(name: string): string {
  return `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`
}

interface Misspelt {
  readonly given: string
  readonly meant: string
}

/**
 * The runner only warns about a `with:` key that the action does not have, and passes it on all the same.
 * A key close to one of ours is a mistake that would silently fall back to a default, so it is an error;
 * any other unknown key is left to the runner's warning.
 */
function misspeltInputs(inputs: Inputs, env: Environment): readonly Misspelt[] {
  const names = Object.keys(inputs)
  const known = new Set(names.map(variableOf))
  const absent = names.filter(name => textOf(name, env) === '' || textOf(name, env) === inputs[name]?.default)
  return Object.keys(env)
    .filter(variable => variable.startsWith('INPUT_') && !known.has(variable) && env[variable] !== '')
    .map(variable => variable.slice('INPUT_'.length).toLowerCase())
    .flatMap(given => {
      const meant = nearest(given, absent)
      return meant === undefined ? [] : [{ given, meant }]
    })
}

function misspeltError({ given, meant }: Misspelt): UserError {
  return new UserError('input-misspelt', `There is no input "${given}".`, {
    why: `It looks like "${meant}" misspelt.`,
    todo: `Write "${meant}" under "with:".`,
  })
}

function missingError(name: string, one: Input<unknown>, env: Environment): UserError {
  const example = one.example ? `, for example "${name}: ${one.example}"` : ''
  const elsewhere = one.fromFile ? ' or in slipway.yaml' : ''
  return new UserError('input-missing', `Input "${name}" is required and was not given.`, {
    why: `It is absent from "with:", or its secret or variable is empty in this job${withoutSecrets(env)}.`,
    todo: `Set "${name}" under "with:"${elsewhere}${example}.`,
  })
}

/** Runs that get no secrets of the repository, as the end of a sentence. */
function withoutSecrets({ GITHUB_ACTOR: actor, GITHUB_EVENT_NAME: event }: Environment): string {
  if (actor === 'dependabot[bot]') return ': runs of Dependabot see the secrets for Dependabot only'
  return event === 'pull_request' ? ': a pull request from a fork gets no secrets' : ''
}
