import type { ChildProcess } from 'node:child_process'

/**
 * Exit code of a program that shares our terminal. Ctrl-C reaches it by itself; SIGTERM is passed on.
 * After `mostMinutes` it is killed: a test that hangs must end as a failure, not as silence.
 */
export function waitFor(child: ChildProcess, mostMinutes: number): Promise<number> {
  const limit = setTimeout(() => {
    console.error(`✗ no end after ${mostMinutes} minutes: killed`)
    child.kill('SIGKILL')
  }, mostMinutes * 60_000)
  const onTerm = (): void => void child.kill('SIGTERM')
  const onInt = (): void => {}
  process.on('SIGTERM', onTerm)
  process.on('SIGINT', onInt)
  return new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)))
  }).finally(() => {
    clearTimeout(limit)
    process.off('SIGTERM', onTerm)
    process.off('SIGINT', onInt)
  })
}
