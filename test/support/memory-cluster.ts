import { KubeError } from '../../src/kubernetes/errors.ts'
import type { Cluster, KubeObject, ObjectKey } from '../../src/kubernetes/model.ts'

/** What of a Cluster keeps single objects with optimistic locking, in memory. */
export type ObjectStore = Pick<Cluster, 'get' | 'create' | 'replace'>

/** Objects by name, with the conflicts that an API server makes of stale versions. */
export function memoryStore(): ObjectStore & { readonly objects: Map<string, KubeObject> } {
  const objects = new Map<string, KubeObject>()
  let version = 0
  const store = (object: KubeObject): KubeObject => {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++version) } }
    objects.set(object.metadata.name, stored)
    return stored
  }
  return {
    objects,
    get: async ({ name }: ObjectKey) => objects.get(name),
    async create(object) {
      if (objects.has(object.metadata.name)) throw refusal(409, 'AlreadyExists')
      return store(object)
    },
    async replace(object) {
      const current = objects.get(object.metadata.name)
      if (!current) throw refusal(404, 'NotFound')
      if (current.metadata.resourceVersion !== object.metadata.resourceVersion) throw refusal(409, 'Conflict')
      return store(object)
    },
  }
}

function refusal(status: number, reason: string): KubeError {
  return new KubeError({ status, reason, message: reason, causes: [] })
}
