import { expect, test } from '@jest/globals'
import { applySetId, applySetParent } from '../../../src/rollout/set/applyset.ts'
import { deployment, object } from '../../support/objects.ts'
import { maps, shop } from '../../support/releases.ts'

const parent = { application: 'shop', namespace: 'prod' }

test('the id of an ApplySet is that of its parent, as kubectl computes it', () => {
  // printf 'slipway-shop-members.prod.Secret.' | openssl dgst -sha256 -binary | openssl base64 | tr '+/' '-_' | tr -d '='
  expect(applySetId(parent)).toBe('applyset-0VnyK2hTGauMyigl2NV0wNZexjOqlj8z8OHUuTyUuVU-v1')
  expect(applySetId(parent).length).toBeLessThanOrEqual(63)
})

test('its parent names the kinds of the members, and the other namespaces they are in', () => {
  const members = [
    deployment('api'),
    object('ConfigMap', 'a', { namespace: 'prod' }),
    object('ConfigMap', 'b', { namespace: 'monitoring' }),
  ]
  expect(applySetParent(parent, members).metadata).toEqual({
    name: 'slipway-shop-members',
    namespace: 'prod',
    labels: { 'applyset.kubernetes.io/id': applySetId(parent) },
    annotations: {
      'applyset.kubernetes.io/tooling': 'slipway/v1',
      'applyset.kubernetes.io/contains-group-kinds': 'ConfigMap,Deployment.apps',
      'applyset.kubernetes.io/additional-namespaces': 'monitoring',
    },
  })
})

test('a release makes its objects members, and its parent forgets the kinds that were pruned', async () => {
  const { api, deploy } = shop()
  const kinds = (): unknown =>
    api.find('Secret shop/slipway-shop-members')?.metadata.annotations?.['applyset.kubernetes.io/contains-group-kinds']
  await deploy([...maps('a'), object('Service', 'api')])
  expect(kinds()).toBe('ConfigMap,Service')
  expect(api.find('ConfigMap shop/a')?.metadata.labels).toMatchObject({
    'applyset.kubernetes.io/part-of': applySetId({ application: 'shop', namespace: 'shop' }),
  })
  const told: unknown[] = []
  api.objection = write => void (write === 'apply ConfigMap shop/a' && told.push(kinds()))
  await deploy(maps('a'))
  expect([...told, kinds()]).toEqual(['ConfigMap,Service', 'ConfigMap'])
  // Members that other manifests brought are not forgotten, nor what is never pruned.
  await deploy([object('Secret', 'b'), object('PersistentVolumeClaim', 'data')], { source: 'other/' })
  await deploy([object('Secret', 'b')], { source: 'other/' })
  expect(kinds()).toBe('ConfigMap,PersistentVolumeClaim,Secret')
})
