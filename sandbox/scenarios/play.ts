/** Plays a scenario on the platform and holds its ending against what is true. For use inside the platform. */
import { join } from 'node:path'
import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { Cluster, KubeObject } from '../../src/kubernetes/model.ts'
import { runGate } from '../../src/rollout/gate/run-gate.ts'
import type { AppliedObject, GateRequest, GateResult, ImageCheck } from '../../src/rollout/model.ts'
import { surroundings } from '../../src/rollout/surroundings.ts'
import { messageOf } from '../../src/runtime/errors.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { connectAsAdmin, localRegistry, quiet } from '../connect.ts'
import { Kube } from '../inside/kube.ts'
import type { Platform } from '../platform.ts'
import { AuditLog } from './audit.ts'
import { soakSeconds, type Ending, type Scenario, type Stage } from './scenario.ts'
import type { ScenarioResult } from './results.ts'

/** What the plays of one run share. */
export interface Theatre {
  readonly cluster: ClusterClient
  readonly kube: Kube
  readonly state: string
  readonly audit: AuditLog
  /** Beginning of the names of its namespaces. */
  readonly prefix: string
  close(): Promise<void>
}

export async function openTheatre(platform: Platform): Promise<Theatre> {
  const prefix = `s${(systemClock.now() % 46_656_000).toString(36)}-`
  const cluster = await connectAsAdmin(platform.kubeconfig)
  // The first request loads its modules, which jest refuses to what goes on between two tests.
  await cluster.version()
  const kube = new Kube(platform.state)
  return {
    cluster,
    kube,
    state: platform.state,
    audit: await AuditLog.follow(join(platform.state, 'log/audit.log'), prefix),
    prefix,
    async close() {
      kube.close()
      await cluster.close()
    },
  }
}

export interface Played {
  readonly ending: Ending
  readonly seconds: number | undefined
  /** From the start of the apply to the verdict. */
  readonly wholeSeconds: number
  readonly namespace: string
  /** Absent for releases through the engine. */
  readonly gate?: { readonly request: GateRequest; readonly result: GateResult }
}

/** What the gate sees the cluster and the registry through; for those who want to write it down. */
export interface Lens {
  cluster(cluster: Cluster, startedAt: number): Cluster
  images(images: ImageCheck): ImageCheck
}

const clear: Lens = { cluster: cluster => cluster, images: images => images }

/** Plays a scenario in a namespace of its own, which goes away with it. Throws when the scenario itself does not work. */
export async function play(scenario: Scenario, theatre: Theatre, lens = clear): Promise<Played> {
  const namespace = `${theatre.prefix}${scenario.name}`
  const { cluster, kube, state, audit } = theatre
  const verdict = new AbortController()
  const undo: (() => Promise<void>)[] = []
  const stage: Stage = {
    namespace,
    cluster,
    kube,
    state,
    signal: verdict.signal,
    atEnd: action => void undo.push(action),
  }
  await makeNamespace(stage)
  try {
    await scenario.before?.(stage)
    const startedAt = systemClock.now()
    let broken: unknown
    const failed = (thrown: unknown): void => void (verdict.signal.aborted || (broken ??= thrown))
    const meanwhile = scenario.meanwhile?.(stage).catch(failed)
    const { ending, gate } = await release(scenario, stage, startedAt, lens)
    verdict.abort()
    await meanwhile
    if (broken !== undefined) throw new Error(`what happens beside it went wrong: ${messageOf(broken)}`)
    // A watch may bring a write before the server has answered it, and only then it is logged.
    await systemClock.sleep(500)
    const evidenceAt = scenario.after.find(await audit.writes(namespace), startedAt)
    return {
      ending,
      seconds: evidenceAt === undefined ? undefined : (ending.endedAt - evidenceAt) / 1_000,
      wholeSeconds: (ending.endedAt - startedAt) / 1_000,
      namespace,
      ...(gate === undefined ? {} : { gate }),
    }
  } finally {
    verdict.abort()
    for (const action of undo.toReversed()) await action()
    await cluster.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  }
}

/** A new namespace has no service account for a moment, and pods are refused until it has. */
export async function makeNamespace({ namespace, cluster, signal }: Stage): Promise<void> {
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace }
  while ((await cluster.get(account)) === undefined) await systemClock.sleep(50, signal)
}

async function release(
  scenario: Scenario,
  stage: Stage,
  startedAt: number,
  lens: Lens,
): Promise<{ readonly ending: Ending; readonly gate?: Played['gate'] }> {
  if (scenario.release !== undefined) return { ending: await scenario.release(stage) }
  const objects = scenario.objects(stage.namespace)
  const world = { cluster: stage.cluster, log: quiet, signal: stage.signal }
  const scene = await surroundings(objects, world)
  const applied = await applyAll(objects, stage.cluster)
  await scenario.applied?.(stage)
  const around = [...scene.around, ...applied.map(({ object }) => object)]
  const { timeoutMs = 600_000, soakMs = soakSeconds * 1_000 } = scenario
  const brings = scenario.brings?.(stage.namespace) ?? []
  const request: GateRequest = { applied, startedAt, timeoutMs, soakMs, brings, ...scene, around }
  const result = await runGate(request, {
    cluster: lens.cluster(stage.cluster, startedAt),
    clock: systemClock,
    log: quiet,
    images: lens.images(localRegistry),
    ...(scenario.targets === undefined ? {} : { targets: scenario.targets(stage) }),
    signal: new AbortController().signal,
  })
  const told = result.timeline.map(({ says }) => says)
  return { ending: { ...result, told }, gate: { request, result } }
}

async function applyAll(objects: readonly KubeObject[], cluster: Cluster): Promise<readonly AppliedObject[]> {
  const applied: AppliedObject[] = []
  for (const object of objects) {
    const { apiVersion, kind, metadata } = object
    const { namespace, name } = metadata
    const key = { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }
    const previousGeneration = (await cluster.get(key))?.metadata.generation
    const stored = await cluster.apply(object, { force: true })
    applied.push({ object: stored, ...(previousGeneration === undefined ? {} : { previousGeneration }) })
  }
  return applied
}

/** Seconds that must have passed before the verdict: a success needs its soak, and nothing is known before it is there. */
export function leastSeconds({ expected, soakMs = soakSeconds * 1_000 }: Scenario): number {
  // The log dates a write when it is answered, which may be a moment after a watch has brought it.
  const early = 0.25
  return (expected.verdict.startsWith('healthy') ? soakMs / 1_000 : 0) - early
}

/** Held against what is true. */
export function resultOf(scenario: Scenario, { ending, seconds }: Played): ScenarioResult {
  const { number = 0, title, where, expected, after, bound } = scenario
  const code = ending.cause?.code
  const { told = '' } = expected
  const right =
    ending.verdict === expected.verdict &&
    code === expected.cause &&
    ending.back === expected.back &&
    (told === '' || ending.told?.some(text => text.includes(told)) === true)
  const inTime = seconds !== undefined && seconds <= bound && seconds >= leastSeconds(scenario)
  return {
    number,
    title,
    where,
    verdict: ending.back === undefined ? ending.verdict : `${ending.verdict}, brought back ${ending.back}`,
    ...(code === undefined ? {} : { cause: code }),
    ...(seconds === undefined ? {} : { seconds }),
    bound,
    after: after.name,
    ok: right && inTime,
  }
}

/** How many scenarios are under way at a time: nearly all of each is waiting, and the long ones begin first. */
const atOnce = 14

/** Begins to play them all; each ends by itself. */
export function playAll(scenarios: readonly Scenario[], theatre: Theatre): ReadonlyMap<string, Promise<Played>> {
  const plays = new Map(scenarios.map(({ name }) => [name, Promise.withResolvers<Played>()]))
  const queue = scenarios.toSorted((a, b) => b.bound - a.bound)
  const work = async (): Promise<void> => {
    for (let scenario = queue.shift(); scenario !== undefined; scenario = queue.shift()) {
      const { resolve, reject } = plays.get(scenario.name) ?? Promise.withResolvers()
      await play(scenario, theatre).then(resolve, reject)
    }
  }
  for (let place = 0; place < atOnce; place++) void work()
  // A failure is told where it is awaited; until then it must not end the process.
  for (const { promise } of plays.values()) promise.catch(() => undefined)
  return new Map([...plays].map(([name, { promise }]) => [name, promise]))
}
