import type { Cause } from '../../health/model.ts'
import { isRecord } from '../../kubernetes/objects.ts'
import type { Place } from '../../runtime/errors.ts'
import { valueAt } from '../../runtime/yaml-lines.ts'
import type { Path } from '../../runtime/yaml-lines.ts'
import type { Manifest } from './model.ts'
import { placeIn } from './places.ts'

/** The field of a container that a cause is about: where a mistake of the manifest would be. */
const ofContainer: Readonly<Record<string, Path>> = {
  'image-not-found': ['image'],
  'image-wrong-platform': ['image'],
  'invalid-image-name': ['image'],
  'image-pull-denied': ['image'],
  'image-pull-failing': ['image'],
  'image-never-pull': ['imagePullPolicy'],
  'start-error': ['command'],
  'oom-killed': ['resources', 'limits', 'memory'],
  'startup-exhausted': ['startupProbe'],
  'liveness-kill': ['livenessProbe'],
  'liveness-failing': ['livenessProbe'],
  'not-ready': ['readinessProbe'],
}

/** The field of the pod, for causes that no single container has. */
const ofPod: Readonly<Record<string, Path>> = {
  'service-account-missing': ['serviceAccountName'],
  'readiness-gate-pending': ['readinessGates'],
  'volume-failing': ['volumes'],
}

/** Causes whose text names what is missing: the manifest names it too. */
const naming = new Set(['config-missing', 'volume-missing'])

type SubjectOfCause = Pick<Cause, 'code' | 'subject' | 'container' | 'says'>

/**
 * The line of the manifests that a cause is about: the image that is not there, the probe that fails, else the
 * container or the object. Undefined when the subject is none of the release's manifests. Pure.
 */
export function placeOfCause(
  cause: SubjectOfCause | undefined,
  manifests: readonly Manifest[],
  namespace: string,
): Place | undefined {
  const manifest = cause && manifestOf(cause.subject, manifests, namespace)
  return manifest && placeIn(manifest, fieldOf(manifest, cause))
}

/** The manifest of an object of the release, by the name that people read: `Deployment shop/api`. Pure. */
export function manifestOf(name: string, manifests: readonly Manifest[], namespace: string): Manifest | undefined {
  return manifests.find(candidate => isSubject(candidate, name, namespace))
}

/** A Job runs under its name and the revision of the release (plan.ts). */
function isSubject({ object }: Manifest, subject: string, namespace: string): boolean {
  const { kind, metadata } = object
  const names = [metadata.name, `${metadata.namespace ?? namespace}/${metadata.name}`]
  const wanted = kind === 'Job' ? subject.replace(/-r\d+$/, '') : subject
  return names.some(name => `${kind} ${name}` === wanted)
}

function fieldOf({ object }: Manifest, { code, container, says }: SubjectOfCause): Path {
  const pod = podPath(object, [])
  if (pod === undefined) return ['kind']
  const spec = valueAt(object, pod)
  if (naming.has(code)) return referenceIn(says, spec, pod) ?? ['kind']
  if (ofPod[code]) return [...pod, ...ofPod[code]]
  const home = containerPath(spec, container)
  if (home === undefined) return ['kind']
  return [...pod, ...home, ...(ofContainer[code] ?? ['name'])]
}

/** The pod spec of an object, wherever it stands: of a Deployment, a CronJob, or a custom resource. */
function podPath(value: unknown, path: Path): Path | undefined {
  if (!isRecord(value)) return undefined
  if (Array.isArray(value['containers'])) return path
  for (const key of ['spec', 'template', 'jobTemplate']) {
    const found = podPath(value[key], [...path, key])
    if (found) return found
  }
  return undefined
}

function containerPath(spec: unknown, name: string | undefined): Path | undefined {
  if (!isRecord(spec)) return undefined
  for (const list of ['containers', 'initContainers']) {
    const containers = Array.isArray(spec[list]) ? spec[list] : []
    const index = containers.findIndex(one => isRecord(one) && one['name'] === name)
    if (index !== -1) return [list, index]
  }
  return Array.isArray(spec['containers']) && spec['containers'].length === 1 ? ['containers', 0] : undefined
}

/** Fields of a pod spec that name an object, by themselves or by the `name` below them. */
const references = new Set<string | number | undefined>([
  'claimName',
  'configMap',
  'configMapKeyRef',
  'configMapRef',
  'secret',
  'secretKeyRef',
  'secretName',
  'secretRef',
])

/** The first reference of the pod spec to something that `says` names: `"shop-database"` or `shop/shop-database`. */
function referenceIn(says: string, value: unknown, path: Path): Path | undefined {
  if (typeof value === 'string') return isReference(path) && names(says, value) ? path : undefined
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : isRecord(value)
      ? Object.entries(value)
      : []
  for (const [key, item] of entries) {
    const found = referenceIn(says, item, [...path, key])
    if (found) return found
  }
  return undefined
}

function isReference(path: Path): boolean {
  return references.has(path.at(-1)) || (path.at(-1) === 'name' && references.has(path.at(-2)))
}

function names(says: string, name: string): boolean {
  return name !== '' && says.split(/[^\w.-]+/).some(word => word.replace(/\.$/, '') === name)
}
