import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import { evidence } from './evidence.ts'
import type { Health, Related } from './model.ts'
import { nameOf, view, type Other } from './objects.ts'
import { eventsOf } from './ownership.ts'

/** A claim waits on purpose when its class binds at first use: that is no shortage before its pod is scheduled. */
export function assessClaim(object: KubeObject, related: Related, now: Instant): Health {
  const { phase } = view<Other>(object).status
  const subject = nameOf(object)
  if (phase === 'Bound') return { status: 'healthy' }
  if (phase === 'Lost')
    return {
      status: 'failing',
      says: 'its volume is gone',
      evidence: [evidence('volume-lost', { on: object, subject, at: now })],
    }
  const last = eventsOf(object.metadata.uid, related.events).at(-1)
  if (last?.reason === 'WaitForFirstConsumer')
    return { status: 'healthy', note: 'binds when its first pod is scheduled' }
  return {
    status: 'progressing',
    says: 'waiting for a volume',
    evidence: [evidence('volume-pending', { on: object, subject, at: now, text: last?.message })],
  }
}
