/**
 * The part of bench/deploy-start.ts that runs inside the platform: prints a JSON line per start of the built action.
 * Each round starts it twice: as the first step of a job, and as one after the action has run in that job before.
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { connectAsAdmin } from '../../sandbox/connect.ts'
import { simulated } from '../../sandbox/faults/simulated.ts'
import { attach } from '../../sandbox/platform.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { place, step } from '../../test/support/step.ts'

const rounds = Number(process.argv[2] ?? '15')
const admin = await connectAsAdmin(attach().kubeconfig)
const namespace = `start-${Date.now().toString(36)}`
await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace }
while ((await admin.get(account)) === undefined) await systemClock.sleep(50)
const folder = await mkdtemp(join(tmpdir(), 'slipway-start-'))
try {
  for (let round = 0; round < rounds; round++)
    for (const first of [true, false]) console.log(JSON.stringify({ first, ...(await start(round, first)) }))
} finally {
  await rm(folder, { recursive: true })
  await admin.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  await admin.close()
}

async function start(round: number, first: boolean): Promise<object> {
  const file = join(folder, `first-write-${round}-${first}`)
  const temp = join(folder, `temp-${round}`)
  await mkdir(temp, { recursive: true })
  const env = {
    RUNNER_TEMP: temp,
    NODE_OPTIONS: `--import=${join(import.meta.dirname, 'first-write.mjs')}`,
    SLIPWAY_BENCH_FIRST_WRITE: file,
  }
  const inputs = { ...place, namespace, manifests: 'app.yaml', soak: '0s', timeout: '60s' }
  const files = { 'app.yaml': JSON.stringify(simulated('Deployment', { name: 'api' })) }
  const { code, log } = await step('deploy', inputs, { files, env })
  if (code !== 0) throw new Error(log.slice(-2_000))
  return JSON.parse(await readFile(file, 'utf8')) as object
}
