import type { KubeObject } from '../../kubernetes/model.ts'
import { identityOf, nameOf } from '../../kubernetes/names.ts'
import type { ApplyHow } from '../apply.ts'
import { leaveReplicas, scaledByOthers } from './autoscaled.ts'
import { rollConfig } from './config-rolls.ts'
import { belongsToOthers, refuseForeign } from './foreign-owners.ts'
import { wavesOf, type Wave } from './plan.ts'
import type { ReleasePorts } from '../ports.ts'
import { previewSet, readLive, restore, type Preview } from '../preview/preview.ts'

export interface ShapeRequest {
  readonly application: string
  /** With their final names and namespaces. */
  readonly objects: readonly KubeObject[]
  /** The set that ran until now, as recorded; empty before the first release. */
  readonly previous: readonly KubeObject[]
  /** What is taken away in the same go. */
  readonly gone?: readonly KubeObject[]
  /** What was others' and becomes again what it was, beside the set. */
  readonly restored?: readonly KubeObject[]
  /** Takes fields over from other managers. */
  readonly force: boolean
  /** Releases what another tool owns, too, with all fields. */
  readonly takeOwnership?: boolean
  /** A recorded set on its way back keeps the marks of its configuration, so that its old pods are its pods again. */
  readonly asRecorded: boolean
}

/** A set as it is applied, and what the server makes of it. */
export interface ShapedSet {
  /** As recorded: complete, also where the number of pods is left to an autoscaler. */
  readonly set: readonly KubeObject[]
  readonly waves: readonly Wave[]
  readonly preview: Preview
  readonly how: ApplyHow
  /** Names of changed configuration that no pod is started anew for. */
  readonly unread: readonly string[]
  /** What a person should know of it before it is applied, a sentence each. */
  readonly notes: readonly string[]
}

/**
 * Looks at what stands in the cluster and makes of a set what is applied: configuration rolls its readers, autoscalers
 * keep their numbers, other tools their objects. Then has the server check all of it. Nothing is written; throws
 * UserError or DeniedError where a release is not possible.
 */
export async function shapeSet(request: ShapeRequest, { cluster, signal }: ReleasePorts): Promise<ShapedSet> {
  const { application, objects, gone, restored = [], takeOwnership = false } = request
  const live = await readLive([...objects, ...restored], cluster, signal)
  if (!takeOwnership) refuseForeign(live.values(), application)
  const { objects: set, restarts, unread } = rollConfig(objects, { ...request, live })
  const scaled = await scaledByOthers([...set, ...restored], live, cluster, signal, gone)
  const waves = wavesOf([...leaveReplicas(set, scaled), ...restored])
  const back = new Set(restored.map(identityOf))
  const force = (object: KubeObject): boolean => {
    const before = live.get(identityOf(object))
    return request.force || (before !== undefined && takeOwnership && belongsToOthers(before, application))
  }
  const applied = waves.flatMap(wave => wave.objects).filter(object => !back.has(identityOf(object)))
  const preview = await previewSet({ set: applied, live, force, scaled, restarts }, cluster, signal)
  const recorded = new Map(set.map(object => [identityOf(object), object]))
  return {
    set: applied.map(object => recorded.get(identityOf(object)) ?? object),
    waves,
    preview: { ...preview, changes: [...preview.changes, ...restored.map(restore)] },
    how: { preview, force, restored: back },
    unread,
    notes: applied.filter(object => scaled.has(identityOf(object))).map(leftAlone),
  }
}

function leftAlone(object: KubeObject): string {
  return `${nameOf(object)} keeps its number of pods: an autoscaler decides it, not the manifest.`
}
