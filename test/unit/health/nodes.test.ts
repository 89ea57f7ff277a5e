import { describe, expect, test } from '@jest/globals'
import { isSettled, wantsDaemon, type Placement } from '../../../src/health/nodes.ts'
import type { KubeObject } from '../../../src/kubernetes/model.ts'

function node(fields: {
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
  readonly unschedulable?: boolean
  readonly ready?: string
  readonly deletionTimestamp?: string
}): KubeObject {
  const { labels = {}, taints = [], unschedulable = false, ready = 'True', ...metadata } = fields
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'a', labels, ...metadata },
    spec: { taints, unschedulable },
    status: { conditions: [{ type: 'Ready', status: ready }] },
  }
}

const required = (...terms: readonly object[]): Placement => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } },
})
const expression = (operator: string, values?: readonly string[], key = 'zone'): Placement =>
  required({ matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }] })

describe('a DaemonSet wants a node', () => {
  const zoned = node({ labels: { zone: 'a', cores: '8' } })

  test.each<[string, Placement, boolean]>([
    ['that nothing speaks against', {}, true],
    ['that it names', { nodeName: 'a' }, true],
    ['unless it names another', { nodeName: 'b' }, false],
    ['that its selector fits', { nodeSelector: { zone: 'a' } }, true],
    ['unless its selector does not', { nodeSelector: { zone: 'a', disk: 'ssd' } }, false],
    ['In', expression('In', ['a', 'b']), true],
    ['not In', expression('In', ['b']), false],
    ['In, without the label', expression('In', ['a'], 'disk'), false],
    ['NotIn', expression('NotIn', ['b']), true],
    ['not NotIn', expression('NotIn', ['a']), false],
    ['NotIn, without the label', expression('NotIn', ['a'], 'disk'), true],
    ['Exists', expression('Exists'), true],
    ['not Exists', expression('Exists', undefined, 'disk'), false],
    ['DoesNotExist', expression('DoesNotExist', undefined, 'disk'), true],
    ['not DoesNotExist', expression('DoesNotExist'), false],
    ['Gt', expression('Gt', ['4'], 'cores'), true],
    ['not Gt', expression('Gt', ['8'], 'cores'), false],
    ['Lt', expression('Lt', ['16'], 'cores'), true],
    ['not Lt', expression('Lt', ['8'], 'cores'), false],
    ['an operator of the future', expression('Near', ['a']), false],
    ['by its name', required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }] }), true],
    [
      'not by another name',
      required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }),
      false,
    ],
    [
      'by one of several terms',
      required(
        { matchExpressions: [{ key: 'x', operator: 'Exists' }] },
        { matchExpressions: [{ key: 'zone', operator: 'Exists' }] },
      ),
      true,
    ],
    [
      'only when all of a term fits',
      required({
        matchExpressions: [
          { key: 'zone', operator: 'Exists' },
          { key: 'x', operator: 'Exists' },
        ],
      }),
      false,
    ],
    ['never by an empty term', required({}), false],
  ])('%s', (_what, placement, wanted) => {
    expect(wantsDaemon(placement, zoned)).toBe(wanted)
  })

  test.each<[string, NonNullable<Placement['tolerations']>, boolean]>([
    ['not at all', [], false],
    ['by key and value', [{ key: 'gpu', value: 'yes' }], true],
    ['not by another value', [{ key: 'gpu', value: 'no' }], false],
    ['not without the value', [{ key: 'gpu' }], false],
    ['by key alone', [{ key: 'gpu', operator: 'Exists' }], true],
    ['not by another key', [{ key: 'arm', operator: 'Exists' }], false],
    ['all of them', [{ operator: 'Exists' }], true],
    ['of this effect', [{ operator: 'Exists', effect: 'NoSchedule' }], true],
    ['not of another effect', [{ operator: 'Exists', effect: 'NoExecute' }], false],
  ])('whose taint it tolerates %s', (_how, tolerations, wanted) => {
    const tainted = node({ taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' }] })
    expect(wantsDaemon({ tolerations }, tainted)).toBe(wanted)
  })

  test.each([
    ['node.kubernetes.io/not-ready', 'NoExecute'],
    ['node.kubernetes.io/unschedulable', 'NoSchedule'],
    ['anything', 'PreferNoSchedule'],
  ])('whatever the taint %s:%s says', (key, effect) => {
    expect(wantsDaemon({}, node({ taints: [{ key, effect }] }))).toBe(true)
  })
})

describe('a node is settled', () => {
  test.each([
    ['when it was there and is well', node({}), ['a'], true],
    ['not when it came later', node({}), ['b'], false],
    ['not when it is cordoned', node({ unschedulable: true }), ['a'], false],
    ['not when its kubelet is silent', node({ ready: 'Unknown' }), ['a'], false],
    ['not when it is being deleted', node({ deletionTimestamp: '2026-11-23T16:00:00Z' }), ['a'], false],
  ])('%s', (_what, object, atStart, settled) => {
    expect(isSettled(object, new Set(atStart))).toBe(settled)
  })
})
