import type { Cluster, KubeObject } from '../kubernetes/model.ts'
import { identityOf, nameOf } from '../kubernetes/names.ts'
import { inParallel } from '../runtime/parallel.ts'
import type { Log } from '../runtime/context.ts'
import type { AppliedObject } from './model.ts'
import type { Wave } from './plan.ts'

/** The API server shares its seats out among clients (priority and fairness): more at once would only wait there. */
const parallelRequests = 8

/**
 * Applies the objects of a wave, several at once: order among them does not matter, what must come first has a wave of
 * its own. After a refusal no further object is begun; the error comes when those under way have ended.
 */
export async function applyWave(
  wave: Wave,
  live: ReadonlyMap<string, KubeObject>,
  force: boolean,
  ports: { readonly cluster: Cluster; readonly log: Log; readonly signal: AbortSignal },
): Promise<readonly AppliedObject[]> {
  return inParallel(wave.objects, parallelRequests, async (object): Promise<AppliedObject> => {
    const before = live.get(identityOf(object))
    const after = await ports.cluster.apply(object, { force }, ports.signal)
    const previousGeneration = before?.metadata.generation
    ports.log.info(`${verb(before, after)} ${nameOf(after)}`)
    return { object: after, ...(previousGeneration === undefined ? {} : { previousGeneration }) }
  })
}

function verb(before: KubeObject | undefined, after: KubeObject): string {
  if (!before) return 'created  '
  return before.metadata.resourceVersion === after.metadata.resourceVersion ? 'unchanged' : 'changed  '
}
