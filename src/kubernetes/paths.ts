import type { Discovery, Resource } from './discovery.ts'
import { KubeError } from './errors.ts'
import type { Kind, ObjectKey } from './model.ts'

/** Where kinds and objects are in the API of one server. */
export interface Paths {
  /** Throws KubeError (404) when the server does not serve the kind. Without namespace: of all namespaces. */
  collection(kind: Kind, namespace: string | undefined, signal?: AbortSignal): Promise<string>
  object(key: ObjectKey, signal?: AbortSignal): Promise<string>
}

export function createPaths(discovery: Discovery): Paths {
  const paths: Paths = {
    async collection(kind, namespace, signal) {
      const resource = await discovery.find(kind, signal)
      if (!resource) throw unknownKind(kind)
      return collectionPath(resource, namespace)
    },
    async object({ apiVersion, kind, name, namespace }, signal) {
      return `${await paths.collection({ apiVersion, kind }, namespace, signal)}/${encodeURIComponent(name)}`
    },
  }
  return paths
}

export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>

/** `path` with those values that are there. */
export function withQuery(path: string, values: QueryValues): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value))
  return query.size === 0 ? path : `${path}?${query.toString()}`
}

/** A namespace that is given for a cluster-scoped kind is ignored, as the API itself has no place for it. */
function collectionPath({ base, plural, namespaced }: Resource, namespace: string | undefined): string {
  if (!namespaced || namespace === undefined) return `${base}/${plural}`
  return `${base}/namespaces/${encodeURIComponent(namespace)}/${plural}`
}

function unknownKind({ apiVersion, kind }: Kind): KubeError {
  const message = `the API server does not serve ${kind} in ${apiVersion}`
  return new KubeError({ status: 404, reason: 'NotFound', message, causes: [] })
}
