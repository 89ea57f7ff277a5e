import { KubeError } from '../../kubernetes/errors.ts'
import type { Cluster, Kind, KubeObject } from '../../kubernetes/model.ts'
import { groupOf, nameOf } from '../../kubernetes/names.ts'
import { UserError } from '../../runtime/errors.ts'
import { inParallel } from '../../runtime/parallel.ts'

const parallelRequests = 8

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
          about: { object: nameOf(object), field: 'apiVersion' },
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

/** Names of the namespaces that this set brings and that are not there yet. */
export async function namespacesToCome(
  set: readonly KubeObject[],
  cluster: Cluster,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const names = set.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name)
  const there = await inParallel(names, parallelRequests, name => namespaceExists(name, cluster, signal))
  return new Set(names.filter((_, index) => there[index] === false))
}

/** A dry run cannot succeed for what lives in a namespace, or is of a kind, that only this very set brings. */
export function needsOthersFirst(
  object: KubeObject,
  set: readonly KubeObject[],
  newNamespaces: ReadonlySet<string>,
): boolean {
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
