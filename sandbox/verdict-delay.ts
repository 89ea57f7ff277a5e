/** How long after its evidence a verdict falls, by the timestamps of the API itself. For use inside the platform. */
import type { Cause, Verdict } from '../src/health/model.ts'
import { instant, view, type ContainerStatus, type Pod } from '../src/health/objects.ts'
import type { Cluster, KubeObject } from '../src/kubernetes/model.ts'
import { runGate } from '../src/rollout/gate/run-gate.ts'
import type { GateResult } from '../src/rollout/model.ts'
import { systemClock } from '../src/runtime/system-clock.ts'
import { localRegistry, quiet } from './connect.ts'
import { scenarios } from './scenarios.ts'

export interface Delay {
  readonly verdict: Verdict
  readonly cause: Cause | undefined
  readonly result: GateResult
  /** From the start of the apply to the verdict. */
  readonly seconds: number
  /**
   * From the evidence to the verdict. The API writes whole seconds, rounded down: up to one second too much, never too little.
   * Undefined for scenarios without such a moment.
   */
  readonly afterEvidence?: number
}

/** Applies a scenario in a namespace of its own, gates it, and takes the namespace away. */
export async function measureDelay(
  scenario: string,
  namespace: string,
  cluster: Cluster,
  soakMs = 10_000,
): Promise<Delay> {
  const make = scenarios[scenario]
  if (make === undefined) throw new Error(`there is no scenario "${scenario}"`)
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  try {
    await serviceAccount(namespace, cluster)
    const startedAt = systemClock.now()
    const applied: { object: KubeObject }[] = []
    for (const object of make(namespace).objects) applied.push({ object: await cluster.apply(object) })
    const result = await runGate(
      { applied, startedAt, timeoutMs: 120_000, soakMs },
      { cluster, clock: systemClock, log: quiet, images: localRegistry, signal: AbortSignal.timeout(180_000) },
    )
    const evidenceAt = await evidenceInstant(result, namespace, cluster)
    return {
      verdict: result.verdict,
      cause: result.cause,
      result,
      seconds: (result.endedAt - startedAt) / 1_000,
      ...(evidenceAt === undefined ? {} : { afterEvidence: (result.endedAt - evidenceAt) / 1_000 }),
    }
  } finally {
    await cluster.remove({ apiVersion: 'v1', kind: 'Namespace', name: namespace })
  }
}

/** A new namespace has no service account for a moment, and pods are refused until it has. */
async function serviceAccount(namespace: string, cluster: Cluster): Promise<void> {
  while ((await cluster.get({ apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace })) === undefined)
    await systemClock.sleep(50)
}

async function evidenceInstant(
  { cause }: GateResult,
  namespace: string,
  cluster: Cluster,
): Promise<number | undefined> {
  if (cause?.code === 'crash-loop') return secondExit(await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, namespace))
  if (cause?.code === 'image-not-found')
    return firstPullError(await cluster.list({ apiVersion: 'v1', kind: 'Event' }, namespace))
  return undefined
}

function secondExit(pods: readonly KubeObject[]): number | undefined {
  const statuses: readonly ContainerStatus[] = pods.flatMap(pod => view<Pod>(pod).status.containerStatuses ?? [])
  const second = statuses.find(({ restartCount }) => restartCount === 1)
  return instant((second?.state?.terminated ?? second?.lastState?.terminated)?.finishedAt)
}

function firstPullError(events: readonly KubeObject[]): number | undefined {
  const errors = events.filter(
    ({ reason, message }) => reason === 'Failed' && String(message).startsWith('Failed to pull image'),
  )
  const times = errors.map(event => instant(event['firstTimestamp'])).filter(at => at !== undefined)
  return times.length === 0 ? undefined : Math.min(...times)
}
