import { describe, expect, test } from '@jest/globals'
import type { Write } from '../../../sandbox/scenarios/audit.ts'
import {
  available,
  condition,
  event,
  exit,
  pullError,
  refused,
  write,
  type Moment,
} from '../../../sandbox/scenarios/moments.ts'

/** A status of the pod's one container, as the audit log has it. */
function podStatus(at: number, restartCount: number, state: object): Write {
  const status = { containerStatuses: [{ name: 'api', restartCount, state }] }
  return stored(at, 'pods', 'Pod', { status })
}

function stored(at: number, resource: string, kind: string, fields: object): Write {
  const object = { apiVersion: 'v1', kind, metadata: { name: 'api', generation: 2 }, ...fields }
  return { at, verb: 'patch', resource, subresource: 'status', name: 'api', agent: 'kubelet', object }
}

const running = { running: { startedAt: '2026-11-25T22:00:00Z' } }
const ended = { terminated: { exitCode: 3 } }
const counts = (at: number, updatedReplicas: number, availableReplicas: number, observedGeneration = 2): Write =>
  stored(at, 'deployments', 'Deployment', {
    spec: { replicas: 2 },
    status: { replicas: 2, updatedReplicas, availableReplicas, observedGeneration },
  })

const cases: readonly {
  readonly says: string
  readonly moment: Moment
  readonly writes: readonly Write[]
  readonly at?: number
}[] = [
  {
    says: 'the second exit is seen while the container is ended for the second time',
    moment: exit(2),
    writes: [podStatus(1, 0, ended), podStatus(2, 1, running), podStatus(3, 1, ended), podStatus(4, 2, running)],
    at: 3,
  },
  {
    says: 'a first start is no exit',
    moment: exit(2),
    writes: [podStatus(1, 0, { waiting: {} }), podStatus(2, 0, ended)],
  },
  {
    says: 'the second exit is known from the restart alone',
    moment: exit(2),
    writes: [podStatus(1, 1, running), podStatus(2, 2, running)],
    at: 2,
  },
  {
    says: 'a pull error is the first of its two names',
    moment: pullError,
    writes: [
      podStatus(1, 0, { waiting: { reason: 'ContainerCreating' } }),
      podStatus(2, 0, { waiting: { reason: 'ImagePullBackOff' } }),
      podStatus(3, 0, { waiting: { reason: 'ErrImagePull' } }),
    ],
    at: 2,
  },
  {
    says: 'a refusal is told by the ReplicaSet or by an event, whichever is first',
    moment: refused,
    writes: [
      { ...stored(5, 'events', 'Event', { reason: 'FailedCreate' }), verb: 'create' },
      stored(4, 'replicasets', 'ReplicaSet', { status: { conditions: [{ type: 'ReplicaFailure', status: 'True' }] } }),
    ],
    at: 4,
  },
  {
    says: 'available counts from the last time that it became complete, of the newest generation',
    moment: available('deployments', 10),
    writes: [counts(1, 2, 2, 1), counts(2, 2, 2), counts(3, 2, 1), counts(4, 2, 2), counts(5, 2, 2)],
    at: 4,
  },
  { says: 'available is nothing while one is short', moment: available('deployments', 10), writes: [counts(1, 2, 1)] },
  {
    says: 'an event is found by its reason',
    moment: event('NotTriggerScaleUp'),
    writes: [
      stored(1, 'events', 'Event', { reason: 'Scheduled' }),
      stored(2, 'events', 'Event', { reason: 'NotTriggerScaleUp' }),
    ],
    at: 2,
  },
  {
    says: 'a condition needs its reason where one is named',
    moment: condition('pods', 'Ready', 'False', '', 'ReadinessGatesNotReady'),
    writes: [
      stored(1, 'pods', 'Pod', {
        status: { conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady' }] },
      }),
      stored(2, 'pods', 'Pod', {
        status: { conditions: [{ type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady' }] },
      }),
    ],
    at: 2,
  },
  {
    says: 'a write of somebody else is one after the release began',
    moment: write('create', 'deployments', ''),
    writes: [
      { at: 100, verb: 'create', resource: 'deployments', name: 'api', agent: 'slipway' },
      { at: 3_000, verb: 'create', resource: 'deployments', name: 'api', agent: 'kubectl' },
    ],
    at: 3_000,
  },
]

describe('the moment of the evidence', () => {
  test.each(cases)('$says', ({ moment, writes, at }) => {
    expect(moment.find(writes, 0)).toBe(at)
  })
})
