import { describe, expect, test } from '@jest/globals'
import type { ObjectMeta } from '../../../src/kubernetes/model.ts'
import { foreignOwnerOf, refuseForeign } from '../../../src/rollout/set/foreign-owners.ts'
import { object } from '../../support/objects.ts'

const marked = (metadata: Partial<ObjectMeta>) => object('ConfigMap', 'settings', { namespace: 'shop', ...metadata })
const helm = { 'meta.helm.sh/release-name': 'api', 'meta.helm.sh/release-namespace': 'shop' }

describe('another tool owns an object', () => {
  test.each<[string, Partial<ObjectMeta>, string]>([
    [
      'Argo CD by annotation',
      { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:/ConfigMap:shop/settings' } },
      'Argo CD application shop',
    ],
    ['Argo CD by its own label', { labels: { 'argocd.argoproj.io/instance': 'shop' } }, 'Argo CD application shop'],
    [
      'Argo CD by the instance label and its hand in it',
      {
        labels: { 'app.kubernetes.io/instance': 'shop' },
        managedFields: [{ manager: 'argocd-controller', operation: 'Apply' }],
      },
      'Argo CD application shop',
    ],
    [
      'a Flux Kustomization',
      {
        labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
      },
      'Flux Kustomization flux-system/apps',
    ],
    [
      'a Flux HelmRelease, which leaves the marks of Helm, too',
      {
        labels: { 'helm.toolkit.fluxcd.io/name': 'api', 'helm.toolkit.fluxcd.io/namespace': 'shop' },
        annotations: helm,
      },
      'Flux HelmRelease shop/api',
    ],
    ['a Helm release', { annotations: helm }, 'Helm release shop/api'],
  ])('%s', (_, metadata, expected) => {
    const owner = foreignOwnerOf(marked(metadata))
    expect(`${owner?.tool ?? ''} ${owner?.by ?? ''}`).toBe(expected)
  })

  test.each<[string, Partial<ObjectMeta>]>([
    [
      'a rendered chart sets',
      { labels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': 'shop' } },
    ],
    ['kubectl leaves', { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }],
  ])('but not by what %s', (_, metadata) => {
    expect(foreignOwnerOf(marked(metadata))).toBeUndefined()
  })
})

describe('a release of what others own', () => {
  test('is refused with the names of all that it is about', () => {
    const also = object('Service', 'api', { namespace: 'shop', annotations: helm })
    expect(() => refuseForeign([marked({ annotations: helm }), marked({}), also], 'shop')).toThrow(
      'Another tool owns ConfigMap shop/settings (Helm release shop/api), Service shop/api (Helm release shop/api).',
    )
  })

  test('is not refused again once the application has taken them over', () => {
    const taken = marked({ annotations: helm, labels: { 'slipway.dev/application': 'shop' } })
    expect(() => refuseForeign([taken], 'shop')).not.toThrow()
    expect(() => refuseForeign([taken], 'other')).toThrow('Another tool owns')
  })
})
