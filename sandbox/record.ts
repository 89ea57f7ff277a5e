/**
 * Records what the real node and controllers write during a release, as fixtures for the pure gate:
 *
 *   npm run platform -- enter node sandbox/record.ts test/fixtures/k8s/recorded [SCENARIO …]
 *
 * First line: what wrote it, the gate's request, what the registry said, and the verdict that is true. Then one line per
 * thing that the watches brought: milliseconds since the start, namespace, event. Tests replay the lines.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cluster, KubeObject, WatchEvent } from '../src/kubernetes/model.ts'
import type { ImageCheck } from '../src/rollout/model.ts'
import { systemClock } from '../src/runtime/system-clock.ts'
import { attach } from './platform.ts'
import { numberedScenarios, scenarioOf } from './scenarios/all.ts'
import { openTheatre, play, type Lens, type Theatre } from './scenarios/play.ts'
import { recordedScenarios } from './scenarios/recorded.ts'
import type { Scenario } from './scenarios/scenario.ts'

interface Line {
  readonly ms: number
  readonly namespace: string | undefined
  readonly event: WatchEvent
}

interface Recorder extends Lens {
  readonly lines: Line[]
  readonly answers: Record<string, string>
  /** By pod and container. */
  readonly logs: Record<string, string>
}

function recorder(): Recorder {
  const lines: Line[] = []
  const answers: Record<string, string> = {}
  const logs: Record<string, string> = {}
  return {
    lines,
    answers,
    logs,
    cluster: (cluster: Cluster, startedAt: number): Cluster => ({
      ...cluster,
      async *watch(kind, namespace, signal) {
        for await (const event of cluster.watch(kind, namespace, signal)) {
          if (!isOfNode(event)) lines.push({ ms: systemClock.now() - startedAt, namespace, event: slim(event) })
          yield event
        }
      },
      // A second look at Secrets and ConfigMaps: what was there is a line like any other.
      async get(key, signal) {
        const object = await cluster.get(key, signal)
        const ms = systemClock.now() - startedAt
        if (object) lines.push({ ms, namespace: key.namespace, event: { type: 'added', object: bare(object) } })
        return object
      },
      async logs(pod, namespace, options, signal) {
        const text = await cluster.logs(pod, namespace, options, signal)
        logs[`${pod}/${options.container}${options.previous === true ? '/previous' : ''}`] = text
        return text
      },
    }),
    images: (images: ImageCheck): ImageCheck => ({
      async check(image, ...about) {
        const answer = await images.check(image, ...about)
        answers[image] = answer
        return answer
      },
    }),
  }
}

/** Nodes report every few seconds, and are not part of the story. */
const isOfNode = (event: WatchEvent): boolean => 'object' in event && event.object.kind === 'Node'

function slim(event: WatchEvent): WatchEvent {
  if (event.type === 'gap') return event
  if (event.type !== 'listed') return { ...event, object: bare(event.object) }
  return { ...event, objects: event.objects.filter(({ kind }) => kind !== 'Node').map(bare) }
}

/** Field ownership would be half of each line. */
const bare = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, managedFields: undefined },
})

async function record(scenario: Scenario, theatre: Theatre, versions: object): Promise<string> {
  const lens = recorder()
  const { gate, seconds, wholeSeconds } = await play(scenario, theatre, lens)
  if (gate === undefined) throw new Error(`${scenario.name} is no release through the gate alone`)
  const { request, result } = gate
  console.log(
    `${scenario.name}: ${result.verdict} ${result.cause?.code ?? ''} after ${wholeSeconds} s (${seconds ?? '?'} s), ${lens.lines.length} events; ${result.cause?.says ?? ''}`,
  )
  const applied = request.applied.map(({ object, ...rest }) => ({ object: bare(object), ...rest }))
  const { verdict, cause } = scenario.expected
  const head = {
    scenario: scenario.name,
    ...versions,
    recordedAt: new Date(request.startedAt).toISOString(),
    request: { ...request, applied },
    ...(Object.keys(lens.answers).length === 0 ? {} : { images: lens.answers }),
    ...(Object.keys(lens.logs).length === 0 ? {} : { logs: lens.logs }),
    expected: { verdict, ...(cause === undefined ? {} : { cause }) },
  }
  return [head, ...lens.lines].map(line => JSON.stringify(line)).join('\n') + '\n'
}

/** Which programs wrote what follows. */
async function versionsOf({ cluster }: Theatre, node: string): Promise<object> {
  const found = await cluster.get({ apiVersion: 'v1', kind: 'Node', name: node })
  const { nodeInfo } = (found?.['status'] ?? {}) as { nodeInfo?: Readonly<Record<string, string>> }
  const { kubeletVersion, containerRuntimeVersion } = nodeInfo ?? {}
  return { kubernetes: await cluster.version(), kubelet: kubeletVersion, runtime: containerRuntimeVersion }
}

async function main([folder, ...names]: readonly string[]): Promise<void> {
  if (folder === undefined)
    throw new Error('usage: npm run platform -- enter node sandbox/record.ts FOLDER [SCENARIO …]')
  const platform = attach()
  const theatre = await openTheatre(platform)
  const onNode = [...numberedScenarios, ...recordedScenarios].filter(
    ({ where, release, targets }) => where === 'node' && !release && !targets,
  )
  const wanted = names.length === 0 ? onNode : names.map(scenarioOf)
  const versions = await versionsOf(theatre, platform.node)
  // A few at a time: most of a scenario is waiting, and one that waits long must not hold up the others.
  const queue = wanted.toSorted((a, b) => b.bound - a.bound)
  const work = async (): Promise<void> => {
    for (let scenario = queue.shift(); scenario !== undefined; scenario = queue.shift())
      await writeFile(join(folder, `${scenario.name}.jsonl`), await record(scenario, theatre, versions))
  }
  await Promise.all(Array.from({ length: 3 }, work))
  await theatre.close()
}

await main(process.argv.slice(2))
