import type { KubeObject } from '../kubernetes/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Health, Related } from './model.ts'
import { condition, instant, view, type Other } from './objects.ts'
import { awaited, behind } from './waiting.ts'

interface ExternalSecret extends Other {
  readonly spec: { readonly refreshPolicy?: string }
  readonly status: Other['status'] & { readonly syncedResourceVersion?: string }
}

/**
 * An ExternalSecret (external-secrets.io). The operator writes no `observedGeneration`, but `<generation>-<hash>` of what
 * it synced last. A first sync may fail before the store or its role is there, so `Ready: False` only waits.
 */
export function assessExternalSecret(object: KubeObject, _related: Related, now: Instant): Health {
  const { spec, status } = view<ExternalSecret>(object)
  const ready = condition(status.conditions, 'Ready')
  if (ready === undefined) return awaited(object, 'external-secret-failing', 'not synced yet', now)
  if (ready.status !== 'True') {
    const finding = { at: instant(ready.lastTransitionTime), text: ready.message }
    return awaited(object, 'external-secret-failing', ready.message ?? 'its last sync failed', now, finding)
  }
  const synced = Number.parseInt(status.syncedResourceVersion ?? '', 10)
  // With this policy the operator never looks at a change again.
  const once = spec.refreshPolicy === 'CreatedOnce'
  return synced < (object.metadata.generation ?? 0) && !once ? behind(object, now) : { status: 'healthy' }
}
