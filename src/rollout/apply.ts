import { KubeError } from '../kubernetes/errors.ts'
import type { ApplyOptions, Cluster, KubeObject } from '../kubernetes/model.ts'
import { identityOf, keyOf, nameOf } from '../kubernetes/names.ts'
import type { Log } from '../runtime/context.ts'
import { inParallel } from '../runtime/parallel.ts'
import { handOverReplicas, handoverManager } from './set/autoscaled.ts'
import type { AppliedObject } from './model.ts'
import type { Wave } from './set/plan.ts'
import type { Preview } from './preview/preview.ts'
import { restoreObject } from './record/snapshot.ts'

/** What is known of the objects beside their content. */
export interface ApplyHow {
  readonly preview: Pick<Preview, 'live' | 'handover' | 'scaled'>
  /** Whether to take fields of this object over from other managers. */
  readonly force: (object: KubeObject) => boolean
  /** Identities of objects that were others' and become again what they were. */
  readonly restored: ReadonlySet<string>
}

interface ApplyPorts {
  readonly cluster: Cluster
  readonly log: Log
  readonly signal: AbortSignal
}

/** The API server shares its seats out among clients (priority and fairness): more at once would only wait there. */
const parallelRequests = 8

/**
 * Applies the objects of a wave, several at once: order among them does not matter, what must come first has a wave of
 * its own. After a refusal no further object is begun; the error comes when those under way have ended.
 */
export function applyWave(wave: Wave, how: ApplyHow, ports: ApplyPorts): Promise<readonly AppliedObject[]> {
  return inParallel(wave.objects, parallelRequests, object => applyOne(object, how, ports))
}

async function applyOne(
  object: KubeObject,
  { preview: { live, handover, scaled }, force, restored }: ApplyHow,
  { cluster, log, signal }: ApplyPorts,
): Promise<AppliedObject> {
  const identity = identityOf(object)
  const before = live.get(identity)
  if (handover.has(identity)) {
    // Waves may have taken minutes: what counts is how many pods it has now.
    const now = await cluster.get(keyOf(object), signal)
    if (now) await handOverReplicas(now, cluster, signal)
  }
  const after = restored.has(identity)
    ? await restoreObject(object, scaled.has(identity), cluster, signal)
    : await applyObject(object, { force: force(object) }, cluster, signal)
  log.info(`${restored.has(identity) ? 'restored ' : verb(before, after)} ${nameOf(after)}`)
  const previousGeneration = before?.metadata.generation
  const reconfigured = before === undefined || settingsOf(before) !== settingsOf(after)
  return { object: after, ...(previousGeneration === undefined ? {} : { previousGeneration }), reconfigured }
}

/**
 * Server-side apply that takes back what we once handed over to ourselves: once no autoscaler scales a workload any
 * more, its manifest may set `spec.replicas` again.
 */
export async function applyObject(
  object: KubeObject,
  options: ApplyOptions,
  cluster: Pick<Cluster, 'apply'>,
  signal: AbortSignal,
): Promise<KubeObject> {
  try {
    return await cluster.apply(object, options, signal)
  } catch (thrown) {
    const conflicts = thrown instanceof KubeError ? thrown.conflicts : []
    if (conflicts.length === 0 || conflicts.some(({ manager }) => manager !== handoverManager)) throw thrown
    return cluster.apply(object, { ...options, force: true }, signal)
  }
}

/** What a controller acts on; labels and status are none of its business. */
function settingsOf({ spec, metadata }: KubeObject): string {
  return JSON.stringify([
    spec ?? null,
    Object.entries(metadata.annotations ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ])
}

function verb(before: KubeObject | undefined, after: KubeObject): string {
  if (!before) return 'created  '
  return before.metadata.resourceVersion === after.metadata.resourceVersion ? 'unchanged' : 'changed  '
}
