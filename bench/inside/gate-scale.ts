/**
 * The part of bench/gate-scale.ts that runs inside the platform: the same 500 Deployments of 10 pods through the built
 * deploy action and through helm, each in a namespace of its own. Prints a JSON line for each.
 */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { connectAsAdmin, quiet } from '../../sandbox/connect.ts'
import { simulated } from '../../sandbox/faults/simulated.ts'
import { simulatedNode } from '../../sandbox/inside/simulated.ts'
import { attach } from '../../sandbox/platform.ts'
import { region } from '../../sandbox/world.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { releaseStore } from '../../src/rollout/record/record.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { place, step } from '../../test/support/step.ts'

const deployments = Number(process.argv[2] ?? '500')
const podsEach = 10
const admin = await connectAsAdmin(attach().kubeconfig)

interface Run {
  readonly tool: 'slipway' | 'helm'
  readonly ok: boolean
  /** Of the whole process. */
  readonly seconds: number
  /** Peak resident memory, in bytes. */
  readonly peak: number
  /** From the moment in which another watch saw the last Deployment available to the verdict. */
  readonly lag: number
}

const workload = (): readonly KubeObject[] =>
  Array.from({ length: deployments }, (_, index) =>
    simulated('Deployment', { name: `app-${index}`, replicas: podsEach }),
  )

/** A watch of our own, in this process: resolves with the instant in which all Deployments are available. */
async function allAvailable(namespace: string): Promise<number> {
  const ready = new Set<string>()
  const see = ({ metadata, status }: KubeObject): void => {
    const { availableReplicas = 0 } = (status ?? {}) as { readonly availableReplicas?: number }
    if (availableReplicas === podsEach) ready.add(metadata.name)
  }
  const done = new AbortController()
  for await (const event of admin.watch({ apiVersion: 'apps/v1', kind: 'Deployment' }, namespace, done.signal)) {
    if (event.type === 'listed') event.objects.forEach(see)
    else if (event.type !== 'gap') see(event.object)
    if (ready.size === deployments) break
  }
  return systemClock.now()
}

async function inNamespace(name: string, work: (namespace: string) => Promise<Run>): Promise<Run> {
  const namespace = `${name}-${Date.now().toString(36)}`
  await admin.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace }
  while ((await admin.get(account)) === undefined) await systemClock.sleep(50)
  try {
    return await work(namespace)
  } finally {
    const key = { apiVersion: 'v1', kind: 'Namespace', name: namespace }
    await admin.remove(key)
    while ((await admin.get(key)) !== undefined) await systemClock.sleep(1_000)
  }
}

async function slipway(namespace: string, folder: string): Promise<Run> {
  const memory = join(folder, 'memory')
  const preload = join(import.meta.dirname, 'peak-memory.mjs')
  const began = systemClock.now()
  const available = allAvailable(namespace)
  const { code, log } = await step(
    'deploy',
    { ...place, namespace, manifests: 'app.yaml', soak: '0s', timeout: '30m' },
    {
      files: {
        'app.yaml': workload()
          .map(object => JSON.stringify(object))
          .join('\n---\n'),
      },
      env: { NODE_OPTIONS: `--import=${preload}`, SLIPWAY_BENCH_MEMORY: memory },
    },
  )
  const ended = systemClock.now()
  if (code !== 0) throw new Error(log.slice(-2_000))
  const [record] = await releaseStore(namespace, namespace, { cluster: admin, log: quiet }).list()
  return {
    tool: 'slipway',
    ok: record?.verdict === 'healthy',
    seconds: (ended - began) / 1_000,
    peak: Number(await readFile(memory, 'utf8')),
    lag: ((record?.endedAt ?? Infinity) - (await available)) / 1_000,
  }
}

async function helm(namespace: string, folder: string): Promise<Run> {
  const chart = join(folder, 'chart')
  await mkdir(join(chart, 'templates'), { recursive: true })
  await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: scale\nversion: 0.1.0\n')
  const text = workload().map(object => JSON.stringify(object))
  await writeFile(join(chart, 'templates/all.yaml'), text.join('\n---\n'))
  const began = systemClock.now()
  const available = allAvailable(namespace)
  const args = ['upgrade', '--install', 'scale', chart, '--namespace', namespace, '--wait', '--timeout', '30m']
  const { code, peak, output } = await watched('helm', args)
  const ended = systemClock.now()
  if (code !== 0) throw new Error(output.slice(-2_000))
  return { tool: 'helm', ok: true, seconds: (ended - began) / 1_000, peak, lag: (ended - (await available)) / 1_000 }
}

/** Runs a program to its end; its peak is read from the kernel while it runs. */
function watched(
  command: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly peak: number; readonly output: string }> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, peak] = ['', 0]
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      peak = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1_024 || peak
    } catch {
      // It has ended.
    }
  }, 100)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => {
      clearInterval(look)
      resolve({ code: code ?? 1, peak, output })
    })
  })
}

/** The platform's own nodes have room for 2,500 pods. */
const nodes = Array.from({ length: 4 }, (_, index) => simulatedNode(`scale-${index}`, `${region}a`, 'amd64'))
const room = { cpu: '1000', memory: '4Ti', pods: '2000', 'ephemeral-storage': '100Gi' }
for (const node of nodes) {
  const { status: _, ...plain } = node
  await admin.apply({ ...plain, status: { ...node.status, capacity: room, allocatable: room } })
}
const folder = await mkdtemp(join(tmpdir(), 'slipway-scale-'))
try {
  console.log(JSON.stringify(await inNamespace('scale-helm', async namespace => helm(namespace, folder))))
  console.log(JSON.stringify(await inNamespace('scale-slipway', async namespace => slipway(namespace, folder))))
} finally {
  await rm(folder, { recursive: true })
  for (const { metadata } of nodes) await admin.remove({ apiVersion: 'v1', kind: 'Node', name: metadata.name })
  await admin.close()
}
