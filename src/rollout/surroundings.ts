import type { Cluster, KubeObject } from '../kubernetes/model.ts'
import { messageOf } from '../runtime/errors.ts'
import type { Log } from '../runtime/context.ts'
import type { GateRequest } from './model.ts'

/** Kinds of the set that explain others. Not more: the request of a gate is written into its trace. */
const explaining = new Set(['ServiceAccount', 'Service', 'IngressClass'])

/**
 * What explains a release and is no part of it, asked once before its first gate: the namespaces of its objects (they
 * ask for readiness gates by a label), whether Karpenter runs here (its API is served), and what of the set itself
 * explains the rest of it. A refusal costs a hint.
 */
export async function surroundings(
  objects: readonly KubeObject[],
  { cluster, log, signal }: { readonly cluster: Cluster; readonly log: Log; readonly signal: AbortSignal },
): Promise<Required<Pick<GateRequest, 'around' | 'karpenter'>>> {
  const ask = async <T>(question: Promise<T>): Promise<T | undefined> => {
    try {
      return await question
    } catch (thrown) {
      log.debug(`what stands around the release cannot be read: ${messageOf(thrown)}`)
      return undefined
    }
  }
  const names = new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))
  const around = objects.filter(({ kind }) => explaining.has(kind))
  for (const name of names) {
    const namespace = await ask(cluster.get({ apiVersion: 'v1', kind: 'Namespace', name }, signal))
    if (namespace !== undefined) around.push(namespace)
  }
  const claims = await ask(cluster.namespaced({ apiVersion: 'karpenter.sh/v1', kind: 'NodeClaim' }, signal))
  return { around, karpenter: claims !== undefined }
}
