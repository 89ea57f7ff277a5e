import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RemoteError } from '../../src/runtime/errors.ts'
import { stateFolder } from '../home.ts'
import { missingPackages, requireMachine } from '../provision/debian.ts'
import { withLock } from '../provision/lock.ts'
import { missingParts } from '../provision/parts.ts'
import { provision } from '../provision/provision.ts'
import { down } from './down.ts'
import { identityOf, namespacesOf, requireName, runFile, runningPid } from './state.ts'

type Print = (line: string) => void

const main = join(import.meta.dirname, '../inside/main.ts')
const timeoutMs = 120_000

/**
 * Starts a platform, provisioned first if need be, and returns when its node is Ready. Does nothing when it is up.
 * Throws UserError or RemoteError with the failing stage; nothing is left running then.
 */
export async function up(name: string, print: Print): Promise<void> {
  requireName(name)
  requireMachine()
  if (missingParts().length > 0 || missingPackages().length > 0) await provision(print)
  const state = stateFolder(name)
  await mkdir(dirname(state), { recursive: true })
  await withLock(`${state}.lock`, print, async () => {
    if (runningPid(name) !== undefined) {
      print(`✓ platform "${name}" is up`)
      return
    }
    await down(name, () => {})
    await start(name, state, print)
  })
}

async function start(name: string, state: string, print: Print): Promise<void> {
  const started = Date.now()
  await rm(state, { recursive: true, force: true })
  await mkdir(join(state, 'log'), { recursive: true, mode: 0o755 })
  const outer = launch(name, state)
  const interrupted = (): void => {
    outer.kill('SIGKILL')
    void down(name, print).finally(() => process.exit(130))
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    await record(name, outer)
    await follow(join(state, 'progress.log'), outer, state, print)
  } catch (error) {
    outer.kill('SIGKILL')
    await down(name, () => {})
    throw error
  } finally {
    process.off('SIGINT', interrupted)
    process.off('SIGTERM', interrupted)
  }
  print(`✓ platform "${name}" is up after ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

/**
 * A shell is the first process inside, because it reaps the orphans that containers leave, which Node does not.
 * When the program ends, the shell ends, and with it everything else.
 */
function launch(name: string, state: string): ChildProcess {
  const log = openSync(join(state, 'log/platform.log'), 'a')
  const namespaces = ['--net', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc']
  const program = ['bash', '-c', '"$@" & wait $!', 'platform', process.execPath, main, name]
  const child = spawn('unshare', [...namespaces, ...program], {
    cwd: state,
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  child.unref()
  return child
}

async function record(name: string, outer: ChildProcess): Promise<void> {
  const own = namespacesOf('self')?.['pid']
  for (let tries = 0; tries < 200; tries += 1) {
    const first = firstChild(outer.pid)
    const namespaces = first === undefined ? undefined : namespacesOf(first)
    if (first !== undefined && namespaces && namespaces['pid'] !== own) {
      writeFileSync(
        runFile(name),
        JSON.stringify({ outer: outer.pid, first, identity: identityOf(first), namespaces }, undefined, 1),
      )
      return
    }
    await sleep(10)
  }
  throw new RemoteError('platform-namespaces', 'The platform could not make its namespaces.', {
    todo: `Read ${join(stateFolder(name), 'log/platform.log')}. A container needs to be privileged for this.`,
  })
}

function firstChild(pid: number | undefined): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || undefined
  } catch {
    return undefined
  }
}

/** Prints the stages as they come, until the platform says that it is ready, or that it failed. */
async function follow(file: string, outer: ChildProcess, state: string, print: Print): Promise<void> {
  const deadline = Date.now() + timeoutMs
  let shown = 0
  for (;;) {
    const ended = outer.exitCode !== null || outer.signalCode !== null
    const lines = readLines(file)
    for (const line of lines.slice(shown)) {
      if (line.startsWith('ready ')) return
      if (line.startsWith('failed ')) throw failed(readFileSync(file, 'utf8').split('\nfailed ').at(-1) ?? line, state)
      print(`  ${line}`)
    }
    shown = lines.length
    if (ended) throw failed('it ended without a word', state)
    if (Date.now() > deadline) throw failed(`it was not ready after ${timeoutMs / 1000} s`, state)
    await sleep(50)
  }
}

function readLines(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1)
  } catch {
    return []
  }
}

function failed(what: string, state: string): RemoteError {
  return new RemoteError('platform-start', `The platform did not start: ${what.trim()}`, {
    todo: `Read the logs in ${join(state, 'log')}.`,
  })
}
