import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const mountPoint = '/sys/fs/cgroup'

/** Name of the cgroup folder below which all containers of a platform run. */
export function cgroupOf(name: string): string {
  return `slipway-${name}`
}

/** One root for cgroup v2, one per controller for v1. */
function hierarchies(): readonly string[] {
  if (existsSync(join(mountPoint, 'cgroup.controllers'))) return [mountPoint]
  return foldersIn(mountPoint)
}

/** Makes the platform's cgroup folder with every controller in it. */
export function makeCgroup(name: string): void {
  for (const root of hierarchies()) {
    const folder = join(root, cgroupOf(name))
    mkdirSync(folder, { recursive: true })
    if (existsSync(join(folder, 'cgroup.controllers'))) delegate(root, folder)
    else if (existsSync(join(folder, 'cpuset.cpus'))) inheritCpus(root, folder)
  }
}

function delegate(root: string, folder: string): void {
  for (const level of [root, folder]) {
    const controllers = readFileSync(join(level, 'cgroup.controllers'), 'utf8').trim().split(/\s+/).filter(Boolean)
    if (controllers.length === 0) continue
    writeFileSync(join(level, 'cgroup.subtree_control'), controllers.map(controller => `+${controller}`).join(' '))
  }
}

/** A new cpuset of v1 is empty, and nothing can run in it until it has CPUs and memory nodes. */
function inheritCpus(root: string, folder: string): void {
  for (const file of ['cpuset.cpus', 'cpuset.mems']) writeFileSync(join(folder, file), readFileSync(join(root, file)))
}

/** Folders that exist for the platform now, deepest last. */
export function cgroupFolders(name: string): readonly string[] {
  return hierarchies()
    .map(root => join(root, cgroupOf(name)))
    .filter(folder => existsSync(folder))
    .flatMap(below)
}

function below(folder: string): readonly string[] {
  return [folder, ...foldersIn(folder).flatMap(below)]
}

function foldersIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return entries.filter(entry => entry.isDirectory()).map(({ name }) => join(folder, name))
  } catch {
    return []
  }
}

/** Removes the platform's cgroup folders; those that still hold a process stay. Returns what is left. */
export function removeCgroup(name: string): readonly string[] {
  for (const folder of cgroupFolders(name).toReversed()) {
    try {
      rmdirSync(folder)
    } catch {
      // A dying process is still in it: the caller looks at what is left and tries again.
    }
  }
  return cgroupFolders(name)
}

/** Ids of the processes of all pods of a platform, as this process sees them. */
export function podProcesses(name: string): readonly number[] {
  const pods = hierarchies()
    .map(root => join(root, cgroupOf(name), 'kubepods'))
    .filter(folder => existsSync(folder))
  const ids = pods.flatMap(below).flatMap(processesOf)
  return [...new Set(ids)]
}

function processesOf(folder: string): readonly number[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
  } catch {
    // The folder went away with its pod, or holds threads only.
    return []
  }
}
