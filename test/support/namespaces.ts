import type { ClusterClient } from '../../src/kubernetes/client.ts'
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'

export interface Namespaces {
  /** A new namespace in which pods can be made; its name begins with `name`. */
  create(name: string, labels?: Readonly<Record<string, string>>): Promise<string>
  /** Only the name of one that a release brings itself. */
  name(name: string): string
  /** Begins to delete all of them. */
  remove(): Promise<void>
}

/** Namespaces of one test file, named for this run: one that ended badly does not get into the way of the next. */
export function namespaces(cluster: ClusterClient): Namespaces {
  const made: string[] = []
  const run = Date.now().toString(36).slice(-5)
  const nameFor = (name: string): string => {
    const namespace = `${name}-${run}`
    made.push(namespace)
    return namespace
  }
  return {
    name: nameFor,
    async create(name, labels = {}) {
      const namespace = nameFor(name)
      await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } })
      // A new namespace has no service account for a moment, and pods are refused until it has.
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', name: 'default', namespace }
      while ((await cluster.get(account)) === undefined) await systemClock.sleep(20)
      return namespace
    },
    async remove() {
      for (const name of made) await cluster.remove({ apiVersion: 'v1', kind: 'Namespace', name })
    },
  }
}

/**
 * What a release may hold and leave in a namespace: `Kind name` → generation or, for kinds that have none,
 * resourceVersion (which for workloads moves with their status). Not what controllers make of it.
 */
export async function contentOf(namespace: string, cluster: ClusterClient): Promise<Readonly<Record<string, string>>> {
  const kinds = [
    { apiVersion: 'v1', kind: 'ConfigMap' },
    { apiVersion: 'v1', kind: 'Secret' },
    { apiVersion: 'v1', kind: 'Service' },
    { apiVersion: 'v1', kind: 'Pod' },
    { apiVersion: 'apps/v1', kind: 'Deployment' },
    { apiVersion: 'batch/v1', kind: 'Job' },
    { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' },
  ]
  const lists = await Promise.all(kinds.map(async kind => cluster.list(kind, namespace)))
  const own = lists.flat().filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt' && !metadata.ownerReferences)
  return Object.fromEntries(own.map(object => [`${object.kind} ${object.metadata.name}`, stateOf(object)]))
}

function stateOf({ metadata: { generation, resourceVersion = '' } }: KubeObject): string {
  return generation === undefined ? `version ${resourceVersion}` : `generation ${generation}`
}
