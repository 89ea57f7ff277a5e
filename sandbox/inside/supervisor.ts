import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ProcessSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
}

/** What `processes.json` says of each process. */
export interface ProcessState {
  readonly name: string
  /** As seen inside the platform's process namespace. */
  readonly pid: number | undefined
  readonly state: 'running' | 'exited'
  /** Exit code or signal. */
  readonly exit?: string
  /** RFC 3339, of the last change. */
  readonly since: string
}

interface Entry {
  readonly spec: ProcessSpec
  child: ChildProcess
  state: ProcessState
}

/** Starts the platform's processes, logs each to `log/<name>.log` and keeps `processes.json` true. */
export class Supervisor {
  readonly #state: string
  readonly #environment: Readonly<Record<string, string>>
  readonly #entries = new Map<string, Entry>()

  constructor(state: string, environment: Readonly<Record<string, string>>) {
    this.#state = state
    this.#environment = environment
  }

  start(spec: ProcessSpec): void {
    const out = createWriteStream(this.logOf(spec.name), { flags: 'a' })
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd ?? this.#state,
      env: { ...this.#environment, ...spec.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    })
    child.stdout.pipe(out, { end: false })
    child.stderr.pipe(out, { end: false })
    const entry: Entry = { spec, child, state: { name: spec.name, pid: child.pid, state: 'running', since: now() } }
    child.once('error', error => this.#ended(entry, error.message))
    child.once('exit', (code, signal) => this.#ended(entry, String(signal ?? code)))
    this.#entries.set(spec.name, entry)
    this.#write()
  }

  /**
   * Ends a process and starts it again with the same command. Resolves when the new one runs.
   * Throws for an unknown name.
   */
  async restart(name: string): Promise<void> {
    const entry = this.#entries.get(name)
    if (!entry) throw new Error(`no process "${name}"; processes: ${[...this.#entries.keys()].join(', ')}`)
    entry.child.kill('SIGTERM')
    const deadline = Date.now() + 5000
    while (entry.state.state === 'running') {
      if (Date.now() > deadline) entry.child.kill('SIGKILL')
      await sleep(20)
    }
    this.start(entry.spec)
  }

  /**
   * Waits until `probe` resolves to true; asks every 50 ms.
   * Throws when the process ends first or `timeoutMs` pass, with the last lines of its log.
   */
  async ready(name: string, probe: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!(await succeeds(probe))) {
      const entry = this.#entries.get(name)
      if (entry?.state.state === 'exited')
        throw new Error(`${name} ended with ${entry.state.exit}:\n${this.tail(name)}`)
      if (Date.now() > deadline)
        throw new Error(`${name} is not ready after ${timeoutMs / 1000} s:\n${this.tail(name)}`)
      await sleep(50)
    }
  }

  /** Names of processes that ended. */
  ended(): readonly string[] {
    return [...this.#entries.values()].filter(({ state }) => state.state === 'exited').map(({ state }) => state.name)
  }

  logOf(name: string): string {
    return join(this.#state, 'log', `${name}.log`)
  }

  tail(name: string): string {
    return readFileSync(this.logOf(name), 'utf8').trim().split('\n').slice(-10).join('\n')
  }

  #ended(entry: Entry, exit: string): void {
    entry.state = { ...entry.state, state: 'exited', exit, since: now() }
    this.#write()
  }

  #write(): void {
    const states = [...this.#entries.values()].map(({ state }) => state)
    writeFileSync(join(this.#state, 'processes.json'), JSON.stringify(states, undefined, 1))
  }
}

async function succeeds(probe: () => Promise<boolean>): Promise<boolean> {
  try {
    return await probe()
  } catch {
    return false
  }
}

function now(): string {
  return new Date().toISOString()
}
