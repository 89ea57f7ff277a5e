/**
 * Records what the real node and controllers write during a release, as fixtures for the pure gate:
 *
 *   npm run platform -- enter node sandbox/record.ts test/fixtures/k8s/recorded [SCENARIO …]
 *
 * First line: the gate's request and its verdict at the time. Then one line per thing that the watches brought:
 * milliseconds since the start, channel, event. Tests replay the lines; the verdict has to come out the same.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cluster, KubeObject, WatchEvent } from '../src/kubernetes/model.ts'
import { runGate } from '../src/rollout/gate/run-gate.ts'
import type { GateRequest } from '../src/rollout/model.ts'
import { systemClock } from '../src/runtime/system-clock.ts'
import { connectAsAdmin, localRegistry, quiet } from './connect.ts'
import { scenarios, type Scenario } from './scenarios.ts'

interface Line {
  readonly ms: number
  readonly namespace: string | undefined
  readonly event: WatchEvent
}

function recording(cluster: Cluster, startedAt: number, lines: Line[]): Cluster {
  return {
    ...cluster,
    async *watch(kind, namespace, signal) {
      for await (const event of cluster.watch(kind, namespace, signal)) {
        lines.push({ ms: systemClock.now() - startedAt, namespace, event: slim(event) })
        yield event
      }
    },
  }
}

/** Field ownership would be half of each line; the simulated nodes are not part of the story. */
function slim(event: WatchEvent): WatchEvent {
  const bare = (object: KubeObject): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, managedFields: undefined },
  })
  if (event.type === 'gap') return event
  if (event.type !== 'listed') return { ...event, object: bare(event.object) }
  return { ...event, objects: event.objects.filter(({ kind }) => kind !== 'Node').map(bare) }
}

async function record(name: string, scenario: Scenario, cluster: Cluster): Promise<string> {
  const startedAt = systemClock.now()
  const objects: KubeObject[] = []
  for (const object of scenario.objects) objects.push(await cluster.apply(object))
  const request: GateRequest = {
    applied: objects.map(object => ({ object })),
    startedAt,
    timeoutMs: 300_000,
    soakMs: 10_000,
  }
  const lines: Line[] = []
  const result = await runGate(request, {
    cluster: recording(cluster, startedAt, lines),
    clock: systemClock,
    log: quiet,
    images: localRegistry,
    signal: new AbortController().signal,
  })
  const expected = { verdict: scenario.verdict, ...(scenario.cause === undefined ? {} : { cause: scenario.cause }) }
  const head = { scenario: name, kubernetes: await cluster.version(), request, expected }
  const kept = lines.filter(({ event }) => !('object' in event) || event.object.kind !== 'Node')
  console.log(
    `${name}: ${result.verdict} ${result.cause?.code ?? ''} after ${(result.endedAt - startedAt) / 1_000} s, ${kept.length} events; ${result.cause?.says ?? ''}`,
  )
  for (const { pod, container, previous, lines: text } of result.logs)
    console.log(`  ${pod}/${container}${previous ? ' (previous)' : ''}: ${text.join(' | ')}`)
  return [head, ...kept].map(line => JSON.stringify(line)).join('\n') + '\n'
}

async function main([folder, ...names]: readonly string[]): Promise<void> {
  const kubeconfig = process.env['KUBECONFIG']
  if (folder === undefined || kubeconfig === undefined)
    throw new Error('usage: npm run platform -- enter node sandbox/record.ts FOLDER [SCENARIO …]')
  const cluster = await connectAsAdmin(kubeconfig)
  const wanted = Object.entries(scenarios).filter(([name]) => names.length === 0 || names.includes(name))
  // A namespace each, made first: its default service account takes a moment, and nothing else may be in the story.
  for (const [name] of wanted)
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `recorded-${name}` } })
  for (const [name, scenario] of wanted) {
    const namespace = `recorded-${name}`
    await writeFile(join(folder, `${name}.jsonl`), await record(name, scenario(namespace), cluster))
    await cluster.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  }
  await cluster.close()
}

await main(process.argv.slice(2))
