import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'

import type { Exec, ExecOptions, ExecResult } from './context.ts'
import { UserError, messageOf } from './errors.ts'
import type { Environment } from './inputs.ts'

/** What is kept of a stream for the result; all of it still goes to onLine. */
const mostCharacters = 16 * 1024 * 1024
/** Less than `within` waits for aborted work, so that nothing outlives the step. */
const usualPatienceMs = 3_000

/**
 * Runs programs without a shell, each in a process group of its own, so that cancelling ends its children too.
 * A program does not see the inputs of the action, nor the right to mint OIDC tokens of the job.
 * One that is asked to end (SIGTERM) has `patienceMs` before it is killed.
 */
export function createExec(base: Environment, patienceMs: number = usualPatienceMs): Exec {
  return async (command, args, options = {}) => {
    const { spawn } = await import('node:child_process')
    options.signal?.throwIfAborted()
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...ownEnvironment(base), ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      shell: false,
      windowsHide: true,
    })
    return finish(child, command, options, patienceMs)
  }
}

function ownEnvironment(base: Environment): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(base).filter(([name]) => !name.startsWith('INPUT_') && !name.startsWith('ACTIONS_ID_TOKEN_')),
  )
}

async function finish(
  child: ChildProcess,
  command: string,
  options: ExecOptions,
  patienceMs: number,
): Promise<ExecResult> {
  const stopKilling = killOnAbort(child, options.signal, patienceMs)
  // A program may end without reading its input: that is its own affair.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  try {
    const [code, stdout, stderr] = await Promise.all([
      exitCode(child, command),
      collect(child.stdout, line => options.onLine?.(line, 'stdout')),
      collect(child.stderr, line => options.onLine?.(line, 'stderr')),
    ])
    options.signal?.throwIfAborted()
    return { code, stdout, stderr }
  } finally {
    stopKilling()
  }
}

function exitCode(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', error => reject(notStarted(command, error)))
    // A program that a signal ended has no code; 128 + n is what a shell would say, and n is rarely of use.
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)))
  })
}

function notStarted(command: string, error: Error): UserError {
  const missing = 'code' in error && error.code === 'ENOENT'
  return new UserError(
    'program-missing',
    missing ? `There is no program "${command}" on this runner.` : `"${command}" cannot be started.`,
    {
      why: missing ? 'It is not in PATH, or the working folder does not exist.' : messageOf(error),
      todo: `Install ${command} in an earlier step, or use a runner that has it.`,
      cause: error,
    },
  )
}

async function collect(stream: Readable | null, onLine: (line: string) => void): Promise<string> {
  if (!stream) return ''
  stream.setEncoding('utf8')
  let kept = ''
  let open = ''
  try {
    for await (const chunk of stream) {
      const text = String(chunk)
      if (kept.length < mostCharacters) kept += text
      const lines = (open + text).split(/\r?\n/)
      open = lines.pop() ?? ''
      for (const line of lines) onLine(line)
    }
  } catch {
    // The program could not be started, or was killed; exitCode says why.
  }
  if (open !== '') onLine(open)
  return kept
}

/** Asks the whole group to end, and ends it after a while; the result takes down what the program left behind. */
function killOnAbort(child: ChildProcess, signal: AbortSignal | undefined, patienceMs: number): () => void {
  let force: NodeJS.Timeout | undefined
  const kill = (): void => {
    killGroup(child, 'SIGKILL')
    // A process that left the group may hold the streams open: they would never end by themselves.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  const onAbort = (): void => {
    killGroup(child, 'SIGTERM')
    force = setTimeout(kill, patienceMs)
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  return () => {
    clearTimeout(force)
    signal?.removeEventListener('abort', onAbort)
    // A child of the program may ignore the polite signal, and the program not wait for it.
    if (force !== undefined) kill()
  }
}

function killGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // Gone already, or no process groups here (Windows).
    child.kill(signal)
  }
}
