import { expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { identityOf } from '../../../src/kubernetes/names.ts'
import { reversible } from '../../../src/rollout/way-back/irreversible.ts'
import { object } from '../../support/objects.ts'

const claim = (storage: string): KubeObject => ({
  ...object('PersistentVolumeClaim', 'data', { namespace: 'shop' }),
  spec: { resources: { requests: { storage } } },
})
const definition = (versions: readonly string[], storedVersions: readonly string[] = []): KubeObject => ({
  ...object('CustomResourceDefinition', 'things.example.com', {}, 'apiextensions.k8s.io/v1'),
  spec: { versions: versions.map(name => ({ name })) },
  status: { storedVersions },
})

function back(object: KubeObject, live: KubeObject): readonly string[] {
  const { objects, notes } = reversible([object], new Map([[identityOf(live), live]]))
  expect(objects).toEqual(notes.length === 0 ? [object] : [])
  return notes
}

test.each<[string, KubeObject, KubeObject, string]>([
  [
    'a claim that has grown',
    claim('500M'),
    claim('20Gi'),
    'PersistentVolumeClaim shop/data keeps its 20Gi: a claim cannot shrink to 500M.',
  ],
  [
    'a version in which objects are stored',
    definition(['v1']),
    definition(['v1', 'v2'], ['v1', 'v2']),
    'CustomResourceDefinition things.example.com stays as it is: objects are stored in its version v2, which the earlier one has not.',
  ],
  [
    'a Job',
    object('Job', 'migrate-r1', { namespace: 'shop' }, 'batch/v1'),
    object('Job', 'migrate-r2', { namespace: 'shop' }, 'batch/v1'),
    'Job shop/migrate-r1 has run in its release: it does not run again.',
  ],
])('%s cannot go back, which is said', (_, object, live, note) => {
  expect(back(object, live)).toEqual([note])
})

test.each<[string, KubeObject, KubeObject]>([
  ['a claim of the same size in other words', claim('1Gi'), claim('1024Mi')],
  ['a claim that grows', claim('2Gi'), claim('1.5Gi')],
  ['a version in which nothing is stored yet', definition(['v1']), definition(['v1', 'v2'], ['v1'])],
])('%s can', (_, object, live) => {
  expect(back(object, live)).toEqual([])
})
