import { readFile } from 'node:fs/promises'

import type { Context } from './context.ts'
import { messageOf, SlipwayError, UserError } from './errors.ts'
import { createLog } from './log.ts'
import { createMasker } from './mask.ts'
import { systemClock } from './system-clock.ts'

/** What a command-line tool needs of the world. */
export interface CommandPorts {
  /** Lines of a file, without their ends. Throws UserError when it cannot be read. */
  readonly readLines: (file: string) => Promise<Iterable<string>>
  readonly write: (text: string) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The world of the job that runs, with these variables changed; what it has to say goes to standard error. */
  readonly context: (variables: Readonly<Record<string, string>>) => Promise<Context>
}

/** A command-line tool: arguments in, exit code out. What it throws is bad usage (2). */
export type Command = (args: readonly string[], ports: CommandPorts) => Promise<number>

/** Runs a tool in this process. The exit code is set, not forced: what is written must reach a pipe. */
export async function runCommand(load: () => Promise<Command>): Promise<void> {
  const write = (text: string): void => void process.stdout.write(text)
  try {
    const command = await load()
    process.exitCode = await command(process.argv.slice(2), {
      readLines,
      write,
      now: () => systemClock.now(),
      context: contextWith,
    })
  } catch (thrown) {
    process.exitCode = 2
    process.stderr.write(`${wordsOf(thrown)}\n`)
  }
}

/** Standard output belongs to the answer: no word of the log, and no command for a runner, may be in it. */
async function contextWith(variables: Readonly<Record<string, string>>): Promise<Context> {
  for (const [name, value] of Object.entries(variables)) {
    if (value === '') Reflect.deleteProperty(process.env, name)
    else process.env[name] = value
  }
  const { createContext } = await import('./create-context.ts')
  const masker = createMasker()
  const log = createLog(text => void process.stderr.write(text), masker, false)
  return createContext({ env: process.env, log, masker, signal: new AbortController().signal })
}

function wordsOf(thrown: unknown): string {
  if (!(thrown instanceof SlipwayError)) return messageOf(thrown)
  return [
    thrown.message,
    ...(thrown.why === undefined ? [] : [`Why: ${thrown.why}`]),
    `What to do: ${thrown.todo}`,
  ].join('\n')
}

async function readLines(file: string): Promise<Iterable<string>> {
  try {
    return linesOf(await readFile(file, 'utf8'))
  } catch (thrown) {
    throw new UserError('file-unreadable', `${file} cannot be read: ${messageOf(thrown)}.`, {
      todo: 'Check the path.',
      cause: thrown,
    })
  }
}

/** One at a time: a trace may be tens of megabytes. */
function* linesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const end = text.indexOf('\n', start)
    yield text.slice(start, end === -1 ? text.length : end)
    start = end === -1 ? text.length : end + 1
  }
}
