/** One release, put to the tools that others use and to Slipway's gate. For use inside the platform. */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { makeNamespace, play, type Theatre } from '../../sandbox/scenarios/play.ts'
import type { Scenario, Stage } from '../../sandbox/scenarios/scenario.ts'

export const tools = ['kubectl rollout status', 'helm --wait', 'helm --rollback-on-failure', 'slipway'] as const
export type Tool = (typeof tools)[number]

/** What one tool said of one scenario. */
export interface Saying {
  readonly scenario: string
  readonly tool: Tool
  /** `none`: it was cut off, or gave up, at the limit. */
  readonly answer: 'success' | 'failure' | 'none'
  readonly seconds: number
  /** Cause code of Slipway, last line of the others. */
  readonly says: string
  /** Requests in the release's namespace until the answer; a watch counts once. */
  readonly requests: number
}

/** `limitSeconds`: 0 leaves every tool its own limits (600 s of kubectl, 300 s of helm). */
export async function ask(tool: Tool, scenario: Scenario, theatre: Theatre, limitSeconds: number): Promise<Saying> {
  const name = `${scenario.name}-${tools.indexOf(tool)}`
  if (tool === 'slipway') return askSlipway({ ...scenario, name }, scenario.name, theatre, limitSeconds)
  const namespace = `${theatre.prefix}${name}`
  const { cluster, kube, state, audit } = theatre
  const stop = new AbortController()
  const stage: Stage = { namespace, cluster, kube, state, signal: stop.signal, atEnd: () => undefined }
  await makeNamespace(stage)
  try {
    await scenario.before?.(stage)
    const objects = scenario.objects(namespace)
    const startedAt = systemClock.now()
    const { code, says } =
      tool === 'kubectl rollout status'
        ? await kubectl(objects, stage, limitSeconds)
        : await helm(objects, stage, limitSeconds, tool)
    const endedAt = systemClock.now()
    const seconds = (endedAt - startedAt) / 1_000
    const late = limitSeconds > 0 && seconds >= limitSeconds
    const agent = tool === 'kubectl rollout status' ? 'kubectl' : 'Helm'
    const requests = await audit.requests(namespace, agent, startedAt, endedAt)
    return {
      scenario: scenario.name,
      tool,
      answer: code === 0 ? 'success' : late ? 'none' : 'failure',
      seconds,
      says,
      requests,
    }
  } finally {
    stop.abort()
    await cluster.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  }
}

async function askSlipway(scenario: Scenario, name: string, theatre: Theatre, limitSeconds: number): Promise<Saying> {
  const limit = limitSeconds === 0 ? {} : { timeoutMs: limitSeconds * 1_000 }
  const { ending, wholeSeconds, namespace } = await play({ ...scenario, ...limit, soakMs: 20_000 }, theatre)
  const success = ending.verdict === 'healthy' || ending.verdict === 'healthy-partial'
  const startedAt = ending.endedAt - wholeSeconds * 1_000
  return {
    scenario: name,
    tool: 'slipway',
    answer: success ? 'success' : 'failure',
    seconds: wholeSeconds,
    says: ending.cause?.code ?? ending.verdict,
    requests: await theatre.audit.requests(namespace, 'slipway', startedAt, ending.endedAt),
  }
}

interface Answer {
  readonly code: number
  /** Its last line. */
  readonly says: string
}

/** Applied by kubectl, too: the requests of both count, as they do for the others. */
async function kubectl(objects: readonly KubeObject[], { namespace }: Stage, limitSeconds: number): Promise<Answer> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  const applied = await run('kubectl', ['apply', '--namespace', namespace, '--filename', '-'], list)
  if (applied.code !== 0) return applied
  const workload = objects.find(({ kind }) => kind === 'Deployment' || kind === 'StatefulSet')
  if (workload === undefined) throw new Error('there is no workload to ask about')
  const limit = limitSeconds === 0 ? [] : [`--timeout=${limitSeconds}s`]
  const target = `${workload.kind.toLowerCase()}/${workload.metadata.name}`
  return run('kubectl', ['rollout', 'status', target, '--namespace', namespace, ...limit])
}

async function helm(
  objects: readonly KubeObject[],
  { namespace }: Stage,
  limitSeconds: number,
  tool: 'helm --wait' | 'helm --rollback-on-failure',
): Promise<Answer> {
  const chart = await mkdtemp(join(tmpdir(), 'slipway-chart-'))
  try {
    await mkdir(join(chart, 'templates'))
    await writeFile(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: api\nversion: 0.1.0\n')
    await writeFile(join(chart, 'templates/all.yaml'), objects.map(object => JSON.stringify(object)).join('\n---\n'))
    const limit = limitSeconds === 0 ? [] : ['--timeout', `${limitSeconds}s`]
    const rollback = tool === 'helm --wait' ? [] : ['--rollback-on-failure']
    const args = ['upgrade', '--install', 'api', chart, '--namespace', namespace, '--wait', ...rollback, ...limit]
    return await run('helm', args)
  } finally {
    await rm(chart, { recursive: true })
  }
}

export function run(command: string, args: readonly string[], input = ''): Promise<Answer> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? 1, says: output.trim().split('\n').at(-1) ?? '' }))
  })
}
