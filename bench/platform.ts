import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { podProcesses } from '../sandbox/lifecycle/cgroup.ts'
import { down, leftovers } from '../sandbox/lifecycle/down.ts'
import { processesIn, runRecord } from '../sandbox/lifecycle/state.ts'
import { up } from '../sandbox/lifecycle/up.ts'
import { attach, type Platform } from '../sandbox/platform.ts'
import { parts, partPath } from '../sandbox/provision/parts.ts'
import { provision } from '../sandbox/provision/provision.ts'
import { baseImage } from '../sandbox/world.ts'
import type { Bench } from './support/bench.ts'
import { median } from './support/bench.ts'

/** A platform of its own, so that one in use is not disturbed; both run side by side then. */
const name = 'bench-platform'
const rounds = 3
const limits = { upSeconds: 20, resetSeconds: 3, provisionSeconds: 2, memoryGb: 3, diskGb: 6, coldMinutes: 25 }
const cli = join(import.meta.dirname, '../sandbox/cli.ts')
const silent = (): void => {}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

/** Two real pods and twenty simulated ones, in a namespace of their own: what a reset has to clear away. */
function workload(): object {
  const deployment = (app: string, replicas: number, spec: object): object => {
    const labels = { app }
    const template = { metadata: { labels }, spec }
    const metadata = { name: app, namespace: 'bench' }
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas, selector: { matchLabels: labels }, template },
    }
  }
  const server = { name: 'main', image: baseImage, command: ['python3', '-m', 'http.server', '8080'] }
  const simulated = { nodeSelector: { type: 'kwok' }, tolerations: [{ operator: 'Exists' }] }
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } },
    deployment('real', 2, { containers: [server] }),
    deployment('simulated', 20, { ...simulated, containers: [server] }),
  ]
  return { apiVersion: 'v1', kind: 'List', items }
}

async function kubectl(platform: Platform, args: readonly string[], input?: object): Promise<string> {
  const { code, stdout, stderr } = await platform.enter('kubectl', args, input ? { input: JSON.stringify(input) } : {})
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: exit ${code}\n${stderr}`)
  return stdout
}

async function timedReset(platform: Platform): Promise<number> {
  await kubectl(platform, ['apply', '-f', '-'], workload())
  for (const app of ['real', 'simulated']) {
    await kubectl(platform, ['rollout', 'status', `deployment/${app}`, '--namespace=bench', '--timeout=60s'])
  }
  const seconds = await secondsOf(() => platform.reset())
  const left = await kubectl(platform, ['get', 'pods,deployments', '--all-namespaces', '--output=name'])
  if (left.trim() !== '') throw new Error(`a reset left something behind: ${left.trim()}`)
  return seconds
}

/** Proportional set size of everything that runs in the platform, pods included, in bytes. */
function memory(): number {
  const ids = new Set([...processesIn(runRecord(name)?.namespaces ?? {}), ...podProcesses(name)])
  const sizes = [...ids].map(pid => {
    try {
      const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
      return Number(kilobytes ?? 0) * 1024
    } catch {
      return 0
    }
  })
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Bytes that a folder takes on the disk. */
function disk(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.reduce((sum, entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sum + disk(path)
    return entry.isFile() ? sum + statSync(path).blocks * 512 : sum
  }, 0)
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(2)} GB`
const list = (values: readonly number[]): string => values.map(value => value.toFixed(1)).join(', ')

/**
 * Provisioning as on a machine that has nothing: folders and caches of its own, empty at first.
 * Takes a quarter of an hour and more, so it is asked for: `SLIPWAY_BENCH_COLD=1 npm run bench -- platform`.
 */
function coldProvisioning(): { readonly minutes: number; readonly ok: boolean } | undefined {
  if (process.env['SLIPWAY_BENCH_COLD'] !== '1') return undefined
  const folder = mkdtempSync(join(tmpdir(), 'slipway-cold-'))
  const caches = { npm_config_cache: 'npm', PIP_CACHE_DIR: 'pip' }
  const own = Object.entries({ SLIPWAY_HOME: 'home', ...caches }).map(([key, value]) => [key, join(folder, value)])
  const env = { ...process.env, ...Object.fromEntries(own) }
  const started = performance.now()
  const { status } = spawnSync(process.execPath, [cli, 'provision'], { env, stdio: 'inherit' })
  const minutes = (performance.now() - started) / 60_000
  rmSync(folder, { recursive: true, force: true })
  return { minutes, ok: status === 0 && minutes <= limits.coldMinutes }
}

async function measureUps(): Promise<readonly number[]> {
  const ups: number[] = []
  for (let round = 0; round < rounds; round++) {
    await down(name, silent)
    ups.push(await secondsOf(() => up(name, silent)))
  }
  return ups
}

async function measureResets(): Promise<readonly number[]> {
  const platform = attach(name)
  const resets: number[] = []
  for (let round = 0; round < rounds; round++) resets.push(await timedReset(platform))
  return resets
}

export const bench: Bench = {
  name: 'platform',
  demand: `cold provisioning ≤ ${limits.coldMinutes} min (with SLIPWAY_BENCH_COLD=1), warm up to node Ready ≤ ${limits.upSeconds} s, reset ≤ ${limits.resetSeconds} s, ≤ ${limits.memoryGb} GB memory, ≤ ${limits.diskGb} GB disk, provisioning anew ≤ ${limits.provisionSeconds} s`,
  peer: 'no peer: kind and minikube need Docker and public images, and bring no AWS',
  async run() {
    const cold = coldProvisioning()
    await provision(silent)
    const again = await secondsOf(() => provision(silent))
    try {
      const ups = await measureUps()
      const resets = await measureResets()
      const used = memory()
      const taken = disk(attach(name).state) + parts.reduce((sum, part) => sum + disk(partPath(part.name)), 0)
      const record = runRecord(name)
      await down(name, silent)
      const left = leftovers(name, record)
      const measured = { up: median(ups), reset: median(resets) }
      return {
        figure: `${cold ? `cold provisioning ${cold.minutes.toFixed(1)} min, ` : ''}up ${measured.up.toFixed(1)} s, reset ${measured.reset.toFixed(1)} s, ${gigabytes(used)} memory, ${gigabytes(taken)} disk, provisioning anew ${again.toFixed(1)} s`,
        ok:
          measured.up <= limits.upSeconds &&
          measured.reset <= limits.resetSeconds &&
          used <= limits.memoryGb * 1e9 &&
          taken <= limits.diskGb * 1e9 &&
          again <= limits.provisionSeconds &&
          left.length === 0 &&
          cold?.ok !== false,
        details: [
          cold
            ? `cold provisioning: ${cold.minutes.toFixed(1)} min (≤ ${limits.coldMinutes})`
            : 'cold provisioning: not asked for (SLIPWAY_BENCH_COLD=1)',
          `up: ${list(ups)} s; reset of 22 pods: ${list(resets)} s`,
          `after down: ${left.length === 0 ? 'no process, namespace, mount or cgroup is left' : left.join('; ')}`,
          'disk: parts and state; while parts are made, the caches of Go take 13 GB more for some minutes',
        ],
      }
    } finally {
      await down(name, silent)
    }
  },
}
