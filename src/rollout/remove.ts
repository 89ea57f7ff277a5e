import type { KubeObject } from '../kubernetes/model.ts'
import { keyOf, nameOf } from '../kubernetes/names.ts'
import { messageOf } from '../runtime/errors.ts'
import { isOurs } from './record/leftovers.ts'
import type { ReleasePorts } from './ports.ts'

/**
 * Deletes what is still `application`'s, one object after the other: minutes may have passed since it was planned.
 * What cannot be deleted is warned about: it harms nobody, and the verdict stands. Takes no signal for the same reason.
 */
export async function removeAll(
  objects: readonly KubeObject[],
  application: string,
  { cluster, log }: Pick<ReleasePorts, 'cluster' | 'log'>,
): Promise<void> {
  for (const object of objects) {
    try {
      const live = await cluster.get(keyOf(object))
      if (!isOurs(live, application)) continue
      if (await cluster.remove(keyOf(object))) log.info(`pruned    ${nameOf(object)}`)
    } catch (thrown) {
      log.warn(`${nameOf(object)} is left over and could not be deleted: ${messageOf(thrown)}`)
    }
  }
}
