import { KubeError } from '../../kubernetes/errors.ts'
import type { Cluster, KubeObject } from '../../kubernetes/model.ts'
import { identityOf, keyOf, nameOf } from '../../kubernetes/names.ts'
import { inParallel } from '../../runtime/parallel.ts'
import { applyObject } from '../apply.ts'
import { replicasOf } from '../set/autoscaled.ts'
import { fieldChanges } from './diff.ts'
import { annotations } from '../set/marks.ts'
import type { PlannedChange } from '../model.ts'
import { explainRefusals, type Refusal } from './refusals.ts'
import { namespacesToCome, needsOthersFirst } from '../set/scopes.ts'

/** What stands in the cluster before a release, and what the release would make of it. */
export interface Preview {
  readonly changes: readonly PlannedChange[]
  /** Live objects by identity, as they were before the first write. */
  readonly live: ReadonlyMap<string, KubeObject>
  /** Identities of workloads whose `spec.replicas` has to be handed over before we leave it out. */
  readonly handover: ReadonlySet<string>
  /** Identities of workloads whose number of pods is left to an autoscaler. */
  readonly scaled: ReadonlySet<string>
}

export interface PreviewRequest {
  /** As it will be applied. */
  readonly set: readonly KubeObject[]
  readonly live: ReadonlyMap<string, KubeObject>
  /** Whether to take fields of this object over from other managers. */
  readonly force: (object: KubeObject) => boolean
  /** Workloads whose number of pods is left to an autoscaler. */
  readonly scaled: ReadonlySet<string>
  /** Workloads that start anew because of configuration → the names of that. */
  readonly restarts: ReadonlyMap<string, readonly string[]>
}

const parallelRequests = 8

/** The objects of a set that exist, by identity. */
export async function readLive(
  set: readonly KubeObject[],
  cluster: Pick<Cluster, 'get'>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, KubeObject>> {
  const found = await inParallel(set, parallelRequests, object => cluster.get(keyOf(object), signal))
  return new Map(found.flatMap(object => (object === undefined ? [] : [[identityOf(object), object] as const])))
}

/**
 * Asks the server what each object of the set would become, without writing (server-side dry run).
 * Throws one UserError, or a DeniedError where RBAC is in the way, that names every object the server refuses.
 */
export async function previewSet(request: PreviewRequest, cluster: Cluster, signal: AbortSignal): Promise<Preview> {
  const { set, live } = request
  const refusals: Refusal[] = []
  const handover = new Set<string>()
  const newNamespaces = await namespacesToCome(set, cluster, signal)
  const changes = await inParallel(set, parallelRequests, async (object): Promise<PlannedChange> => {
    const before = live.get(identityOf(object))
    if (!before && needsOthersFirst(object, set, newNamespaces)) return changeOf(object, undefined, request)
    try {
      const after = await applyObject(object, { dryRun: true, force: request.force(object) }, cluster, signal)
      if (before && request.scaled.has(identityOf(object)) && replicasOf(before) !== replicasOf(after))
        handover.add(identityOf(object))
      return changeOf(object, before && { before, after }, request)
    } catch (error) {
      if (!(error instanceof KubeError) || error.retryable) throw error
      refusals.push({ object, live: before, error })
      return changeOf(object, undefined, request)
    }
  })
  if (refusals.length > 0) throw explainRefusals(refusals)
  return { changes, live, handover, scaled: request.scaled }
}

/** The deletion of an object that a release no longer has. */
export function prune(object: KubeObject): PlannedChange {
  return { object: nameOf(object), change: 'prune', fields: [] }
}

/** The return of an object to what it was before a release took it over. */
export function restore(object: KubeObject): PlannedChange {
  return { object: nameOf(object), change: 'restore', fields: [] }
}

/** `states` is absent for an object that is new. */
function changeOf(
  wanted: KubeObject,
  states: { readonly before: KubeObject; readonly after: KubeObject } | undefined,
  { scaled, restarts }: PreviewRequest,
): PlannedChange {
  const hook = wanted.metadata.annotations?.[annotations.hook]
  const isHook = wanted.kind === 'Job' && (hook === 'before' || hook === 'after')
  const named: Pick<PlannedChange, 'object' | 'hook'> = { object: nameOf(wanted), ...(isHook ? { hook } : {}) }
  if (!states) return { ...named, change: 'create', fields: [] }
  const left = scaled.has(identityOf(wanted)) ? ['spec.replicas'] : []
  const fields = fieldChanges(states.before, states.after, wanted, left)
  const restartedBy = restarts.get(identityOf(wanted))
  const change = fields.length > 0 || restartedBy !== undefined ? 'update' : 'none'
  return { ...named, change, fields, ...(restartedBy === undefined ? {} : { restartedBy }) }
}
