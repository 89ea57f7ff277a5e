/** The part of bench/push-kill.ts that runs inside the platform: prints a JSON line per kill. */
import { fork } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { hosts } from '../../sandbox/world.ts'
import { ociRegistry } from '../../src/registry/oci.ts'
import { basicAuth } from '../../src/registry/registry-login.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { startFaultProxy } from '../../test/support/fault-proxy.ts'
import { makeLayout } from '../../test/support/layouts.ts'
import { platformLogin, pushRepository } from '../../test/support/platform-push.ts'

const seeds = Number(process.argv[2] ?? '60')
/** A push of four layers makes about so many requests. */
const requests = 24
const mostMsLater = 12

const login = await platformLogin()
const proxy = await startFaultProxy(hosts.registry)
const registry = ociRegistry(login, { clock: systemClock })
const unique = systemClock.now().toString(36)
const program = join(import.meta.dirname, '../../test/support/push-once.ts')

interface KillPoint {
  readonly request: number
  readonly msLater: number
}

function pointOf(seed: number): KillPoint {
  const hash = createHash('sha256').update(`push-kill ${seed}`).digest()
  return { request: 1 + (hash.readUInt32BE(0) % requests), msLater: hash.readUInt32BE(4) % (mostMsLater + 1) }
}

/** Exit code; null when it was killed. */
function push(folder: string, tag: string, kill?: KillPoint): Promise<number | null> {
  proxy.calls.splice(0)
  return new Promise(resolve => {
    const env = { ...process.env, REGISTRY_PASSWORD: login.password, REGISTRY_ORIGIN: proxy.origin }
    const child = fork(program, [folder, tag], { env, stdio: 'ignore' })
    let seen = 0
    proxy.fault = () => {
      if (++seen === kill?.request) setTimeout(() => child.kill('SIGKILL'), kill.msLater)
      return undefined
    }
    child.once('exit', code => resolve(code))
  })
}

async function isStored(digest: string): Promise<boolean> {
  const headers = { authorization: `Basic ${basicAuth(login)}` }
  const answer = await fetch(`https://${hosts.registry}/v2/${pushRepository}/blobs/${digest}`, {
    method: 'HEAD',
    headers,
  })
  return answer.status === 200
}

for (let seed = 1; seed <= seeds; seed++) {
  const point = pointOf(seed)
  const { folder, digest, layers } = makeLayout(Array.from({ length: 4 }, () => randomBytes(1_000_000)))
  const tag = `kill-${unique}-${seed}`
  const killed = (await push(folder, tag, point)) === null
  const half = (await registry.manifest(pushRepository, tag))?.digest
  const stored: string[] = []
  for (const layer of layers) if (await isStored(layer)) stored.push(layer)
  const again = await push(folder, tag)
  const ended = proxy.calls.filter(({ method }) => method === 'PUT').map(({ query }) => query.get('digest') ?? '')
  const converged = again === 0 && (await registry.manifest(pushRepository, tag))?.digest === digest
  const last = await push(folder, tag)
  const quiet = last === 0 && proxy.calls.every(({ method }) => method === 'HEAD')
  console.log(
    JSON.stringify({
      seed,
      ...point,
      killed,
      stored: stored.length,
      twice: ended.filter(one => stored.includes(one)).length,
      halfTagged: half !== undefined && half !== digest,
      converged: converged && quiet,
    }),
  )
  rmSync(folder, { recursive: true })
}
await proxy.close()
