/** The part of bench/push-race.ts that runs inside the platform: prints a JSON line per race of two processes. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { hosts, region, roles } from '../../sandbox/world.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { startJob } from '../../test/support/job.ts'
import { makeLayout } from '../../test/support/layouts.ts'
import { platformLogin, pushRepository } from '../../test/support/platform-push.ts'

const rounds = Number(process.argv[2] ?? '20')
const login = await platformLogin()
const job = startJob()
await job.uses('ecr-login', { role: roles.build, region })
const unique = systemClock.now().toString(36)
const program = join(import.meta.dirname, '../../test/support/push-once.ts')

/** First line: the digest, or the code of the error; then the error's own words. */
function push(folder: string, tag: string): Promise<readonly string[]> {
  const env = { ...process.env, REGISTRY_PASSWORD: login.password }
  const child = spawn(process.execPath, [program, folder, tag], { env })
  let [said, words] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()))
  return new Promise(resolve => child.once('close', () => resolve([said.trim(), words])))
}

for (let round = 1; round <= rounds; round++) {
  // Every fourth race is between two runs with the same image: both are right then.
  const same = round % 4 === 0
  const one = makeLayout([randomBytes(900_000)])
  const two = same ? one : makeLayout([randomBytes(900_000)])
  const tag = `race-${unique}-${round}`
  const outcomes = await Promise.all([push(one.folder, tag), push(two.folder, tag)])
  const name = `${hosts.registry}/${pushRepository}:${tag}`
  const winner = (await job.run('crane', ['digest', name])).stdout.trim()
  // crane holds every byte to its digest.
  const pulled = await job.run('crane', ['pull', '--format=oci', name, join(job.temp, tag)])
  const won = outcomes.filter(([said]) => said === winner).length
  const told = outcomes.filter(([said, words]) => said === 'ecr-tag-immutable' && (words ?? '').includes(winner)).length
  const right = pulled.code === 0 && (same ? won === 2 : won === 1 && told === 1)
  console.log(JSON.stringify({ round, same, right, won, told, outcomes, pull: pulled.stderr }))
  for (const folder of [one.folder, two.folder]) rmSync(folder, { recursive: true, force: true })
}
job.remove()
