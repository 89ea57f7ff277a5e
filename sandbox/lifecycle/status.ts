import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { stateFolder } from '../home.ts'
import type { ProcessState } from '../inside/supervisor.ts'
import { attach } from '../platform.ts'
import { missingParts, parts } from '../provision/parts.ts'
import { requireName, runningPid } from './state.ts'

/** Prints what runs. Returns true when the platform is up, complete and its node Ready. */
export async function status(name: string, print: (line: string) => void): Promise<boolean> {
  requireName(name)
  const missing = missingParts()
  print(
    `parts     ${parts.length - missing.length} of ${parts.length}${missing.length > 0 ? `; missing: ${missing.map(part => part.name).join(', ')}` : ''}`,
  )
  const pid = runningPid(name)
  if (pid === undefined) {
    print(`platform  "${name}" is down`)
    return false
  }
  print(`platform  "${name}" runs as process ${pid}; state in ${stateFolder(name)}`)
  const processes = processStates(name)
  for (const { name: process, state, exit, since } of processes) {
    print(
      `${state === 'running' ? '  ✓' : '  ✗'} ${process.padEnd(24)} ${state === 'running' ? `since ${since}` : `ended with ${exit} at ${since}`}`,
    )
  }
  const ready = existsSync(join(stateFolder(name), 'platform.json')) && (await printNodes(name, print))
  return ready && processes.every(({ state }) => state === 'running')
}

export function processStates(name: string): readonly ProcessState[] {
  const file = join(stateFolder(name), 'processes.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ProcessState[]) : []
}

async function printNodes(name: string, print: (line: string) => void): Promise<boolean> {
  const platform = attach(name)
  const { code, stdout, stderr } = await platform.enter('kubectl', [
    'get',
    'nodes',
    '--no-headers',
    '--request-timeout=5s',
  ])
  for (const line of (stdout || stderr).trim().split('\n')) print(`  ${line}`)
  return code === 0 && stdout.split('\n').some(line => new RegExp(`^${platform.node}\\s+Ready\\s`).test(line))
}
