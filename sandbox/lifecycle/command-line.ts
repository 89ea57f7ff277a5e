import { UserError } from '../../src/runtime/errors.ts'

export interface CommandLine {
  readonly name: string
  readonly word: string | undefined
  readonly rest: readonly string[]
}

/** `--name` may stand anywhere before the command that is to run inside. */
export function parse(args: readonly string[]): CommandLine {
  let name = 'default'
  let word: string | undefined
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? ''
    if (arg === '--name') {
      name = args[(at += 1)] ?? ''
    } else if (arg.startsWith('--name=')) {
      name = arg.slice('--name='.length)
    } else if (word === undefined) {
      word = arg
    } else {
      return { name, word, rest: args.slice(arg === '--' ? at + 1 : at) }
    }
  }
  return { name, word, rest: [] }
}

/** What the platform says to a word that it does not know. */
export function unknown(what: string): UserError {
  return new UserError('platform-command', what, {
    todo: 'Use provision, up, status, enter, reset or down; --help says more.',
  })
}
