import { expect, test } from '@jest/globals'
import { isSame, replay } from '../../../src/rollout/gate/trace/replay.ts'
import { recordTrace } from '../../../src/rollout/gate/trace/trace.ts'
import { object } from '../../support/objects.ts'
import { address, behindBalancer, healthy, refused } from './balancer.ts'
import { goodStory, image, Story, waiting } from './story.ts'

function refusedByBalancer(): Story {
  const { story, balancer } = behindBalancer(['a', 'b'])
  balancer.states.set(address(1), healthy)
  return story.at(20, () => balancer.states.set(address(2), refused).set(address(1), refused))
}

function acceptedLate(): Story {
  const { story, balancer } = behindBalancer()
  balancer.failure = new Error('Rate exceeded')
  return story.at(35, () => {
    balancer.failure = undefined
    balancer.states.set(address(1), healthy)
  })
}

function withoutSecret(): Story {
  const env = [{ name: 'URL', valueFrom: { secretKeyRef: { name: 'database', key: 'url' } } }]
  const story = new Story({ spec: { template: { spec: { containers: [{ name: 'api', image, env }] } } } })
  story.cluster.readable.add('Secret')
  const found = { ...object('Secret', 'database', { namespace: 'shop', uid: 'database' }), data: { user: 'c2hvcA==' } }
  story.cluster.put(found)
  return story
    .at(1, () => story.observed())
    .at(2, () =>
      story.pod('a', [waiting('CreateContainerConfigError', `couldn't find key url in Secret shop/database`)]),
    )
}

function alarmed(): Story {
  const story = goodStory()
  story.request = { alarms: [{ name: 'shop-5xx', state: 'OK' }] }
  let state: 'OK' | 'ALARM' = 'OK'
  story.alarms = { read: async () => [{ name: 'shop-5xx', state }] }
  return story.at(15, () => (state = 'ALARM'))
}

function unheard(): Story {
  const story = alarmed()
  story.alarms = { read: () => Promise.reject(new Error('Rate exceeded')) }
  return story
}

test.each([
  ['targets that are refused', refusedByBalancer, 'target-unhealthy'],
  ['targets that are accepted after a silence', acceptedLate, undefined],
  ['a key that a Secret lacks', withoutSecret, 'config-missing'],
  ['an alarm that goes off', alarmed, 'alarm-raised'],
  ['alarms that cannot be read', unheard, 'alarms-unreadable'],
])('a trace of %s comes to the same verdict offline', async (_, storyOf, cause) => {
  const story = storyOf()
  let text = ''
  const sink = { write: (part: string) => void (text += part) }
  story.trace = recordTrace({ application: 'shop', namespace: 'shop', cluster: 'prod' }, sink, plain => plain)
  const live = await story.verdict()
  expect(live.cause?.code).toBe(cause)
  const again = replay(text.split('\n'))
  expect(isSame(again)).toBe(true)
  expect(again.gates.map(({ result }) => ({ verdict: result?.verdict, cause: result?.cause }))).toEqual([
    { verdict: live.verdict, cause: live.cause },
  ])
  expect(text).not.toContain('c2hvcA==')
})
