import type { KubeObject } from '../kubernetes/model.ts'
import { evidence } from './evidence.ts'
import type { Evidence, Related } from './model.ts'
import { instant, nameOf, type Pod } from './objects.ts'
import { revisionPods } from './ownership.ts'

/**
 * Texts by which a kubelet evicts a pod for what the pod itself did: it passed a limit of its own manifest
 * (pkg/kubelet/eviction, 1.36). A node that is short of something says so in other words, and that proves nothing.
 */
const ownLimits =
  /ephemeral local storage usage exceeds|exceeded its local ephemeral storage limit|Usage of EmptyDir volume .* exceeds/

const leastMs = 30_000

/**
 * Pods of this revision that were evicted for passing their own disk limit. The kubelet looks every 10 s only, so each of
 * them is Ready for so long, and longer than a soak: one holds a success back until its replacement has lived twice as
 * long, two prove it.
 */
export function ownEvictions(object: KubeObject, related: Related): readonly Evidence[] {
  const evicted = revisionPods(object, related)
    .filter(({ status }) => status.reason === 'Evicted' && ownLimits.test(status.message ?? ''))
    .toSorted((a, b) => endOf(a) - endOf(b))
  const last = evicted.at(-1)
  if (last === undefined) return []
  const lifeMs = endOf(last) - (instant(last.metadata.creationTimestamp) ?? endOf(last))
  return [
    evidence('disk-exceeded', {
      on: object,
      subject: nameOf(object),
      at: endOf(last),
      text: last.status.message,
      count: evicted.length,
      ...(evicted.length > 1 ? { class: 'A0' as const } : { settlesAt: endOf(last) + Math.max(leastMs, 2 * lifeMs) }),
    }),
  ]
}

/** When its containers were ended. */
function endOf({ metadata, status }: Pod): number {
  const ends = (status.containerStatuses ?? []).flatMap(({ state }) => instant(state?.terminated?.finishedAt) ?? [])
  return ends.length === 0 ? (instant(metadata.creationTimestamp) ?? 0) : Math.max(...ends)
}
