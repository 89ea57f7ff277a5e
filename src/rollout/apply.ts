import type { Cluster, KubeObject } from '../kubernetes/model.ts'
import { identityOf, nameOf } from '../kubernetes/names.ts'
import type { Log } from '../runtime/context.ts'
import type { AppliedObject } from './model.ts'
import type { Wave } from './plan.ts'

/** Applies the objects of a wave one after the other, in their order. Throws at the first that is refused. */
export async function applyWave(
  wave: Wave,
  live: ReadonlyMap<string, KubeObject>,
  force: boolean,
  ports: { readonly cluster: Cluster; readonly log: Log; readonly signal: AbortSignal },
): Promise<readonly AppliedObject[]> {
  const applied: AppliedObject[] = []
  for (const object of wave.objects) {
    const before = live.get(identityOf(object))
    const after = await ports.cluster.apply(object, { force }, ports.signal)
    const previousGeneration = before?.metadata.generation
    applied.push({ object: after, ...(previousGeneration === undefined ? {} : { previousGeneration }) })
    ports.log.info(`${verb(before, after)} ${nameOf(after)}`)
  }
  return applied
}

function verb(before: KubeObject | undefined, after: KubeObject): string {
  if (!before) return 'created  '
  return before.metadata.resourceVersion === after.metadata.resourceVersion ? 'unchanged' : 'changed  '
}
