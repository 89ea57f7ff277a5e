import { describe, expect, test } from '@jest/globals'
import { cause } from '../../../src/health/evidence.ts'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { eventsAbout } from '../../../src/rollout/gate/events.ts'
import { advance, initialState } from '../../../src/rollout/gate/state.ts'
import type { GateEvent, GateState } from '../../../src/rollout/gate/state.ts'
import { deployment } from '../../support/objects.ts'

const start = Date.UTC(2026, 10, 22, 9, 0, 0)
const stamp = (ms: number): string => new Date(start + ms).toISOString()

const made = (object: KubeObject, uid: string, owner?: string): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    namespace: 'shop',
    uid,
    generation: 1,
    resourceVersion: '1',
    creationTimestamp: stamp(0),
    annotations: { 'deployment.kubernetes.io/revision': '1' },
    ...(owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: owner, uid: owner, controller: true }] }),
  },
})

const api = made(deployment('api'), 'd')
const replicaSet = made({ apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'api-1' } }, 'r', 'd')
const pod = (uid: string): KubeObject =>
  made({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `api-1-${uid}` } }, uid, 'r')

interface Said {
  readonly type?: string
  readonly ms?: number
  readonly count?: number
}

let number = 0
function event(uid: string, reason: string, { type = 'Warning', ms = 1000, count = 1 }: Said = {}): KubeObject {
  const name = `e${number++}`
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'shop', resourceVersion: String(number) },
    type,
    reason,
    message: `${reason} happened`,
    count,
    lastTimestamp: stamp(ms),
    involvedObject: { uid },
  }
}

function stateWith(events: readonly KubeObject[]): GateState {
  const state = initialState({ applied: [{ object: api }], startedAt: start, timeoutMs: 60_000, soakMs: 0 }, start)
  const lists = { Deployment: [api], ReplicaSet: [replicaSet], Pod: [pod('a'), pod('b')], Event: events }
  const listed = [...state.store.channels].flatMap(([channel, { channel: kind }]): GateEvent[] => {
    const objects = lists[kind.kind as keyof typeof lists] ?? []
    return [{ channel, event: { type: 'listed', kind, objects, resourceVersion: '9' } }]
  })
  return advance(state, listed, start + 5000)
}

const because = cause('no-progress', { subject: 'Deployment shop/api', at: start })
const told = (events: readonly KubeObject[]): readonly string[] =>
  eventsAbout(because, stateWith(events)).map(({ object, reason, count }) => `${object} ${reason} ${count}`)

describe('the warnings about a cause', () => {
  test('are those of its object, of its ReplicaSet and of its pods, oldest first', () => {
    expect(
      told([event('a', 'FailedMount', { ms: 3000 }), event('d', 'Odd', { ms: 2000 }), event('r', 'FailedCreate')]),
    ).toEqual(['ReplicaSet shop/api-1 FailedCreate 1', 'Deployment shop/api Odd 1', 'Pod shop/api-1-a FailedMount 1'])
  })

  test('leave out what is no warning, what is about others, and what was before the release', () => {
    expect(
      told([event('a', 'Pulled', { type: 'Normal' }), event('z', 'BackOff'), event('a', 'Old', { ms: -60_000 })]),
    ).toEqual([])
  })

  test('are one entry when several pods say the same, with the last pod that said it', () => {
    const same = [event('a', 'BackOff', { count: 2, ms: 1000 }), event('b', 'BackOff', { count: 3, ms: 2000 })]
    expect(told(same)).toEqual(['Pod shop/api-1-b BackOff 5'])
  })

  test('are the last few', () => {
    const many = Array.from({ length: 30 }, (_, index) => event('a', `R${index}`, { ms: 1000 + index * 100 }))
    expect(told(many)).toEqual(Array.from({ length: 8 }, (_, index) => `Pod shop/api-1-a R${22 + index} 1`))
  })
})
