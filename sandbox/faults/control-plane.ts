/** Faults of the control plane itself. For use inside the platform. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compact } from '../inside/etcd.ts'
import type { Platform } from '../platform.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'

interface RunningProcess {
  readonly name: string
  readonly pid?: number
}

/** Stops a process of the platform without ending it: connections stay, answers do not come. */
export function freeze(platform: Platform, process: string): void {
  signal(platform, process, 'SIGSTOP')
}

export function thaw(platform: Platform, process: string): void {
  signal(platform, process, 'SIGCONT')
}

function signal({ state }: Platform, name: string, kind: 'SIGSTOP' | 'SIGCONT'): void {
  const all = JSON.parse(readFileSync(join(state, 'processes.json'), 'utf8')) as readonly RunningProcess[]
  const pid = all.find(process => process.name === name)?.pid
  if (pid === undefined) throw new Error(`${name} does not run`)
  process.kill(pid, kind)
}

/**
 * Makes every version that a watch could go on from too old: etcd forgets its history, and an API server that starts
 * anew has none in its watch cache either.
 */
export async function forgetHistory(platform: Platform, admin: ClusterClient): Promise<void> {
  await compact()
  await restartApiServer(platform, admin)
}

/** Resolves when it answers again. */
export async function restartApiServer(platform: Platform, admin: ClusterClient): Promise<void> {
  await platform.restart('kube-apiserver')
  const answers = (): Promise<boolean> =>
    admin.version().then(
      () => true,
      () => false,
    )
  while (!(await answers())) await systemClock.sleep(100)
}
