import { describe, expect, test } from '@jest/globals'
import type { Verdict } from '../../../src/health/model.ts'
import { objectsOf, sinceLastSuccess, stillOurs } from '../../../src/rollout/record/leftovers.ts'
import type { ReleaseRecord } from '../../../src/rollout/model.ts'
import { MemoryApi } from '../../support/memory-api.ts'
import { object } from '../../support/objects.ts'

function record(revision: number, verdict: Verdict | undefined, ...names: readonly string[]): ReleaseRecord {
  const objects = names.map(name => object('ConfigMap', name, { namespace: 'shop', labels: { from: `r${revision}` } }))
  const base = { revision, application: 'shop', images: [], objects, startedAt: 0 }
  return verdict === undefined ? base : { ...base, verdict }
}

describe('what may stand in the cluster', () => {
  test.each([
    { what: 'after a success is that release alone', verdicts: ['healthy', 'failed', 'healthy'], revisions: [3] },
    {
      what: 'is also of those that failed since',
      verdicts: ['failed', 'cancelled', 'healthy-partial', 'healthy'],
      revisions: [4, 3, 2],
    },
    { what: 'and of a run that died', verdicts: [undefined, 'healthy'], revisions: [2, 1] },
    { what: 'is of all when none went well', verdicts: ['failed', 'stalled'], revisions: [2, 1] },
    { what: 'is nothing before the first', verdicts: [], revisions: [] },
  ] as const)('$what', ({ verdicts, revisions }) => {
    const history = verdicts.map((verdict, index) => record(verdicts.length - index, verdict))
    expect(sinceLastSuccess(history).map(({ revision }) => revision)).toEqual(revisions)
  })

  test('is each object once, as the newest release had it, the oldest first', () => {
    const objects = objectsOf([record(2, 'failed', 'b', 'c'), record(1, 'healthy', 'a', 'b')])
    expect(objects.map(({ metadata }) => [metadata.name, metadata.labels?.['from']])).toEqual([
      ['a', 'r1'],
      ['b', 'r2'],
      ['c', 'r2'],
    ])
  })

  test('is ours to delete only where it exists and still carries our label', async () => {
    const api = new MemoryApi()
    const label = (application: string) => ({ namespace: 'shop', labels: { 'slipway.dev/application': application } })
    api.put(object('ConfigMap', 'ours', label('shop')))
    api.put(object('ConfigMap', 'taken', label('worker')))
    api.put(object('ConfigMap', 'anew', { namespace: 'shop' }))
    const all = ['ours', 'taken', 'anew', 'gone'].map(name => object('ConfigMap', name, { namespace: 'shop' }))
    const found = await stillOurs(all, 'shop', api, new AbortController().signal)
    expect(found.map(({ metadata }) => metadata.name)).toEqual(['ours'])
  })
})
