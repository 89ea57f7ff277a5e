import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { orphansOf, ownSet, wavesOf } from '../../../src/rollout/set/plan.ts'
import { deployment, object } from '../../support/objects.ts'

const request = {
  application: 'shop',
  revision: 7,
  namespace: 'shop',
  applySet: 'applyset-x-v1',
  namespaced: ({ kind }: { kind: string }) => kind !== 'Namespace',
}
const planWaves = (set: readonly KubeObject[], given: typeof request) => wavesOf(ownSet(set, given))
const hook = (name: string, when: string): ReturnType<typeof object> =>
  object('Job', name, { annotations: { 'slipway.dev/hook': when } }, 'batch/v1')

describe('planning waves', () => {
  test('orders the set: foundation, configuration, Jobs before, workloads, routes, Jobs after', () => {
    const set = [
      object('Ingress', 'web', {}, 'networking.k8s.io/v1'),
      hook('smoke', 'after'),
      deployment('api'),
      hook('migrate', 'before'),
      object('Service', 'api'),
      object('Namespace', 'shop'),
    ]
    expect(planWaves(set, request).map(({ name, objects }) => [name, objects.map(({ kind }) => kind).join()])).toEqual([
      ['foundation', 'Namespace'],
      ['configuration', 'Service'],
      ['before', 'Job'],
      ['workloads', 'Deployment'],
      ['routes', 'Ingress'],
      ['after', 'Job'],
    ])
  })

  test('what makes the Secrets of the pods goes before them, and a Service of Knative is a workload', () => {
    const set = [
      object('Service', 'api', {}, 'serving.knative.dev/v1'),
      object('ExternalSecret', 'api', {}, 'external-secrets.io/v1'),
    ]
    expect(planWaves(set, request).map(({ name, objects }) => [name, objects.map(({ kind }) => kind).join()])).toEqual([
      ['configuration', 'ExternalSecret'],
      ['workloads', 'Service'],
    ])
  })

  test('a wave annotation splits workloads; lower numbers go first', () => {
    const late = deployment('worker', 'shop/api', {
      metadata: { name: 'worker', annotations: { 'slipway.dev/wave': '2' } },
    })
    expect(
      planWaves([late, deployment('api')], request).map(({ order, objects }) => [order, objects[0]?.metadata.name]),
    ).toEqual([
      [0, 'api'],
      [2, 'worker'],
    ])
  })

  test('gives each object its namespace and the label of the application; a Job gets a name per release', () => {
    const labels = { 'slipway.dev/application': 'shop', 'applyset.kubernetes.io/part-of': 'applyset-x-v1' }
    const [foundation, before] = planWaves([object('Namespace', 'shop'), hook('migrate', 'before')], request)
    expect(foundation?.objects[0]?.metadata).toEqual({ name: 'shop', labels })
    expect(before?.objects[0]?.metadata).toMatchObject({ name: 'migrate-r7', namespace: 'shop' })
  })

  test.each([
    ['slipway.dev/hook', 'sometimes', 'annotation slipway.dev/hook is "sometimes"'],
    ['slipway.dev/wave', 'one', 'annotation slipway.dev/wave is "one"'],
  ])('an annotation %s: %s is refused', (annotation, value, message) => {
    expect(() =>
      planWaves([object('Job', 'j', { annotations: { [annotation]: value } }, 'batch/v1')], request),
    ).toThrow(message)
  })
})

describe('pruning', () => {
  test('takes what the release before had and this one has not, last made first, but never what holds data', () => {
    const before = ['a', 'b', 'c'].map(name => object('ConfigMap', name, { namespace: 'shop' }))
    const data = object('PersistentVolumeClaim', 'data', { namespace: 'shop' })
    expect(orphansOf([...before, data], before.slice(0, 1)).map(({ metadata }) => metadata.name)).toEqual(['c', 'b'])
  })
})
