import { describeConflicts, missingPermission } from '../../kubernetes/errors.ts'
import type { FieldConflict, KubeError } from '../../kubernetes/errors.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import { nameOf } from '../../kubernetes/names.ts'
import { DeniedError, UserError, type About, type SlipwayError } from '../../runtime/errors.ts'
import { fieldChanges } from './diff.ts'
import type { FieldChange } from '../model.ts'

/** An object whose apply the API server refuses. */
export interface Refusal {
  readonly object: KubeObject
  /** As it stands in the cluster; undefined when it is new. */
  readonly live: KubeObject | undefined
  readonly error: KubeError
}

/** What the API server says of a field that is fixed once the object is made (validation of 1.30 to 1.36). */
const immutable =
  /immutable|updates to .+ are forbidden|may not change (?:fields other than|once set)|cannot change roleRef/i

/** One error for all objects that the server refuses, of the kind that has to be dealt with first. Pure. */
export function explainRefusals(refusals: readonly Refusal[]): SlipwayError {
  const conflicts = refusals.flatMap(({ error }) => error.conflicts)
  if (conflicts.length > 0) return conflictOf(refusals, conflicts)
  const fixed = refusals.filter(isImmutable)
  if (fixed.length > 0) return immutableOf(fixed)
  const forbidden = refusals.find(({ error }) => error.status === 403 && missingPermission(error.message) !== undefined)
  if (forbidden) {
    const { why, todo } = forbidden.error
    return new DeniedError('deploy-denied', refused(refusals), {
      why: `${why ?? ''} Nothing was applied.`,
      todo,
      about: aboutOf(forbidden),
    })
  }
  return new UserError('manifest-refused', refused(refusals), {
    why: 'Its dry run of the whole set says so; nothing was applied.',
    todo: 'Correct the manifests, or change the policy or quota that the text names.',
    about: aboutOf(refusals[0]),
  })
}

function refused(refusals: readonly Refusal[]): string {
  const lines = refusals.map(({ object, error }) => `${nameOf(object)}: ${sayRefusal(error)}`)
  return `The API server refuses ${lines.length === 1 ? lines[0] : `${lines.length} objects: ${lines.join('; ')}`}`
}

/** One line. */
function sayRefusal(error: KubeError): string {
  if (error.conflicts.length > 0) return describeConflicts(error.conflicts)
  return error.message.replaceAll(/\s+/g, ' ').trim()
}

function conflictOf(refusals: readonly Refusal[], conflicts: readonly FieldConflict[]): UserError {
  const managers = [...new Set(conflicts.map(({ manager }) => manager))]
  const known = managers.flatMap(manager => {
    const says = whatIs(manager)
    return says === undefined ? [] : [`${manager} is ${says}`]
  })
  const who = known.length === 0 ? '' : ` (${known.join('; ')})`
  return new UserError('field-conflict', refused(refusals), {
    why: `Another manager owns fields that the manifests set${who}. Nothing was applied.`,
    todo: conflicts.some(isReplicas)
      ? 'Remove `spec.replicas` from the manifest when something else scales it; else take the fields over with `force-conflicts: true`.'
      : 'Remove those fields from the manifests, or take them over with `force-conflicts: true`.',
    about: aboutOf(refusals.find(({ error }) => error.conflicts.length > 0)),
  })
}

/** The first field that the server names; a field that the schema does not know it names in its text only. */
function aboutOf(refusal: Refusal | undefined): About | undefined {
  if (refusal === undefined) return undefined
  const { object, error } = refusal
  const undeclared = /: (\.\S+): field not declared in schema/.exec(error.message)?.[1]
  const field = error.causes.find(cause => cause.field !== undefined)?.field ?? undeclared
  return { object: nameOf(object), ...(field === undefined ? {} : { field }) }
}

function isReplicas({ field }: FieldConflict): boolean {
  return field === '.spec.replicas'
}

/** Field managers that a person may not recognise. */
const managerNames: readonly (readonly [RegExp, string])[] = [
  [
    /^kube-controller-manager$/,
    'a controller of Kubernetes, such as the one that scales for a HorizontalPodAutoscaler',
  ],
  [/^kubectl-client-side-apply$/, 'somebody with `kubectl apply`'],
  [/^kubectl/, 'somebody with kubectl'],
  [/^argocd-/, 'Argo CD'],
  [/^(kustomize|helm)-controller$/, 'Flux'],
  [/^helm$/, 'a Helm release'],
]

function whatIs(manager: string): string | undefined {
  return managerNames.find(([pattern]) => pattern.test(manager))?.[1]
}

function isImmutable({ live, error }: Refusal): boolean {
  return live !== undefined && error.status === 422 && immutable.test(error.message)
}

function immutableOf(refusals: readonly Refusal[]): UserError {
  const what = refusals.map(refusal => `${nameOf(refusal.object)}: ${sayFixed(refusal)}`).join('; ')
  const [first] = refusals
  const { kind, metadata } = first?.object ?? { kind: '', metadata: { name: '' } }
  const orphan = ['StatefulSet', 'Deployment', 'DaemonSet'].includes(kind) ? ' --cascade=orphan' : ''
  const where = metadata.namespace === undefined ? '' : ` -n ${metadata.namespace}`
  return new UserError('field-immutable', what, {
    why: 'Kubernetes fixes that when the object is made. Nothing was applied.',
    todo: `Undo the change or give the object a new name; or delete it on purpose (\`kubectl delete ${kind.toLowerCase()} ${metadata.name}${where}${orphan}\`) and deploy again.`,
    about: aboutOf(first),
  })
}

/** `spec.selector.matchLabels.app cannot be changed (api → web)`; the server's own words where the field is not found. */
function sayFixed({ object, live, error }: Refusal): string {
  const found = live === undefined ? [] : fixedFields(object, live, error)
  if (found.length === 0) return sayRefusal(error)
  const fields = found.slice(0, 3).map(({ path, before, after }) => {
    const values =
      before === undefined && after === undefined ? '' : ` (${before ?? 'not set'} → ${after ?? 'not set'})`
    return `${path}${values}`
  })
  return `${fields.join(', ')} cannot be changed`
}

/**
 * What the manifest wants otherwise, below the fields that the server names. For some kinds it names only `spec`, and in
 * words what may be changed there: `fields other than 'replicas', 'ordinals', 'template' …`.
 */
function fixedFields(object: KubeObject, live: KubeObject, error: KubeError): readonly FieldChange[] {
  const named = error.causes.flatMap(({ field }) => (field === undefined ? [] : [field]))
  const others = error.message.split('fields other than')[1]?.split(' are forbidden')[0] ?? ''
  const allowed = [...others.matchAll(/['`]([\w.[\]*]+)['`]/g)].map(([, name = '']) => name.replace(/^spec\./, ''))
  const mayChange = (path: string): boolean =>
    allowed.some(name => path.startsWith(`spec.${name.split('[')[0] ?? name}`))
  return fieldChanges(live, object, object).filter(
    ({ path, change }) =>
      // What the manifest does not say is a default.
      change !== 'removed' &&
      !mayChange(path) &&
      (named.length === 0 || named.some(field => path === field || new RegExp(`^${escape(field)}[.[]`).test(path))),
  )
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
