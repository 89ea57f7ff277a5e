import { nameOf } from '../../kubernetes/names.ts'
import type { Log } from '../../runtime/context.ts'
import { annotations } from '../set/marks.ts'
import type { Manifest } from './model.ts'

const hook = 'helm.sh/hook'
const weight = 'helm.sh/hook-weight'
const deletePolicy = 'helm.sh/hook-delete-policy'
const outputPolicy = 'helm.sh/hook-output-log-policy'

/** What Helm runs when (helm.sh/docs/topics/charts_hooks), and when we do. The others have no part in a release. */
const moments: Readonly<Record<string, 'before' | 'after'>> = {
  'pre-install': 'before',
  'pre-upgrade': 'before',
  'post-install': 'after',
  'post-upgrade': 'after',
}

/**
 * Helm's hooks as ours: before the workloads or after them, in waves by their weight. Hooks for tests, deletion and
 * rollback are left out, and the log says so. A hook for both moments (`post-install,pre-upgrade`) runs before: which
 * of the two a release is cannot be known here.
 */
export function withHelmHooks(manifests: readonly Manifest[], log: Log): readonly Manifest[] {
  return manifests.flatMap(manifest => {
    const kinds = hooksOf(manifest)
    if (kinds.length === 0) return [manifest]
    const when = kinds.map(kind => moments[kind]).filter(moment => moment !== undefined)
    if (when.length === 0) {
      log.info(`${nameOf(manifest.object)} is left out: it is a Helm hook for ${kinds.join(', ')}`)
      return []
    }
    if (manifest.object.kind === 'Pod') {
      log.warn(
        `${nameOf(manifest.object)} is a Helm hook and a Pod: it runs once only, a Job would run each time.`,
        manifest.place,
      )
    }
    return [withHook(manifest, when.includes('before') ? 'before' : 'after')]
  })
}

function hooksOf({ object }: Manifest): readonly string[] {
  const text = object.metadata.annotations?.[hook] ?? ''
  return text
    .split(',')
    .map(kind => kind.trim())
    .filter(kind => kind !== '')
}

/** Helm's own annotations go: on a live object they would say that Helm owns it. */
function withHook(manifest: Manifest, when: 'before' | 'after'): Manifest {
  const { object } = manifest
  const {
    [hook]: _,
    [weight]: order,
    [deletePolicy]: _policy,
    [outputPolicy]: _output,
    ...rest
  } = object.metadata.annotations ?? {}
  const given = { [annotations.hook]: when, [annotations.wave]: String(Number.parseInt(order ?? '0', 10) || 0) }
  return { ...manifest, object: { ...object, metadata: { ...object.metadata, annotations: { ...given, ...rest } } } }
}
