import { readFile } from 'node:fs/promises'

import { messageOf, SlipwayError, UserError } from './errors.ts'

/** What a command-line tool needs of the world. */
export interface CommandPorts {
  /** Lines of a file, without their ends. Throws UserError when it cannot be read. */
  readonly readLines: (file: string) => Promise<Iterable<string>>
  readonly write: (text: string) => void
}

/** A command-line tool: arguments in, exit code out. What it throws is bad usage (2). */
export type Command = (args: readonly string[], ports: CommandPorts) => Promise<number>

/** Runs a tool in this process. The exit code is set, not forced: what is written must reach a pipe. */
export async function runCommand(load: () => Promise<Command>): Promise<void> {
  const write = (text: string): void => void process.stdout.write(text)
  try {
    const command = await load()
    process.exitCode = await command(process.argv.slice(2), { readLines, write })
  } catch (thrown) {
    process.exitCode = 2
    process.stderr.write(`${wordsOf(thrown)}\n`)
  }
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
