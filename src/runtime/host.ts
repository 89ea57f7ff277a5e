import { appendFileSync, closeSync, constants, openSync } from 'node:fs'

import type { Environment } from './inputs.ts'

/** The process that an action runs in (port). Everything that the run wrapper needs of Node, so that tests own it. */
export interface Host {
  readonly env: Environment
  /** Standard output; what the runner reads. */
  write(text: string): void
  /** Throws when there is no such file: the runner makes its files, and one that we made nobody would read. */
  append(file: string, text: string): void
  /** `listener` gets SIGINT, SIGTERM. */
  onSignal(listener: (signal: string) => void): void
  /** Errors that nobody handled. */
  onUnhandled(listener: (thrown: unknown) => void): void
  /** Waits until everything is written, then ends the process, even when something still runs. */
  exit(code: number): void
}

export function processHost(): Host {
  let written = false
  return {
    env: process.env,
    write(text) {
      written = true
      process.stdout.write(text)
    },
    append: appendToPresent,
    onSignal(listener) {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => listener(signal))
    },
    onUnhandled(listener) {
      process.on('uncaughtException', listener)
      process.on('unhandledRejection', listener)
    },
    exit(code) {
      // Node makes the stream when it is first touched, which costs more than all else that a clean-up does.
      if (!written) process.exit(code)
      process.stdout.write('', () => process.exit(code))
    },
  }
}

function appendToPresent(path: string, text: string): void {
  const file = openSync(path, constants.O_APPEND | constants.O_WRONLY)
  try {
    appendFileSync(file, text)
  } finally {
    closeSync(file)
  }
}
