import type { CamelCase, Inputs } from './inputs.ts'

/** Permissions of GITHUB_TOKEN that a job needs for an action, each with the reason. */
export type Permissions = Readonly<Record<string, { readonly level: 'read' | 'write'; readonly because: string }>>

/** Name of an output → the sentence that says what it holds. */
export type OutputSentences = Readonly<Record<string, string>>

/** The public contract of one action. action.yml and the README tables are generated from it. */
export interface ActionContract {
  /** Folder under actions/ and dist/. */
  readonly name: string
  /** A few words, shown in the log: `Deploy to EKS`. */
  readonly title: string
  /** One sentence. */
  readonly description: string
  readonly icon: string
  readonly color: 'blue' | 'green' | 'orange' | 'purple' | 'red' | 'yellow' | 'gray-dark'
  readonly inputs: Inputs
  readonly outputs: OutputSentences
  readonly permissions: Permissions
  /** True when the action cleans up after the job: src/actions/<name>.post.ts, which src/post.ts names. */
  readonly post?: boolean
  /** Steps of a workflow that show a typical use; `uses:` is filled in for `{action}`. */
  readonly usage: string
}

/** Values to set, by the names of the outputs in camel case. Undefined ones are skipped. */
export type OutputValues<O extends OutputSentences> = {
  readonly [Name in keyof O & string as CamelCase<Name>]?: string | number | boolean | undefined
}

/** Keeps the literal names, so that the types of inputs and outputs follow from the contract. */
export function defineAction<const C extends ActionContract>(contract: C): C {
  return contract
}
