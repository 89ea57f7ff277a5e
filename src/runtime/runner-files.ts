import type { Environment } from './inputs.ts'

/** Files that the runner reads after a step, by the variable that names each. */
export type RunnerFile = 'GITHUB_OUTPUT' | 'GITHUB_STATE' | 'GITHUB_ENV' | 'GITHUB_STEP_SUMMARY'

/** Appends to a file that is there; throws when it is not (port). */
export type Append = (path: string, text: string) => void

/** Where a step leaves something for the runner. */
export interface RunnerFiles {
  /** One value by its name; of several under one name the last counts. */
  set(file: Exclude<RunnerFile, 'GITHUB_STEP_SUMMARY'>, name: string, value: string): void
  /** Markdown, at the end of the page of the step. */
  page(markdown: string): void
}

/**
 * Every runner that knows `node24` names all of these files. Where a variable is absent nobody runs us but a person at
 * a terminal: then there is nothing to leave, and the old commands in the log (`::set-output`) would be noise there.
 */
export function runnerFiles(env: Environment, append: Append): RunnerFiles {
  const write = (file: RunnerFile, text: string): void => {
    const path = env[file]
    if (path) append(path, text)
  }
  return {
    set: (file, name, value) => write(file, keyValue(name, value, `ghadelimiter_${crypto.randomUUID()}`)),
    page: markdown => write('GITHUB_STEP_SUMMARY', `${markdown}\n`),
  }
}

/**
 * `NAME<<DELIMITER`, the value, the delimiter: the one form in which a value may have any number of lines.
 * The runner (FileCommandManager.cs) ends the value at the first line that is the delimiter, so that must be nobody's
 * guess; and it takes the name up to the first `=` or `<<` of its line, so that a name must hold neither.
 */
export function keyValue(name: string, value: string, delimiter: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(name)) throw new Error(`"${name}" is no name of an output, a state or a variable`)
  if (value.includes(delimiter)) throw new Error(`the value of "${name}" holds its own delimiter`)
  return `${name}<<${delimiter}\n${value}\n${delimiter}\n`
}
