import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { identityOf } from '../../../src/kubernetes/names.ts'
import { rollConfig } from '../../../src/rollout/set/config-rolls.ts'
import { deployment } from '../../support/objects.ts'

const mark = 'slipway.dev/config-hash'
type Data = Readonly<Record<string, string>>

const config = (name: string, data: Data): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop' },
  data,
})
const secret = (name: string, fields: { readonly data?: Data; readonly stringData?: Data }): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'shop' },
  ...fields,
})

/** A Deployment whose pods have this spec. */
function reader(podSpec: object, annotations: Data = {}): KubeObject {
  const metadata = { name: 'api', namespace: 'shop', annotations }
  return deployment('api', 'shop/api', {
    metadata,
    spec: { template: { spec: { containers: [{ name: 'api' }], ...podSpec } } },
  })
}
const envFrom = (name: string): object => ({ containers: [{ name: 'api', envFrom: [{ configMapRef: { name } }] }] })

const markOf = (object: KubeObject | undefined): unknown =>
  (object as { spec?: { template?: { metadata?: { annotations?: Data } } } } | undefined)?.spec?.template?.metadata
    ?.annotations?.[mark]

interface Before {
  readonly live?: readonly KubeObject[]
  readonly previous?: readonly KubeObject[]
  readonly asRecorded?: boolean
}

function roll(set: readonly KubeObject[], { live = [], previous = [], asRecorded = false }: Before = {}) {
  const { objects, restarts, unread } = rollConfig(set, {
    live: new Map(live.map(object => [identityOf(object), object])),
    previous,
    asRecorded,
  })
  return { objects, mark: markOf(objects.at(-1)), restarts: [...restarts.values()].flat(), unread }
}

/** The marks that two contents of the same configuration lead to. */
const marksOf = (podSpec: object, one: KubeObject, two: KubeObject): readonly unknown[] =>
  [one, two].map(object => roll([object, reader(podSpec)]).mark)

const [blue, green] = ['blue', 'green'].map(color => config('settings', { color, size: 'l' })) as [
  KubeObject,
  KubeObject,
]

describe('a workload reads configuration', () => {
  const source = { configMap: { name: 'settings' } }
  test.each<[string, object]>([
    ['by all of its variables', envFrom('settings')],
    [
      'by one variable',
      {
        containers: [
          { name: 'api', env: [{ name: 'C', valueFrom: { configMapKeyRef: { name: 'settings', key: 'color' } } }] },
        ],
      },
    ],
    ['in an init container', { initContainers: [{ name: 'init', envFrom: [{ configMapRef: { name: 'settings' } }] }] }],
    ['as a volume', { volumes: [{ name: 'v', ...source }] }],
    ['in a projected volume', { volumes: [{ name: 'v', projected: { sources: [source] } }] }],
    [
      'as one file of it',
      { volumes: [{ name: 'v', configMap: { name: 'settings', items: [{ key: 'color', path: 'c' }] } }] },
    ],
  ])('%s: a change gives its pods another mark, the same content the same', (_, podSpec) => {
    const [one, two] = marksOf(podSpec, blue, green)
    expect(one).toMatch(/^[0-9a-f]{16}$/)
    expect(two).not.toBe(one)
    expect(roll([blue, reader(podSpec)]).mark).toBe(one)
  })

  test('but a key that it does not read changes nothing', () => {
    const env = [{ name: 'S', valueFrom: { configMapKeyRef: { name: 'settings', key: 'size' } } }]
    const [one, two] = marksOf({ containers: [{ name: 'api', env }] }, blue, green)
    expect(two).toBe(one)
  })

  test.each<[string, object]>([
    ['secret', { volumes: [{ name: 'v', secret: { secretName: 'database' } }] }],
    ['projected secret', { volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'database' } }] } }] }],
  ])('a %s counts by what it says, not by how it is written', (_, podSpec) => {
    const encoded = secret('database', { data: { password: Buffer.from('one').toString('base64') } })
    const [one, same] = marksOf(podSpec, encoded, secret('database', { stringData: { password: 'one' } }))
    expect(same).toBe(one)
    expect(marksOf(podSpec, encoded, secret('database', { stringData: { password: 'two' } }))[1]).not.toBe(one)
  })

  test('that is not of the set: no mark, others may change it whenever they like', () => {
    expect(roll([reader(envFrom('elsewhere'))]).mark).toBeUndefined()
  })

  test('a Job is made anew by every release and needs no mark', () => {
    const job = { ...reader(envFrom('settings')), apiVersion: 'batch/v1', kind: 'Job' }
    expect(roll([blue, job]).mark).toBeUndefined()
  })
})

describe('a running workload', () => {
  const running = reader(envFrom('settings'))
  const marked = roll([blue, running]).objects.at(-1) ?? running

  test('starts anew when its configuration changes, and the reason is named', () => {
    const { mark: next, restarts } = roll([green, running], { live: [blue, marked], previous: [blue, marked] })
    expect(next).not.toBe(markOf(marked))
    expect(restarts).toEqual(['ConfigMap shop/settings'])
  })

  test('does not when nothing changed', () => {
    const { mark: next, restarts } = roll([blue, running], { live: [blue, marked], previous: [blue, marked] })
    expect([next, restarts]).toEqual([markOf(marked), []])
  })

  test('released before there were marks gets none until its configuration changes', () => {
    expect(roll([blue, running], { live: [blue, running], previous: [blue, running] }).mark).toBeUndefined()
    const changed = roll([green, running], { live: [blue, running], previous: [blue, running] })
    expect([changed.mark, changed.restarts]).toEqual([expect.any(String), ['ConfigMap shop/settings']])
  })

  test('is started anew although a run that died has written the configuration already', () => {
    const { restarts } = roll([green, running], { live: [green, running], previous: [blue, running] })
    expect(restarts).toEqual(['ConfigMap shop/settings'])
  })

  test('that somebody else had made is compared with what is live', () => {
    expect(roll([blue, running], { live: [blue, running] }).mark).toBeUndefined()
    expect(roll([green, running], { live: [blue, running] }).restarts).toEqual(['ConfigMap shop/settings'])
  })

  test('that opted out keeps the mark it has, and gets none', () => {
    const out = reader(envFrom('settings'), { 'slipway.dev/restart-on-config': 'false' })
    expect(roll([green, out], { live: [blue, running], previous: [blue, running] }).mark).toBeUndefined()
    const kept = roll([green, out], { live: [blue, marked], previous: [blue, marked] })
    expect(kept).toMatchObject({ mark: markOf(marked), restarts: [], unread: ['ConfigMap shop/settings'] })
  })
})

describe('a recorded set on its way back', () => {
  const running = reader(envFrom('settings'))
  const marked = roll([green, running]).objects.at(-1) ?? running

  test('is marked as it was, so that its old pods are its pods again', () => {
    const back = roll([blue, running], { live: [green, marked], previous: [green, marked], asRecorded: true })
    expect([back.mark, back.restarts]).toEqual([undefined, ['ConfigMap shop/settings']])
  })

  test('gets a mark when without one no pod would read its configuration', () => {
    const back = roll([blue, running], { live: [green, running], previous: [green, running], asRecorded: true })
    expect([back.mark, back.restarts]).toEqual([expect.any(String), ['ConfigMap shop/settings']])
  })
})
