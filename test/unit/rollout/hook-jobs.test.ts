import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import type { ReleaseRecord } from '../../../src/rollout/model.ts'
import { goOnWithJobs, oldJobs } from '../../../src/rollout/record/hook-jobs.ts'
import { MemoryApi } from '../../support/memory-api.ts'

const never = new AbortController().signal

const job = (name: string, image = 'migrate:1', status: object = {}): KubeObject => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'shop', labels: { 'slipway.dev/application': 'shop' } },
  spec: { template: { spec: { containers: [{ name: 'migrate', image }] } } },
  status,
})

const release = (revision: number, verdict?: ReleaseRecord['verdict'], image = 'migrate:1'): ReleaseRecord => {
  const { status: _, ...object } = job(`migrate-r${revision}`, image)
  const told = { revision, application: 'shop', images: [], objects: [object as KubeObject], startedAt: 0 }
  return { ...told, ...(verdict === undefined ? {} : { verdict }) }
}

/** The name of the Job of r3, after r2 ended so and left its Job like this. */
async function nameAfter(r2: ReleaseRecord, left?: KubeObject, image = 'migrate:1'): Promise<string | undefined> {
  const api = new MemoryApi()
  if (left) api.put(left)
  const { status: _, ...wanted } = job('migrate-r3', image)
  const [named] = await goOnWithJobs([wanted], 3, [r2, release(1, 'healthy')], api, never)
  return named?.metadata.name
}
const ended = (type: string): object => ({ conditions: [{ type, status: 'True' }] })

describe('after a run that died, a Job', () => {
  test.each<[string, object, string]>([
    ['that is done is not run a second time', ended('Complete'), 'migrate-r2'],
    ['that still runs gets no second one beside it', { active: 1 }, 'migrate-r2'],
    ['that has failed runs anew', ended('Failed'), 'migrate-r3'],
  ])('%s', async (_, status, name) => {
    expect(await nameAfter(release(2), job('migrate-r2', 'migrate:1', status))).toBe(name)
  })

  test('that was changed since runs anew', async () => {
    expect(await nameAfter(release(2), job('migrate-r2', 'migrate:1', ended('Complete')), 'migrate:2')).toBe(
      'migrate-r3',
    )
  })

  test('that is gone runs anew', async () => {
    expect(await nameAfter(release(2))).toBe('migrate-r3')
  })
})

test.each<[ReleaseRecord['verdict'], string]>([
  ['failed', 'migrate-r3'],
  ['stalled', 'migrate-r3'],
  ['healthy', 'migrate-r3'],
  ['cancelled', 'migrate-r2'],
  ['unknown', 'migrate-r2'],
])('after a release that ended as %s the Job is %s', async (verdict, name) => {
  expect(await nameAfter(release(2, verdict), job('migrate-r2', 'migrate:1', ended('Complete')))).toBe(name)
})

test('of the Jobs of earlier releases the last few stay', async () => {
  const api = new MemoryApi()
  const history = [4, 3, 2, 1].map(revision => release(revision, 'healthy'))
  // r1's has been taken away by its TTL already.
  for (const revision of [4, 3, 2]) api.put(job(`migrate-r${revision}`))
  const old = await oldJobs('shop', [job('migrate-r5')], 5, history, api, never)
  expect(old.map(({ metadata }) => metadata.name)).toEqual(['migrate-r2'])
})
