import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../src/runtime/errors.ts'
import { home, stateFolder } from '../home.ts'

/** `run.json`: what is known as soon as the namespaces exist. Process ids as seen from outside. */
export interface RunRecord {
  /** The `unshare` process. */
  readonly outer: number
  /** First process of the platform: its end is the end of everything inside. */
  readonly first: number
  /** Boot of the machine and start of `first`: prove that the number is still the same process. */
  readonly identity: string
  /** `{ pid: 'pid:[4026532203]', … }` */
  readonly namespaces: Readonly<Record<string, string>>
}

/**
 * Folders of the machine that every platform covers with its own, because CNI and the kubelet write there whatever
 * they are told. They are made when missing and removed by `down` when empty.
 */
export const borrowedFolders = ['/var/lib/cni', '/var/lib/kubelet']

const namespaceKinds = ['net', 'mnt', 'pid'] as const

/** Throws UserError for a name that cannot be a folder and a cgroup. */
export function requireName(name: string): void {
  if (/^[a-z][a-z0-9-]{0,30}$/.test(name)) return
  throw new UserError('platform-name', `"${name}" cannot be a platform's name.`, {
    todo: 'Use small letters, digits and hyphens, a letter first, 31 at most.',
  })
}

export function runFile(name: string): string {
  return join(stateFolder(name), 'run.json')
}

export function runRecord(name: string): RunRecord | undefined {
  if (!existsSync(runFile(name))) return undefined
  return JSON.parse(readFileSync(runFile(name), 'utf8')) as RunRecord
}

/** Id of the platform's first process, if it runs. */
export function runningPid(name: string): number | undefined {
  const record = runRecord(name)
  if (!record) return undefined
  return identityOf(record.first) === record.identity ? record.first : undefined
}

/** What tells a process from any other that gets its number later; undefined when there is none. */
export function identityOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Fields after the command's name, which may hold anything: the 20th of them is the start time.
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${started}`
  } catch {
    return undefined
  }
}

/** Identities of a process's namespaces; undefined when there is no such process. */
export function namespacesOf(pid: number | 'self'): Readonly<Record<string, string>> | undefined {
  try {
    return Object.fromEntries(namespaceKinds.map(kind => [kind, readlinkSync(`/proc/${pid}/ns/${kind}`)]))
  } catch {
    return undefined
  }
}

/** Ids of all processes of this machine that are in one of these namespaces. */
export function processesIn(namespaces: Readonly<Record<string, string>>): readonly number[] {
  const pids = readdirSync('/proc')
    .filter(entry => /^\d+$/.test(entry))
    .map(Number)
  return pids.filter(pid => {
    const found = namespacesOf(pid)
    return found && namespaceKinds.some(kind => found[kind] === namespaces[kind])
  })
}

/** Names of all platforms that have a state folder. */
export function platformNames(): readonly string[] {
  const folder = join(home(), 'platforms')
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name)
}
