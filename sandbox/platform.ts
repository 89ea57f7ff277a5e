/**
 * The local platform as tests, benches and the demo use it.
 *
 *   const platform = await ensureUp('default')         // outside: starts it when it is not up
 *   const { code, stdout } = await platform.enter('kubectl', ['get', 'pods', '-A'])
 *
 * Inside (everything that `enter` starts), the names of AWS, GitHub, the database and the cache resolve to the
 * platform and nothing else is reachable; `isInside()` tells, `attach()` reads how to reach things.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { basename, join } from 'node:path'
import { RemoteError, UserError } from '../src/runtime/errors.ts'
import { stateFolder } from './home.ts'
import { entryCommand } from './lifecycle/enter.ts'
import { requireName, runningPid } from './lifecycle/state.ts'
import { up } from './lifecycle/up.ts'

/** `platform.json`. */
export interface PlatformRecord {
  readonly name: string
  /** Name of the one real node. */
  readonly node: string
  readonly database: {
    /** RDS-like name, as an ExternalName Service points to. */
    readonly host: string
    readonly address: string
    readonly port: number
    readonly user: string
    readonly password: string
    readonly database: string
  }
  readonly cache: { readonly host: string; readonly address: string; readonly port: number }
  readonly cgroup: string
  /** `{ net: 'net:[4026532201]', … }` */
  readonly namespaces: Readonly<Record<string, string>>
  /** RFC 3339. */
  readonly startedAt: string
  readonly readyAt: string
}

export interface EnterOptions {
  readonly cwd?: string
  /** Added to the platform's environment. The caller's own environment does not come along. */
  readonly env?: Readonly<Record<string, string>>
  /** Sends SIGTERM to the command when it aborts. */
  readonly signal?: AbortSignal
  /** Text for its standard input. */
  readonly input?: string
}

export interface Entered {
  /** Exit code; 128 + signal number when a signal ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Platform extends PlatformRecord {
  /** State folder: `pki/ca.crt`, `log/<process>.log`, `log/audit.log`, `kubeconfig`. */
  readonly state: string
  /** Administrator's kubeconfig. */
  readonly kubeconfig: string
  /** Environment of entered commands. */
  readonly env: Readonly<Record<string, string>>
  /** Runs a command inside to its end. Works outside and inside. Never throws for an exit code. */
  enter(command: string, args: readonly string[], options?: EnterOptions): Promise<Entered>
  /** As `enter`, but hands over the running process; killing it kills the command. */
  spawn(
    command: string,
    args: readonly string[],
    options?: Pick<EnterOptions, 'cwd' | 'env'> & { stdio?: StdioOptions },
  ): ChildProcess
  /** Ends and starts one of the platform's processes (names as in `status`). Throws when there is none. */
  restart(process: string): Promise<void>
  /** Back to a clean cluster, account and database. */
  reset(): Promise<void>
}

/** True in a process that runs inside a platform. */
export function isInside(): boolean {
  return process.env['SLIPWAY_PLATFORM'] !== undefined
}

/** Name of the platform that this process is inside of; else `default`. */
function here(): string {
  const state = process.env['SLIPWAY_PLATFORM']
  return state === undefined ? 'default' : basename(state)
}

/** The platform as it runs. Throws UserError when it is not up. */
export function attach(name: string = here()): Platform {
  requireName(name)
  const state = stateFolder(name)
  if (!existsSync(join(state, 'platform.json')) || (!isInside() && runningPid(name) === undefined)) {
    throw new UserError('platform-down', `The platform "${name}" is not up.`, {
      todo: `Run \`npm run platform -- up${name === 'default' ? '' : ` --name ${name}`}\`.`,
    })
  }
  const record = JSON.parse(readFileSync(join(state, 'platform.json'), 'utf8')) as PlatformRecord
  const env = JSON.parse(readFileSync(join(state, 'env.json'), 'utf8')) as Readonly<Record<string, string>>
  const launch: Platform['spawn'] = (command, args, options = {}) => {
    const entry = isInside() ? { command, args } : entryCommand(name, options.cwd ?? process.cwd(), command, args)
    const { cwd = process.cwd() } = options
    return spawn(entry.command, entry.args, { cwd, env: { ...env, ...options.env }, stdio: options.stdio ?? 'pipe' })
  }
  return {
    ...record,
    state,
    kubeconfig: join(state, 'kubeconfig'),
    env,
    spawn: launch,
    enter: (command, args, options = {}) => finish(launch(command, args, options), options),
    async restart(process) {
      await control(state, `/restart/${process}`)
    },
    async reset() {
      await control(state, '/reset')
    },
  }
}

/** The platform, started (and provisioned) first when it is not up; inside one it is that one, whatever its name. */
export async function ensureUp(name = 'default', print: (line: string) => void = console.error): Promise<Platform> {
  if (isInside()) return attach()
  await up(name, print)
  return attach(name)
}

function finish(child: ChildProcess, { signal, input }: EnterOptions): Promise<Entered> {
  const stop = (): void => void child.kill('SIGTERM')
  signal?.addEventListener('abort', stop, { once: true })
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const text = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk))
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, by) => {
      signal?.removeEventListener('abort', stop)
      resolve({ code: code ?? (by === 'SIGKILL' ? 137 : 143), ...text })
    })
  })
}

function control(state: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: join(state, 'control.sock'), path, method: 'POST' }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.once('end', () => (response.statusCode === 200 ? resolve(text.trim()) : reject(refused(path, text))))
    })
    sent.once('error', error => reject(refused(path, error.message))).end()
  })
}

function refused(path: string, text: string): RemoteError {
  return new RemoteError('platform-control', `The platform could not ${path.slice(1)}: ${text.trim()}`, {
    todo: 'Run `npm run platform -- status`; `down` and `up` make a new one.',
  })
}
