import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RemoteError } from '../../src/runtime/errors.ts'
import { stateFolder } from '../home.ts'
import { removeCgroup } from './cgroup.ts'
import {
  borrowedFolders,
  platformNames,
  processesIn,
  requireName,
  runningPid,
  runRecord,
  type RunRecord,
} from './state.ts'

type Print = (line: string) => void

const timeoutMs = 10_000

/**
 * Ends a platform and everything that it started, and proves it: no process in its namespaces (so no namespace),
 * no mount below its state folder, no cgroup folder. Of the state folder only the logs stay.
 * Throws RemoteError naming what is left.
 */
export async function down(name: string, print: Print): Promise<void> {
  requireName(name)
  const record = runRecord(name)
  const first = runningPid(name)
  if (record && first !== undefined) {
    // The kernel ends every process of a process namespace with its first one.
    process.kill(first, 'SIGKILL')
    await until(() => processesIn(record.namespaces).length === 0)
  }
  await until(() => removeCgroup(name).length === 0)
  const left = leftovers(name, first === undefined ? undefined : record)
  if (left.length > 0) {
    throw new RemoteError(
      'platform-leftovers',
      `The platform "${name}" left something behind:\n  ${left.join('\n  ')}`,
      {
        todo: 'End or remove it by hand, then run `npm run platform -- down` again.',
      },
    )
  }
  await removeState(stateFolder(name))
  if (platformNames().every(other => runningPid(other) === undefined)) borrowedFolders.forEach(removeEmpty)
  print(
    first !== undefined
      ? `✓ platform "${name}" is down: no process, namespace, mount or cgroup is left`
      : `✓ platform "${name}" was not up`,
  )
}

/** Everything but the logs: images, build cache, databases and keys of a platform that is gone are of no use. */
async function removeState(state: string): Promise<void> {
  if (!existsSync(state)) return
  const gone = readdirSync(state).filter(entry => entry !== 'log' && entry !== 'progress.log')
  await Promise.all(gone.map(entry => rm(join(state, entry), { recursive: true, force: true })))
}

/**
 * What of a platform is still there, one line each. Namespaces count only where `record` is of a platform that ran a
 * moment ago: the kernel gives their numbers to others later.
 */
export function leftovers(name: string, record: RunRecord | undefined): readonly string[] {
  const processes = record ? processesIn(record.namespaces).map(pid => `process ${pid}: ${commandOf(pid)}`) : []
  const state = `${stateFolder(name)}/`
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .filter(line => line.includes(state))
  return [...processes, ...mounts.map(line => `mount ${line}`), ...removeCgroup(name).map(folder => `cgroup ${folder}`)]
}

async function until(done: () => boolean): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!done() && Date.now() < deadline) await sleep(20)
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return 'ended'
  }
}

/** A mount point that was made for the platform, unless somebody else uses it. */
function removeEmpty(folder: string): void {
  if (!existsSync(folder)) return
  try {
    rmdirSync(folder)
  } catch {
    // Not empty: it is not ours.
  }
}
