import { expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { advance, initialState } from '../../../src/rollout/gate/state.ts'
import type { GateEvent, GateState } from '../../../src/rollout/gate/state.ts'

const start = Date.UTC(2026, 10, 26, 9, 0, 0)

/** A custom resource, whose health is what it says of itself. */
const widget = (resourceVersion: number, ready: boolean): KubeObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: {
    name: 'one',
    namespace: 'shop',
    uid: 'w',
    generation: 1,
    resourceVersion: String(resourceVersion),
    creationTimestamp: new Date(start).toISOString(),
  },
  status: { observedGeneration: 1, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
})

function after(state: GateState, objects: readonly KubeObject[], ms: number): GateState {
  const [channel] = [...state.store.channels].find(
    ([
      ,
      {
        channel: { kind },
      },
    ]) => kind === 'Widget',
  ) ?? ['']
  const events = objects.map((object): GateEvent => ({ channel, event: { type: 'modified', object } }))
  return advance(state, events, start + ms)
}

function readyFrom(ms: number): GateState {
  const request = { applied: [{ object: widget(1, true) }], startedAt: start, timeoutMs: 60_000, soakMs: 10_000 }
  const state = initialState(request, start)
  const lists = [...state.store.channels].map(([channel, { channel: kind }]): GateEvent => ({
    channel,
    event: {
      type: 'listed',
      kind,
      objects: kind.kind === 'Widget' ? [widget(1, true)] : [],
      resourceVersion: '1',
    },
  }))
  return advance(state, lists, start + ms)
}

test('what dipped and recovered between two looks soaks anew', () => {
  const ready = readyFrom(1_000)
  expect(ready.readyAt).toBe(start + 1_000)
  expect(after(ready, [widget(2, false), widget(3, true)], 4_000).readyAt).toBe(start + 4_000)
})

test('what only changed goes on soaking, whatever the number of events', () => {
  const ready = readyFrom(1_000)
  expect(after(ready, [widget(2, true), widget(3, true), widget(3, true)], 4_000).readyAt).toBe(start + 1_000)
})

test('a dip that lasts is no longer ready', () => {
  expect(after(readyFrom(1_000), [widget(2, true), widget(3, false)], 4_000).readyAt).toBeUndefined()
})
