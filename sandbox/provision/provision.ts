import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { home } from '../home.ts'
import { installCommands, installEnvironment, missingPackages, requireGo, requireMachine } from './debian.ts'
import { goWorkspace } from './go.ts'
import { withLock } from './lock.ts'
import { elapsed, openLog } from './log.ts'
import type { BuildLog, Part } from './part.ts'
import { missingParts, parts, partPath, placeOf } from './parts.ts'

type Print = (line: string) => void

/** A part that no run has used for this long is removed. */
const staleMs = 14 * 24 * 3600 * 1000

/**
 * Makes what is missing, one part at a time, and says what it does. Interrupted, it goes on where it was:
 * a part counts only when it is complete. Returns how many parts were made.
 * Throws UserError when the machine cannot carry the platform or a part cannot be made.
 */
export async function provision(print: Print): Promise<number> {
  const started = Date.now()
  requireMachine()
  if (nothingToDo()) {
    print(
      `✓ nothing to do: all ${parts.length} parts are in ${home()} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
    )
    return 0
  }
  return withLock(join(home(), 'provision.lock'), print, async () => {
    await installPackages(print)
    const missing = missingParts()
    if (missing.length > 0) requireGo()
    for (const part of missing) await make(part, print)
    await removeStale(print)
    await rm(goWorkspace(), { recursive: true, force: true })
    print(`✓ all ${parts.length} parts are in ${home()} (${missing.length} made, ${elapsed(started)})`)
    return missing.length
  })
}

function nothingToDo(): boolean {
  return missingPackages().length === 0 && missingParts().length === 0
}

async function installPackages(print: Print): Promise<void> {
  const missing = missingPackages()
  if (missing.length === 0) return
  await timed('debian-packages', print, async log => {
    for (const [command, args] of installCommands(missing)) {
      log.says(`${command} ${args[0] ?? ''} ${missing.join(' ')}`)
      await log.run(command, args, { env: installEnvironment })
    }
    return undefined
  })
}

async function make(part: Part, print: Print): Promise<void> {
  const place = placeOf(part.name)
  const partial = `${place}.partial`
  await timed(part.name, print, async log => {
    await rm(partial, { recursive: true, force: true })
    await mkdir(partial, { recursive: true })
    await part.build(partial, log)
    await rename(partial, place)
    return place
  })
}

async function timed(name: string, print: Print, work: (log: BuildLog) => Promise<string | undefined>): Promise<void> {
  const started = Date.now()
  const logs = join(home(), 'log')
  await mkdir(logs, { recursive: true })
  print(`… ${name}`)
  const log = openLog(name, join(logs, `${name}.log`), print, partPath)
  try {
    const place = await work(log)
    print(
      `✓ ${name.padEnd(26)} ${elapsed(started).padStart(12)}${place ? `  ${megabytes(await sizeOf(place)).padStart(9)}` : ''}`,
    )
  } catch (error) {
    print(`✗ ${name} failed after ${elapsed(started)}`)
    throw error
  } finally {
    await log.close()
  }
}

/** Marks the parts in use, and removes other versions of them that nobody has used for two weeks. */
async function removeStale(print: Print): Promise<void> {
  const now = new Date()
  const used = new Set(parts.map(({ name }) => placeOf(name)))
  for (const place of used) await utimes(place, now, now)
  const folder = join(home(), 'parts')
  for (const entry of await readdir(folder)) {
    const place = join(folder, entry)
    if (used.has(place) || now.getTime() - (await stat(place)).mtimeMs < staleMs) continue
    await rm(place, { recursive: true, force: true })
    print(`- removed ${entry}: not used for two weeks`)
  }
}

/** Bytes below a folder, as `du` would count the files' sizes. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = entries.filter(entry => entry.isFile())
  const sizes = await Promise.all(files.map(async file => (await stat(join(file.parentPath, file.name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
