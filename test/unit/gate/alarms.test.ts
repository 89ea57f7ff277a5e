import { describe, expect, test } from '@jest/globals'
import type { Alarm } from '../../../src/rollout/model.ts'
import { object } from '../../support/objects.ts'
import { goodStory, type Story } from './story.ts'

const quiet: Alarm = { name: 'shop-5xx', state: 'OK' }
const raised: Alarm = { name: 'shop-5xx', state: 'ALARM', reason: 'Threshold Crossed: 12 errors' }

/** A good release under the eyes of alarms. */
function watched(before: readonly Alarm[] = [quiet]) {
  const story = goodStory()
  const source = { now: before, failure: undefined as Error | undefined, asked: [] as number[] }
  story.request = { alarms: before }
  story.alarms = {
    async read() {
      source.asked.push(story.time.now())
      if (source.failure !== undefined) throw source.failure
      return source.now
    },
  }
  return { story, source }
}

describe('an alarm', () => {
  test('that was quiet and goes off in the soak fails the release, with its own words', async () => {
    const { story, source } = watched()
    story.at(15, () => (source.now = [raised]))
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 20,
      cause: {
        code: 'alarm-raised',
        confidence: 'certain',
        subject: 'Alarm shop-5xx',
        says: expect.stringContaining('"shop-5xx": Threshold Crossed: 12 errors'),
      },
    })
  })

  test('that goes off while the pods start fails it too', async () => {
    const { story, source } = watched()
    source.now = [raised]
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 0, cause: { code: 'alarm-raised' } })
  })

  test('that was raised before says nothing, even when it goes off once more', async () => {
    const { story, source } = watched([raised])
    story.at(5, () => (source.now = [quiet])).at(15, () => (source.now = [raised]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 22 })
  })

  test('without data says nothing, before or after, until it goes off', async () => {
    const nothing: Alarm = { name: 'shop-5xx', state: 'INSUFFICIENT_DATA' }
    const silent = watched([nothing])
    expect(await silent.story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 22 })
    const loud = watched([nothing])
    loud.story.at(15, () => (loud.source.now = [raised]))
    expect(await loud.story.verdict()).toMatchObject({ verdict: 'failed' })
  })

  test('judges a change of configuration too, which has nothing else to wait for', async () => {
    const { story, source } = watched()
    story.gate(object('ConfigMap', 'settings', { namespace: 'shop', uid: 'settings' }))
    story.at(15, () => (source.now = [raised]))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', cause: { code: 'alarm-raised' } })
    const good = watched()
    good.story.gate(object('ConfigMap', 'settings', { namespace: 'shop', uid: 'settings' }))
    expect(await good.story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 20 })
  })

  test('that nobody named says nothing', async () => {
    const { story, source } = watched()
    source.now = [quiet, { ...raised, name: 'other' }]
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
  })
})

describe('the alarms are asked for', () => {
  test('together, every 10 s, and not after the verdict', async () => {
    const { story, source } = watched()
    await story.verdict()
    await settle(story)
    const [first = 0] = source.asked
    expect(source.asked.map(at => (at - first) / 1_000)).toEqual([0, 10, 20])
  })

  test('not at all when nobody named one', async () => {
    const { story, source } = watched([])
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 22 })
    expect(source.asked).toEqual([])
  })
})

describe('alarms that cannot be read', () => {
  test('for a moment hold a success back until they can', async () => {
    const { story, source } = watched()
    story.at(1, () => (source.failure = new Error('Rate exceeded'))).at(45, () => (source.failure = undefined))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 50 })
    expect(story.said.filter(line => line.includes('the alarms cannot be read'))).toHaveLength(1)
  })

  test('for a minute leave it unknown: it was asked for that they stay quiet', async () => {
    const { story, source } = watched()
    story.at(1, () => (source.failure = new Error('Rate exceeded')))
    expect(await story.verdict()).toMatchObject({
      verdict: 'unknown',
      seconds: 60,
      cause: { code: 'alarms-unreadable', says: expect.stringContaining('Rate exceeded') },
    })
  })

  test('because CloudWatch never answers leave it unknown as well', async () => {
    const { story } = watched()
    story.alarms = { read: () => new Promise(() => undefined) }
    expect(await story.verdict()).toMatchObject({ verdict: 'unknown', seconds: 60 })
  })
})

/** Lets everything run that is still due. */
async function settle(story: Story): Promise<void> {
  await story.time.run(story.time.sleep(60_000))
}
