import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { view, type Other } from './objects.ts'
import { eventsOf } from './ownership.ts'
import { awaited, refused } from './waiting.ts'

interface StorageClass extends KubeObject {
  readonly volumeBindingMode?: string
}

const isDefault = ({ metadata }: KubeObject): boolean =>
  metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'

/**
 * A claim. It waits on purpose when its class binds at first use (`volumeBindingMode: WaitForFirstConsumer`): that is no
 * shortage before the scheduler has chosen a node for its pod, which it notes on the claim.
 */
export function assessClaim(object: KubeObject, related: Related, now: Instant): Health {
  const { phase } = view<Other>(object).status
  if (phase === 'Bound') return { status: 'healthy' }
  if (phase === 'Lost') return refused(object, 'volume-lost', 'its volume is gone', now)
  const events = eventsOf(object.metadata.uid, related.events)
  const last = events.at(-1)
  if (waitsForPod(object, related, last?.reason))
    return { status: 'healthy', note: 'binds when its first pod is scheduled' }
  const failure = events.findLast(({ reason }) => reason === 'ProvisioningFailed')
  if (failure === undefined)
    return awaited(object, 'volume-pending', 'waiting for a volume', now, { text: last?.message })
  // A volume of that class may still come by hand, without the class: so this waits too, but not as long.
  const code = /storageclass\S* .*not found/i.test(failure.message) ? 'storage-class-missing' : 'provisioning-failed'
  return awaited(object, code, failure.message, now, { at: failure.at || now, text: failure.message })
}

function waitsForPod(claim: KubeObject, related: Related, lastReason: string | undefined): boolean {
  if (claim.metadata.annotations?.['volume.kubernetes.io/selected-node'] !== undefined) return false
  const found = classOf(claim, related.storageClasses ?? [])
  if (found !== undefined) return (found as StorageClass).volumeBindingMode === 'WaitForFirstConsumer'
  return lastReason === 'WaitForFirstConsumer' || lastReason === 'WaitForPodScheduled'
}

/** The class that it names, or the default one: the newest, as the admission plugin chooses among several. */
function classOf(claim: KubeObject, classes: readonly KubeObject[]): KubeObject | undefined {
  const name = view<Other>(claim).spec['storageClassName']
  if (name !== undefined) return classes.find(({ metadata }) => metadata.name === name)
  const created = ({ metadata }: KubeObject): string => metadata.creationTimestamp ?? ''
  return classes.filter(isDefault).toSorted((a, b) => (created(a) < created(b) ? 1 : -1))[0]
}
