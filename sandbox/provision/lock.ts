import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Runs `work` while no other process of this machine does: the lock file names its holder, a dead holder's is taken. */
export async function withLock<T>(file: string, print: (line: string) => void, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true })
  for (let tries = 0; !(await take(file)); tries += 1) {
    if (tries % 30 === 0) print(`… waiting for process ${holder(file) ?? '?'}, which does the same`)
    await sleep(1000)
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    const pid = holder(file)
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await rm(file, { force: true })
    return false
  }
}

function holder(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8')) || undefined
  } catch {
    return undefined
  }
}
