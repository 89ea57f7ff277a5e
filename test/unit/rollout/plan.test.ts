import { describe, expect, test } from '@jest/globals'
import { orphansOf, planWaves } from '../../../src/rollout/plan.ts'
import { changedPaths } from '../../../src/rollout/diff.ts'
import { deployment, object } from '../../support/objects.ts'

const request = {
  application: 'shop',
  revision: 7,
  namespace: 'shop',
  namespaced: ({ kind }: { kind: string }) => kind !== 'Namespace',
}
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
    const [foundation, before] = planWaves([object('Namespace', 'shop'), hook('migrate', 'before')], request)
    expect(foundation?.objects[0]?.metadata).toEqual({ name: 'shop', labels: { 'slipway.dev/application': 'shop' } })
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

describe('what a change touches', () => {
  test('names the fields, and neither status nor what only the server writes', () => {
    const before = deployment('api', 'shop/api:1', {
      status: { replicas: 1 },
      metadata: { name: 'api', generation: 1 },
    })
    const after = deployment('api', 'shop/api:2', {
      status: { replicas: 2 },
      metadata: { name: 'api', generation: 2, labels: { a: 'b' } },
    })
    expect(changedPaths(before, after)).toEqual(['metadata.labels', 'spec.template.spec.containers[0].image'])
  })
})
