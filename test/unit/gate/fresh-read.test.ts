import { expect, test } from '@jest/globals'
import type { Cluster } from '../../../src/kubernetes/model.ts'
import { afterFailedRead, type Reading } from '../../../src/rollout/gate/confirm.ts'
import { readAfresh } from '../../../src/rollout/gate/fresh-read.ts'
import { SkippingClock } from '../../support/manual-clock.ts'

const clock = new SkippingClock()
const reading: Reading = {
  decision: 'read',
  about: { decision: 'confirm' },
  channels: [{ apiVersion: 'v1', kind: 'Pod', namespace: 'shop', need: 'proof' }],
  since: clock.now(),
}

/** A cluster that never answers a list. */
const silent = { list: () => new Promise(() => undefined) } as unknown as Cluster

test('a read that gets no answer says so', async () => {
  const answer = await readAfresh(reading, { cluster: silent, clock, signal: new AbortController().signal })
  expect(answer).toEqual({ failed: 'the API server did not answer in time' })
})

test('a read that runs out of time says what the API server had said before', async () => {
  const again = afterFailedRead(reading, 'pods is forbidden', reading.since + 29_990)
  if (again.decision !== 'read') throw new Error('it gave up')
  const answer = await readAfresh(again, { cluster: silent, clock, signal: new AbortController().signal })
  expect(answer).toEqual({ failed: 'pods is forbidden' })
})
