import { appendFileSync } from 'node:fs'

import type { Environment } from './inputs.ts'

/** The process that an action runs in (port). Everything that the run wrapper needs of Node, so that tests own it. */
export interface Host {
  readonly env: Environment
  /** Standard output; what the runner reads. */
  write(text: string): void
  append(file: string, text: string): void
  /** `listener` gets SIGINT, SIGTERM. */
  onSignal(listener: (signal: string) => void): void
  /** Errors that nobody handled. */
  onUnhandled(listener: (thrown: unknown) => void): void
  /** Waits until everything is written, then ends the process, even when something still runs. */
  exit(code: number): void
}

export function processHost(): Host {
  return {
    env: process.env,
    write: text => void process.stdout.write(text),
    append: (file, text) => appendFileSync(file, text),
    onSignal(listener) {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => listener(signal))
    },
    onUnhandled(listener) {
      process.on('uncaughtException', listener)
      process.on('unhandledRejection', listener)
    },
    exit: code => void process.stdout.write('', () => process.exit(code)),
  }
}
