import type { KubeObject } from '../../kubernetes/model.ts'
import { nameOf } from '../../kubernetes/names.ts'
import { writersOf } from '../../kubernetes/objects.ts'
import { UserError } from '../../runtime/errors.ts'
import { applicationLabel } from './marks.ts'

/** A tool that keeps an object as it wants it: what we change it changes back, and what it deletes is gone. */
export interface ForeignOwner {
  readonly tool: 'Argo CD' | 'Flux' | 'Helm'
  /** `application shop`, `release shop/api`: what of that tool. */
  readonly by: string
}

/**
 * The tool that tracks `live`, by the marks that it leaves:
 * - Argo CD: its tracking annotation or label, or the instance label when its controller has written the object (the
 *   label alone is a recommended label that charts set for anybody);
 * - Flux: the labels of its Kustomization or HelmRelease;
 * - Helm: the release annotation (the label `managed-by: Helm` alone is in every rendered chart, also in ours).
 * Pure.
 */
export function foreignOwnerOf(live: KubeObject): ForeignOwner | undefined {
  const { labels = {}, annotations = {} } = live.metadata
  const tracked = annotations['argocd.argoproj.io/tracking-id'] ?? labels['argocd.argoproj.io/instance']
  // `shop:apps/Deployment:shop/api`
  if (tracked !== undefined) return { tool: 'Argo CD', by: `application ${tracked.split(':')[0] ?? tracked}` }
  const instance = labels['app.kubernetes.io/instance']
  if (instance !== undefined && writersOf(live).some(({ manager }) => manager?.startsWith('argocd-') === true))
    return { tool: 'Argo CD', by: `application ${instance}` }
  for (const [kind, group] of Object.entries(fluxGroups)) {
    const name = labels[`${group}/name`]
    if (name !== undefined) return { tool: 'Flux', by: `${kind} ${labels[`${group}/namespace`] ?? ''}/${name}` }
  }
  const release = annotations['meta.helm.sh/release-name']
  if (release === undefined) return undefined
  return { tool: 'Helm', by: `release ${annotations['meta.helm.sh/release-namespace'] ?? ''}/${release}` }
}

const fluxGroups = { Kustomization: 'kustomize.toolkit.fluxcd.io', HelmRelease: 'helm.toolkit.fluxcd.io' } as const

/** True for an object that another tool tracks and that this application has not taken over in an earlier release. */
export function belongsToOthers(live: KubeObject, application: string): boolean {
  return live.metadata.labels?.[applicationLabel] !== application && foreignOwnerOf(live) !== undefined
}

/** Throws UserError that names the objects of a set which another tool owns: two owners would undo each other's work. */
export function refuseForeign(live: Iterable<KubeObject>, application: string): void {
  const owned = [...live].filter(object => belongsToOthers(object, application))
  const [first] = owned
  if (first === undefined) return
  const named = owned.slice(0, 5).map(object => {
    const owner = foreignOwnerOf(object)
    return `${nameOf(object)} (${owner?.tool ?? ''} ${owner?.by ?? ''})`
  })
  const more = owned.length > named.length ? ` and ${owned.length - named.length} more` : ''
  throw new UserError('object-owned', `Another tool owns ${named.join(', ')}${more}.`, {
    why: 'It would set back what a release changes, or delete it. Nothing was applied.',
    todo: 'Take the objects out of that tool or out of the manifests; `take-ownership: true` deploys them all the same.',
    about: { object: nameOf(first) },
  })
}
