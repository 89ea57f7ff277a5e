import { randomBytes } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { Verdict } from '../../../src/health/model.ts'
import type { ReleaseRecord } from '../../../src/rollout/model.ts'
import { recordedApplications, releaseStore, tooOld } from '../../../src/rollout/record/record.ts'
import { recordingLog } from '../../support/context.ts'
import { MemoryApi, refusal } from '../../support/memory-api.ts'
import { object } from '../../support/objects.ts'

const never = new AbortController().signal

function release(revision: number, verdict?: Verdict, more: Partial<ReleaseRecord> = {}): ReleaseRecord {
  const base = { revision, application: 'shop', images: [], objects: [], startedAt: revision }
  return { ...base, ...(verdict === undefined ? {} : { verdict }), ...more }
}

/** r`last` … r1 with these verdicts, newest first. */
function history(...verdicts: readonly (Verdict | undefined)[]): readonly ReleaseRecord[] {
  return verdicts.map((verdict, index) => release(verdicts.length - index, verdict))
}

function store(api = new MemoryApi()) {
  const log = recordingLog()
  return { api, log, ...releaseStore('shop', 'shop', { cluster: api, log }) }
}

describe('the record of a release', () => {
  test('comes back as it was written, newest first', async () => {
    const { open, close, list } = store()
    const objects = [{ ...object('ConfigMap', 'settings', { namespace: 'shop' }), data: { color: 'grün' } }]
    const first = release(1, 'healthy', { objects, images: ['shop/api@sha256:1'], commit: 'abc', source: 'k8s/' })
    await open(first, [], never)
    await open(release(2), [first], never)
    await close(release(2, 'failed', { cause: 'crash-loop', rolledBackTo: 1 }))
    expect(await list()).toEqual([release(2, 'failed', { cause: 'crash-loop', rolledBackTo: 1 }), first])
  })

  test('is a Secret of its own type that shows revision and verdict without being unpacked', async () => {
    const { api, open } = store()
    await open(release(3, undefined, { commit: 'abc' }), [], never)
    expect(api.find('Secret shop/slipway-shop-r3')).toMatchObject({
      type: 'slipway.dev/release',
      metadata: {
        annotations: { 'slipway.dev/revision': '3', 'slipway.dev/verdict': 'running', 'slipway.dev/commit': 'abc' },
      },
    })
  })

  test('of another application is not among them', async () => {
    const api = new MemoryApi()
    await store(api).open(release(1), [], never)
    const other = releaseStore('shop', 'worker', { cluster: api, log: recordingLog() })
    expect(await other.list()).toEqual([])
    await other.open(release(1, 'healthy', { application: 'worker' }), [], never)
    expect(await recordedApplications(api, 'shop')).toEqual(['shop', 'worker'])
  })

  test('that cannot be closed is a warning: the verdict stands', async () => {
    const { api, log, close } = store()
    api.objection = () => refusal(503, 'ServiceUnavailable', 'etcd has no leader')
    await close(release(4, 'healthy'))
    expect(log.lines).toEqual(['warning: The end of release r4 could not be recorded: etcd has no leader'])
  })

  test('that is too large for a Secret is refused', async () => {
    const data = { noise: randomBytes(1024 * 1024).toString('base64') }
    const objects = [{ ...object('ConfigMap', 'noise'), data }]
    await expect(store().open(release(1, undefined, { objects }), [], never)).rejects.toMatchObject({
      kind: 'user',
      code: 'release-too-large',
    })
  })

  test('does without what others had made when that makes it too large, and says so', async () => {
    const { log, open, list } = store()
    const data = { noise: randomBytes(1024 * 1024).toString('base64') }
    const objects = [object('ConfigMap', 'settings')]
    await open(release(1, undefined, { objects, before: [{ ...object('ConfigMap', 'noise'), data }] }), [], never)
    expect(await list()).toEqual([release(1, undefined, { objects })])
    expect(log.lines).toEqual([expect.stringContaining('warning: What stood before release r1 is too large')])
  })

  test('that somebody has overwritten is named', async () => {
    const { api, open, list } = store()
    await open(release(1, 'healthy'), [], never)
    api.put({ ...(api.find('Secret shop/slipway-shop-r1') ?? object('Secret', '')), data: { record: 'bm9uc2Vuc2U=' } })
    await expect(list()).rejects.toMatchObject({
      code: 'release-record-broken',
      message: 'Secret slipway-shop-r1 is no release record.',
    })
  })
})

describe('of the records before a new one', () => {
  const failed = Array.from({ length: 12 }, (): Verdict => 'failed')

  test.each([
    { what: 'nine stay, whatever became of them', records: history(...failed.slice(3)), dropped: [] },
    { what: 'what is older goes', records: history('healthy', ...failed.slice(2)), dropped: [2, 1] },
    { what: 'the newest healthy one stays, however old', records: history(...failed, 'healthy'), dropped: [4, 3, 2] },
    {
      what: 'a healthy one goes when there is a newer',
      records: history('healthy-partial', ...failed.slice(3), 'healthy'),
      dropped: [2, 1],
    },
    {
      what: 'one from other manifests is the way back of those',
      records: [
        ...history('healthy', ...failed.slice(2)),
        release(0, 'healthy', { source: 'worker/' }),
        release(-1, 'healthy', { source: 'worker/' }),
      ],
      dropped: [2, 1, -1],
    },
    { what: 'a run that died counts as any other', records: history(undefined, ...failed.slice(2)), dropped: [2, 1] },
  ])('$what', ({ records, dropped }) => {
    expect(tooOld(records).map(({ revision }) => revision)).toEqual(dropped)
  })

  test('they are deleted when the new one is written', async () => {
    const { api, open, list } = store()
    for (let revision = 1; revision <= 12; revision++) await open(release(revision, 'healthy'), await list(), never)
    expect((await list()).map(({ revision }) => revision)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3])
    expect(api.writes.filter(write => write.startsWith('remove'))).toEqual([
      'remove Secret shop/slipway-shop-r1',
      'remove Secret shop/slipway-shop-r2',
    ])
  })
})
