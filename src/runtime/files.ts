import { appendFileSync, mkdtempSync } from 'node:fs'
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

/** Reading of files as a port. Paths are relative to a root that the adapter knows. */
export interface Files {
  kind(path: string): Promise<'file' | 'folder' | 'missing'>
  /** Paths of the entries of a folder, sorted by name. */
  list(folder: string): Promise<readonly string[]>
  /** Text as UTF-8. */
  read(path: string): Promise<string>
}

/** Files below `root`; absolute paths stay as they are. */
export function filesBelow(root: string): Files {
  return {
    async kind(path) {
      const entry = await stat(resolve(root, path)).catch(() => undefined)
      if (!entry) return 'missing'
      return entry.isDirectory() ? 'folder' : 'file'
    },
    async list(folder) {
      const names = await readdir(resolve(root, folder))
      return names.toSorted().map(name => join(folder, name))
    },
    read: path => readFile(resolve(root, path), 'utf8'),
  }
}

/** Writes a page, or a result for programs, into a new folder below the runner's temporary folder, for a later step to upload. Returns its path. */
export async function writePage(tempFolder: string, name: string, text: string): Promise<string> {
  const path = join(await mkdtemp(join(tempFolder, 'slipway-report-')), name)
  await writeFile(path, text)
  return path
}

/** A file that grows while an action runs. */
export interface GrowingFile {
  readonly path: string
  write(text: string): void
}

/**
 * A new file in a folder of its own below the runner's temporary folder. Texts are written at once and in order, not in
 * the background: memory stays bounded however slow the disk is, and a killed run leaves what it had.
 * A disk that is full is told once, to `onTrouble`, and never thrown.
 */
export function growingFile(tempFolder: string, name: string, onTrouble: (thrown: unknown) => void): GrowingFile {
  let path = ''
  let broken = false
  const attempt = (work: () => void): void => {
    try {
      work()
    } catch (thrown) {
      broken = true
      onTrouble(thrown)
    }
  }
  attempt(() => {
    path = join(mkdtempSync(join(tempFolder, 'slipway-trace-')), name)
  })
  return {
    path,
    write(text) {
      if (!broken) attempt(() => appendFileSync(path, text))
    },
  }
}
