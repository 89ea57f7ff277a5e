/**
 * kill -9 at each step of a release, of a release that fails and is brought back, and of a rollback: the next run takes
 * the lock over, converges, and leaves what is not the application's alone. Runs inside the platform.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { connectAsAdmin } from '../../sandbox/connect.ts'
import { expectedContent, killAndGoOn, steps, type Aftermath, type Story } from '../../sandbox/faults/killed.ts'
import { attach } from '../../sandbox/platform.ts'
import type { ClusterClient } from '../../src/kubernetes/client.ts'

jest.setTimeout(120_000)

const platform = attach()
let admin: ClusterClient
beforeAll(async () => {
  admin = await connectAsAdmin(platform.kubeconfig)
})
afterAll(async () => {
  await admin.close()
})

function expectConverged(story: Story, { verdict, content, records }: Aftermath): void {
  expect(verdict).toBe('healthy')
  expect(content).toEqual(expectedContent(story))
  const [newest, ...earlier] = records
  expect(newest).toBe('healthy')
  expect(earlier.at(-1)).toBe('healthy')
  expect(records.filter(record => record === 'running').length).toBeLessThanOrEqual(1)
  expect(records.length).toBeLessThanOrEqual(10)
}

describe.each(Object.keys(steps) as Story[])('%s', story => {
  test('takes these steps, and no others, when nothing kills it', async () => {
    const after = await killAndGoOn(story, undefined, { platform, admin })
    expect(after.taken.toSorted()).toEqual(steps[story].toSorted())
    expect(after.endedBy).toBeNull()
    expectConverged(story, after)
  })

  test.each(steps[story])('killed before: %s', async step => {
    const after = await killAndGoOn(story, step, { platform, admin })
    expect(after.endedBy).toBe('SIGKILL')
    expect(after.taken).not.toContain(step)
    expectConverged(story, after)
  })
})

test('the lock of a run that was killed is taken over within its 30 s, and not before', async () => {
  const after = await killAndGoOn('release', 'gate', { platform, admin, patient: true })
  expect(after.endedBy).toBe('SIGKILL')
  expect(after.lockSeconds).toBeGreaterThan(25)
  expect(after.lockSeconds).toBeLessThanOrEqual(33)
  expectConverged('release', after)
})
