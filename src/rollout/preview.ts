import type { Cluster, Kind, KubeObject } from '../kubernetes/model.ts'
import { describeConflicts, KubeError, missingPermission } from '../kubernetes/errors.ts'
import { groupOf, identityOf, keyOf, nameOf } from '../kubernetes/names.ts'
import { DeniedError, UserError, type SlipwayError } from '../runtime/errors.ts'
import { inParallel } from '../runtime/parallel.ts'
import { changedPaths } from './diff.ts'
import type { PlannedChange } from './model.ts'

/** What stands in the cluster before a release, and what the release would make of it. */
export interface Preview {
  readonly changes: readonly PlannedChange[]
  /** Live objects by identity, as they were before the first write. */
  readonly live: ReadonlyMap<string, KubeObject>
}

interface Refusal {
  readonly object: KubeObject
  readonly error: KubeError
}

const parallelRequests = 8

/**
 * Asks the server what each object of the set would become, without writing (server-side dry run).
 * Throws one UserError, or a DeniedError where RBAC is in the way, that names every object the server refuses.
 */
export async function previewSet(
  set: readonly KubeObject[],
  cluster: Cluster,
  force: boolean,
  signal: AbortSignal,
): Promise<Preview> {
  const live = new Map<string, KubeObject>()
  const refusals: Refusal[] = []
  const newNamespaces = await namespacesToCome(set, cluster, signal)
  const changes = await inParallel(set, parallelRequests, async (object): Promise<PlannedChange> => {
    const before = await cluster.get(keyOf(object), signal)
    if (before) live.set(identityOf(object), before)
    if (!before && needsOthersFirst(object, set, newNamespaces))
      return { object: nameOf(object), change: 'create', fields: [] }
    try {
      const after = await cluster.apply(object, { dryRun: true, force }, signal)
      return changeOf(before, after)
    } catch (error) {
      if (!(error instanceof KubeError) || error.retryable) throw error
      refusals.push({ object, error })
      return { object: nameOf(object), change: 'none', fields: [] }
    }
  })
  if (refusals.length > 0) throw refused(refusals)
  return { changes, live }
}

/** Which kinds of the set live in a namespace: asked of the server, or of the CRD in the set that brings the kind. */
export async function scopesOf(
  set: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<(object: Kind) => boolean> {
  const scopes = new Map<string, boolean>()
  for (const object of set) {
    const key = scopeKey(object)
    if (scopes.has(key)) continue
    const scope = (await cluster.namespaced(object, signal)) ?? scopeFromSet(object, set)
    if (scope === undefined) {
      throw new UserError(
        'kind-unknown',
        `${nameOf(object)}: the cluster does not know ${object.apiVersion} ${object.kind}.`,
        {
          why: 'Its custom resource definition is neither installed nor among the manifests, or the apiVersion is misspelt.',
          todo: `Compare apiVersion and kind with \`kubectl api-resources\`.`,
        },
      )
    }
    scopes.set(key, scope)
  }
  return object => scopes.get(scopeKey(object)) ?? true
}

/** Throws UserError when the release's namespace is neither in the cluster nor in the set. */
export async function requireNamespace(
  namespace: string,
  set: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<void> {
  if (set.some(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace)) return
  if (await namespaceExists(namespace, cluster, signal)) return
  throw new UserError(
    'namespace-missing',
    `input "namespace": namespace "${namespace}" does not exist in the cluster.`,
    {
      todo: 'Correct the input, create it, or put a Namespace object among the manifests.',
    },
  )
}

/** A deployer that is confined to its namespace may not read Namespace objects; then its writes will tell. */
export async function namespaceExists(name: string, cluster: Cluster, signal: AbortSignal): Promise<boolean> {
  try {
    return (await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name }, signal)) !== undefined
  } catch (error) {
    if (error instanceof KubeError && error.status === 403) return true
    throw error
  }
}

/** The deletion of an object that a release no longer has. */
export function prune(object: KubeObject): PlannedChange {
  return { object: nameOf(object), change: 'prune', fields: [] }
}

function changeOf(before: KubeObject | undefined, after: KubeObject): PlannedChange {
  const object = nameOf(after)
  if (!before) return { object, change: 'create', fields: [] }
  const fields = changedPaths(before, after)
  return { object, change: fields.length > 0 ? 'update' : 'none', fields }
}

/** Names of the namespaces that this set brings and that are not there yet. */
async function namespacesToCome(
  set: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const names = set.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name)
  const there = await inParallel(names, parallelRequests, name => namespaceExists(name, cluster, signal))
  return new Set(names.filter((_, index) => there[index] === false))
}

/** A dry run cannot succeed for what lives in a namespace, or is of a kind, that only this very set brings. */
function needsOthersFirst(object: KubeObject, set: readonly KubeObject[], newNamespaces: ReadonlySet<string>): boolean {
  return newNamespaces.has(object.metadata.namespace ?? '') || scopeFromSet(object, set) !== undefined
}

function scopeFromSet(kind: Kind, set: readonly KubeObject[]): boolean | undefined {
  for (const object of set) {
    if (object.kind !== 'CustomResourceDefinition') continue
    const spec = object['spec'] as { group?: string; scope?: string; names?: { kind?: string } } | undefined
    if (spec?.group === groupOf(kind) && spec.names?.kind === kind.kind) return spec.scope !== 'Cluster'
  }
  return undefined
}

function scopeKey({ apiVersion, kind }: Kind): string {
  return `${apiVersion}/${kind}`
}

function refused(refusals: readonly Refusal[]): SlipwayError {
  const lines = refusals.map(({ object, error }) => `${nameOf(object)}: ${sayRefusal(error)}`)
  const what = `The API server refuses ${lines.length === 1 ? lines[0] : `${lines.length} objects: ${lines.join('; ')}`}`
  if (refusals.some(({ error }) => error.conflicts.length > 0)) {
    return new UserError('field-conflict', what, {
      why: 'Another manager owns fields that the manifests set. Nothing was applied.',
      todo: 'Remove those fields from the manifests, or take them over with `force-conflicts: true`.',
    })
  }
  const forbidden = refusals.find(({ error }) => error.status === 403 && missingPermission(error.message) !== undefined)
  if (forbidden) {
    const { why, todo } = forbidden.error
    return new DeniedError('deploy-denied', what, { why: `${why ?? ''} Nothing was applied.`, todo })
  }
  return new UserError('manifest-refused', what, {
    why: 'Its dry run of the whole set says so; nothing was applied.',
    todo: 'Correct the manifests, or change the policy or quota that the text names.',
  })
}

/** One line. */
function sayRefusal(error: KubeError): string {
  if (error.conflicts.length > 0) return describeConflicts(error.conflicts)
  return error.message.replaceAll(/\s+/g, ' ').trim()
}
