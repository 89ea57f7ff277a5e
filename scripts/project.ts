import { delimiter, dirname, join } from 'node:path'

import type { ExecOptions, ExecResult } from '../src/runtime/context.ts'
import { messageOf } from '../src/runtime/errors.ts'
import { createExec } from '../src/runtime/exec.ts'

/** Root of the checkout. */
export const root = dirname(import.meta.dirname)

/** Programs of our packages first, and the Node that runs this. */
const path = [join(root, 'node_modules/.bin'), dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter)

const exec = createExec({ ...process.env, PATH: path })

/** Runs a program of our packages, or of the machine, in the root of the checkout. */
export function run(command: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  return exec(command, args, { cwd: root, ...options })
}

/** Runs a TypeScript program with this Node. */
export function runScript(script: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const env = { NODE_NO_WARNINGS: '1', ...options.env }
  return run(process.execPath, [join(root, script), ...args], { ...options, env })
}

/** Everything that a program said. */
export function wordsOf({ stdout, stderr }: ExecResult): string {
  return `${stdout}${stderr}`.trimEnd()
}

/** Runs the main function of a script: an error is its message, without a stack trace, and exit code 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (thrown) {
    console.error(messageOf(thrown))
    process.exitCode = 1
  }
}

/** Aborts on Ctrl-C and SIGTERM, so that programs that run for us end too. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      controller.abort(new Error(`interrupted by ${signal}`))
      process.exitCode = 130
    })
  }
  return controller.signal
}
