import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { fieldChanges } from '../../../src/rollout/preview/diff.ts'
import { deployment, object } from '../../support/objects.ts'

type Containers = readonly Readonly<Record<string, unknown>>[]

const podsOf = (...containers: Containers): KubeObject =>
  deployment('api', '', { spec: { template: { spec: { containers } } } })
const config = (data: Readonly<Record<string, string>>): KubeObject => ({ ...object('ConfigMap', 'settings'), data })
const secret = (data: Readonly<Record<string, string>>): KubeObject => ({ ...object('Secret', 'database'), data })
const at = 'spec.template.spec.containers'

describe('what changes about an object', () => {
  test('is told field by field with its values, without status and what only the server writes', () => {
    const before = deployment('api', 'shop/api:1', {
      status: { replicas: 1 },
      metadata: { name: 'api', generation: 1 },
    })
    const after = deployment('api', 'shop/api:2', {
      status: { replicas: 2 },
      metadata: { name: 'api', generation: 2, labels: { a: 'b' }, resourceVersion: '7' },
    })
    expect(fieldChanges(before, after, after)).toEqual([
      { path: 'metadata.labels.a', change: 'added', after: 'b' },
      { path: `${at}[api].image`, change: 'changed', before: 'shop/api:1', after: 'shop/api:2' },
    ])
  })

  test('matches containers, variables and ports by name, so that a new one in front moves nothing', () => {
    const before = podsOf({ name: 'api', env: [{ name: 'B', value: '1' }], ports: [{ containerPort: 80 }] })
    const after = podsOf(
      { name: 'proxy', image: 'envoy' },
      {
        name: 'api',
        env: [
          { name: 'A', value: 'x' },
          { name: 'B', value: '2' },
        ],
        ports: [{ containerPort: 81 }],
      },
    )
    expect(fieldChanges(before, after, after)).toEqual([
      { path: `${at}[api].env[B].value`, change: 'changed', before: '1', after: '2' },
      { path: `${at}[api].env[A]`, change: 'added', after: '{"name":"A","value":"x"}' },
      { path: `${at}[api].ports[80]`, change: 'removed', before: '{"containerPort":80}' },
      { path: `${at}[api].ports[81]`, change: 'added', after: '{"containerPort":81}' },
      { path: `${at}[proxy]`, change: 'added', after: '{"name":"proxy","image":"envoy"}' },
    ])
  })

  test('a new order of variables is a change: later ones may use earlier ones', () => {
    const [a, b] = [{ name: 'A' }, { name: 'B' }]
    const [before, after] = [podsOf({ name: 'api', env: [a, b] }), podsOf({ name: 'api', env: [b, a] })]
    expect(fieldChanges(before, after, after)).toEqual([
      { path: `${at}[api].env`, change: 'changed', before: 'order A, B', after: 'B, A' },
    ])
  })

  test('leaves out what the server fills in, also inside of what is new', () => {
    const before = podsOf({ name: 'api' })
    const wanted = podsOf({ name: 'api', resources: { limits: { cpu: '1' } } }, { name: 'proxy' })
    const after = podsOf(
      { name: 'api', resources: { limits: { cpu: '1' }, requests: { cpu: '1' } }, imagePullPolicy: 'Always' },
      { name: 'proxy', terminationMessagePath: '/dev/termination-log' },
    )
    expect(fieldChanges(before, after, wanted)).toEqual([
      { path: `${at}[api].resources.limits.cpu`, change: 'added', after: '1' },
      { path: `${at}[proxy]`, change: 'added', after: '{"name":"proxy"}' },
    ])
  })

  test('leaves out our own labels, so that an upgrade of Slipway is no change of everything', () => {
    const before = object('ConfigMap', 'settings')
    const labels = { 'slipway.dev/application': 'shop', 'applyset.kubernetes.io/part-of': 'applyset-x-v1' }
    const after = object('ConfigMap', 'settings', { labels })
    expect(fieldChanges(before, after, after)).toEqual([])
  })

  test('shows a value that falls back to the default because the manifest no longer has it', () => {
    const before = deployment('api', '', { spec: { replicas: 3 } })
    const after = deployment('api', '', { spec: { replicas: 1 } })
    expect(fieldChanges(before, after, deployment('api', '', { spec: {} }))).toEqual([
      { path: 'spec.replicas', change: 'changed', before: '3', after: '1' },
    ])
  })

  test('never shows a value of a Secret, whichever way it is written', () => {
    const before = secret({ password: 'b2xk', user: 'YQ==', gone: 'Z29uZQ==' })
    const after = secret({ password: 'bmV3', user: 'YQ==', token: 'dG9rZW4=' })
    const wanted = { ...object('Secret', 'database'), stringData: { password: 'new', token: 'token' }, data: {} }
    const found = fieldChanges(before, after, wanted)
    expect(found).toEqual([
      { path: 'data.password', change: 'changed' },
      { path: 'data.gone', change: 'removed' },
      { path: 'data.token', change: 'added' },
    ])
  })

  test('of a text of many lines shows the first that differs', () => {
    const before = config({ 'app.yaml': 'a: 1\nb: 2\nc: 3\n' })
    const after = config({ 'app.yaml': 'a: 1\nb: 5\nc: 3\n' })
    expect(fieldChanges(before, after, after)).toEqual([
      { path: 'data[app.yaml]', change: 'changed', before: 'line 2: b: 2', after: 'b: 5' },
    ])
  })

  test('shortens digests and long values', () => {
    const [old, next] = ['a', 'b'].map(digit => `registry.example/shop/api@sha256:${digit.repeat(64)}`)
    const [before, after] = [deployment('api', old), deployment('api', next)]
    expect(fieldChanges(before, after, after)).toMatchObject([
      {
        before: 'registry.example/shop/api@sha256:aaaaaaaaaaaa…',
        after: 'registry.example/shop/api@sha256:bbbbbbbbbbbb…',
      },
    ])
    const long = config({ key: 'x'.repeat(500) })
    expect(fieldChanges(config({ key: '' }), long, long)[0]?.after).toHaveLength(80)
  })
})
