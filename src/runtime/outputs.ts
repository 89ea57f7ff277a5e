import type { OutputSentences, OutputValues } from './contract.ts'
import { kebabCase } from './inputs.ts'
import type { Environment } from './inputs.ts'
import type { Masker } from './mask.ts'

/** Outputs of a step. Set as soon as they are known: they are written on failure too. */
export interface Outputs<O extends OutputSentences = OutputSentences> {
  set(values: OutputValues<O>): void
}

/** The Markdown page of a step. */
export interface Summary {
  add(markdown: string): void
}

/** What `main` hands to `post`. Never a secret: the runner keeps it in a file. */
export interface State {
  save(name: string, value: string): void
  get(name: string): string | undefined
}

/** Variables of the steps that follow. */
export interface LaterSteps {
  exportVariable(name: string, value: string): void
}

/** Everything that a step leaves for the runner, collected in memory and written once. */
export interface Results {
  readonly outputs: Outputs
  readonly summary: Summary
  readonly state: State
  readonly later: LaterSteps
  /** Writes what was collected since the last time. */
  flush(): Promise<void>
}

/** The runner refuses a step summary of more than 1 MiB. */
const mostSummaryBytes = 1024 * 1024

export function createResults(env: Environment, masker: Masker): Results {
  const outputs = new Map<string, string>()
  const state = new Map<string, string>()
  const pages: string[] = []
  const variables = new Map<string, string>()
  return {
    outputs: {
      set(values) {
        for (const [name, value] of Object.entries(values)) {
          if (value !== undefined) outputs.set(kebabCase(name), masker.apply(String(value)))
        }
      },
    },
    later: { exportVariable: (name, value) => void variables.set(name, value) },
    summary: { add: markdown => void pages.push(markdown) },
    state: {
      save: (name, value) => void state.set(name, value),
      get: name => state.get(name) ?? env[`STATE_${name}`],
    },
    flush: async () => {
      const taken = {
        outputs: drain(outputs),
        state: [...state],
        variables: drain(variables),
        page: pages.splice(0).join('\n\n'),
      }
      await writeFileCommands(taken, masker, env)
    },
  }
}

interface Collected {
  readonly outputs: readonly (readonly [string, string])[]
  readonly state: readonly (readonly [string, string])[]
  readonly variables: readonly (readonly [string, string])[]
  readonly page: string
}

function drain(values: Map<string, string>): readonly (readonly [string, string])[] {
  const entries = [...values]
  values.clear()
  return entries
}

/** Loads the toolkit only when there is something to write, and never on the path of an input error. */
async function writeFileCommands(collected: Collected, masker: Masker, env: Environment): Promise<void> {
  const { outputs, state, variables, page } = collected
  if (outputs.length + state.length + variables.length === 0 && page === '') return
  const core = await import('@actions/core')
  for (const [name, value] of outputs) core.setOutput(name, value)
  for (const [name, value] of state) core.saveState(name, value)
  // Not masked in the file: a variable is exported because the user asked for exactly that value.
  for (const [name, value] of variables) core.exportVariable(name, value)
  if (page !== '' && env['GITHUB_STEP_SUMMARY']) {
    await core.summary.addRaw(shorten(masker.apply(page), mostSummaryBytes), true).write()
  }
}

/** At most `bytes` of UTF-8, cut at a line, with a word about the cut. */
export function shorten(markdown: string, bytes: number): string {
  if (Buffer.byteLength(markdown) <= bytes) return markdown
  const note = '\n\n… shortened: a step summary holds 1 MiB at most.\n'
  const room = Buffer.from(markdown).subarray(0, bytes - Buffer.byteLength(note))
  const cut = room.toString('utf8')
  return cut.slice(0, cut.lastIndexOf('\n')) + note
}
