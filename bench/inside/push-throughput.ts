/** The part of bench/push-throughput.ts that runs inside the platform: prints a JSON line per push. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hosts, region, roles } from '../../sandbox/world.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { startJob } from '../../test/support/job.ts'
import { makeLayout, type MadeLayout } from '../../test/support/layouts.ts'
import { platformLogin } from '../../test/support/platform-push.ts'
import { front } from '../../test/support/step.ts'

const rounds = Number(process.argv[2] ?? '3')
/** A gigabyte, as images are: few large layers and some small ones. */
const megabytes = [400, 250, 150, 100, 60, 40]
const login = await platformLogin()
const job = startJob()
await job.uses('ecr-login', { role: roles.build, region })
const unique = systemClock.now().toString(36)
const names = ['crane', 'slipway'] as const
// A repository for each push: none finds a layer of another.
const repositoryOf = (name: string, round: number): string => `shop/${unique}-${name}-${round}`
const all = [...Array(rounds + 1).keys()].flatMap(round => names.map(name => repositoryOf(name, round)))
await front('POST', '/seed', { repositories: [...all, repositoryOf('large', 0)].map(name => ({ name })) })

const layout = makeLayout(megabytes.map(size => ({ randomBytes: size * 1e6 })))
try {
  // The first round fills the registry, and is not counted: afterwards all find the same.
  for (let round = 0; round <= rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const repository = repositoryOf(name, round)
      say({ name, round, ...(name === 'crane' ? await crane(repository) : ours(layout, repository)) })
    }
  }
} finally {
  rmSync(layout.folder, { recursive: true })
}
const large = makeLayout([{ randomBytes: 3e9 }])
try {
  say({ name: 'large', round: 1, ...ours(large, repositoryOf('large', 0)) })
} finally {
  rmSync(large.folder, { recursive: true })
  job.remove()
}

async function crane(repository: string): Promise<object> {
  const since = performance.now()
  const { code, stderr } = await job.run('crane', ['push', layout.folder, `${hosts.registry}/${repository}:v1`])
  if (code !== 0) throw new Error(stderr)
  return { seconds: (performance.now() - since) / 1_000 }
}

/** Our push in a process of its own, from its start to its end, with its peak of resident memory. */
function ours({ folder, digest }: MadeLayout, repository: string): object {
  const [memory, preload] = [join(job.temp, 'peak'), join(import.meta.dirname, 'peak-memory.mjs')]
  const program = join(import.meta.dirname, '../../test/support/push-once.ts')
  const env = {
    ...process.env,
    REGISTRY_PASSWORD: login.password,
    NODE_OPTIONS: `--import=${preload}`,
    SLIPWAY_BENCH_MEMORY: memory,
  }
  const since = performance.now()
  const { stdout, stderr } = spawnSync(process.execPath, [program, folder, 'v1', repository], { env, encoding: 'utf8' })
  const seconds = (performance.now() - since) / 1_000
  if (stdout.trim() !== digest) throw new Error(`${stdout} ${stderr}`)
  return { seconds, megabytes: Number(readFileSync(memory, 'utf8')) / 1e6 }
}

function say(one: object): void {
  console.log(JSON.stringify(one))
}
