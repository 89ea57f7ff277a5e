import type { OutputSentences, OutputValues } from './contract.ts'
import { kebabCase } from './inputs.ts'
import type { Environment } from './inputs.ts'
import type { Masker } from './mask.ts'
import { runnerFiles } from './runner-files.ts'
import type { Append } from './runner-files.ts'

/** Outputs of a step. Set as soon as they are known: they are written on failure too. */
export interface Outputs<O extends OutputSentences = OutputSentences> {
  set(values: OutputValues<O>): void
}

/** The Markdown page of a step. */
export interface Summary {
  add(markdown: string): void
  /** Below all that is added: what few people want to know. */
  addLast(markdown: string): void
}

/** What `main` hands to `post`. Never a secret: the runner keeps it in a file. */
export interface State {
  /** Written at once: `post` must find it even when this process is killed before it ends. */
  save(name: string, value: string): void
  get(name: string): string | undefined
}

/** Variables of the steps that follow. */
export interface LaterSteps {
  exportVariable(name: string, value: string): void
}

/** Everything that a step leaves for the runner; all but the state is collected in memory and written once. */
export interface Results {
  readonly outputs: Outputs
  readonly summary: Summary
  readonly state: State
  readonly later: LaterSteps
  /** Writes what was collected since the last time. */
  flush(): void
}

/** The runner refuses a step summary of more than 1 MiB. */
const mostSummaryBytes = 1024 * 1024

/** `append` writes to the files of the runner, which `env` names. */
export function createResults(env: Environment, masker: Masker, append: Append): Results {
  const files = runnerFiles(env, append)
  const outputs = new Map<string, string>()
  const variables = new Map<string, string>()
  const saved = new Map<string, string>()
  const pages: string[] = []
  const lastPages: string[] = []
  return {
    outputs: {
      set(values) {
        for (const [name, value] of Object.entries(values)) {
          if (value !== undefined) outputs.set(kebabCase(name), masker.apply(String(value)))
        }
      },
    },
    later: { exportVariable: (name, value) => void variables.set(name, value) },
    summary: {
      add: markdown => void pages.push(markdown),
      addLast: markdown => void lastPages.push(markdown),
    },
    state: {
      save(name, value) {
        saved.set(name, value)
        files.set('GITHUB_STATE', name, masker.apply(value))
      },
      get: name => saved.get(name) ?? env[`STATE_${name}`],
    },
    flush() {
      for (const [name, value] of drain(outputs)) files.set('GITHUB_OUTPUT', name, value)
      // Not masked in the file: a variable is exported because the user asked for exactly that value.
      for (const [name, value] of drain(variables)) files.set('GITHUB_ENV', name, value)
      const page = [...pages.splice(0), ...lastPages.splice(0)].join('\n\n')
      if (page !== '') files.page(shorten(masker.apply(page), mostSummaryBytes))
    },
  }
}

function drain(values: Map<string, string>): readonly (readonly [string, string])[] {
  const entries = [...values]
  values.clear()
  return entries
}

/** At most `bytes` of UTF-8, cut at a line, with a word about the cut. */
export function shorten(markdown: string, bytes: number): string {
  if (Buffer.byteLength(markdown) <= bytes) return markdown
  const note = '\n\n… shortened: a step summary holds 1 MiB at most.\n'
  const room = Buffer.from(markdown).subarray(0, bytes - Buffer.byteLength(note))
  const cut = room.toString('utf8')
  return cut.slice(0, cut.lastIndexOf('\n')) + note
}
