import { describe, expect, test } from '@jest/globals'
import { exited, goodStory, running, Story, waiting } from './story.ts'

const settings = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'settings', namespace: 'shop', uid: 'map' } }

describe('what is said', () => {
  test('a set with nothing to wait for says so', async () => {
    const none = new Story().gate()
    expect(await none.verdict()).toMatchObject({ verdict: 'healthy', seconds: 0 })
    expect(none.said).toEqual(['nothing to gate: no object was applied'])
    const map = new Story().gate(settings)
    await map.verdict()
    expect(map.said).toEqual(['nothing to gate: none of the 1 applied objects has a state to wait for'])
    expect(map.cluster.requests).toEqual([])
  })

  test('a Deployment of no pods is only partly proven', async () => {
    const story = new Story({ replicas: 0 })
    story.at(1, () => story.observed())
    expect(await story.verdict()).toMatchObject({
      verdict: 'healthy-partial',
      partial: 'Deployment shop/api: it wants 0 pods, so nothing was started',
    })
  })

  test('each change is a line, a heartbeat says what is awaited and why', async () => {
    const story = new Story()
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [waiting('ErrImagePull', 'dial tcp: i/o timeout')]))
      .at(40, () => story.pod('a', [running(story)]))
    const { timeline } = await story.verdict()
    expect(story.said).toContain('Deployment shop/api: 0 of 1 pod created')
    expect(story.said.find(line => line.startsWith('… after 15 s'))).toMatch(
      /waiting for Deployment shop\/api: 0 of 1 pod ready: container "api": ErrImagePull \(dial tcp: i\/o timeout\)/,
    )
    expect(timeline.map(({ kind }) => kind)).toContain('evidence')
    expect(timeline.at(-1)).toMatchObject({ kind: 'verdict', says: 'healthy' })
    expect(new Set(timeline.map(({ subject, says }) => subject + says)).size).toBe(timeline.length)
  })

  test('a heartbeat counts what is ready, and says minutes as minutes', async () => {
    const story = new Story()
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'seed', namespace: 'shop', uid: 'seed' } }
    const done = { conditions: [{ type: 'Complete', status: 'True' }] }
    story.gateAlso({ ...job, spec: {}, status: done })
    story.at(1, () => story.observed()).at(100, () => story.pod('a', [running(story)]))
    await story.verdict()
    expect(story.said.filter(line => line.startsWith('…'))).toEqual([
      ...['15 s', '30 s', '45 s', '1 min 0 s', '1 min 15 s', '1 min 30 s'].map(after =>
        expect.stringContaining(
          `… after ${after}: 1 of 2 ready, waiting for Deployment shop/api: 0 of 1 pod created · gives up in 1`,
        ),
      ),
      '… after 1 min 45 s: everything is ready since 5 s, watching for 15 s more',
    ])
  })

  test('a heartbeat goes on while the API server does not answer the last read', async () => {
    const story = goodStory().at(21, () => void (story.cluster.unreachable = new Error('503')))
    expect(await story.verdict()).toMatchObject({ verdict: 'unknown' })
    const beats = story.said.filter(line => line.includes('reading everything afresh'))
    expect(beats.length).toBeGreaterThanOrEqual(1)
    expect(beats[0]).toMatch(/^… after 30 s: reading everything afresh .* gives up in 14 min 30 s$/)
  })

  test('events that may not be read are a warning, no obstacle', async () => {
    const story = goodStory()
    story.cluster.forbidden.add('Event').add('Node')
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
    expect(story.said.filter(line => line.startsWith('warning'))).toEqual([
      'warning: Event objects cannot be watched, so causes may be less exact: Event is forbidden',
    ])
  })

  test('logs that cannot be read cost nothing but the logs', async () => {
    const story = new Story()
    story.at(1, () => story.observed()).at(2, () => story.pod('a', [exited(story, 3, 1)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', logs: [] })
  })

  test('it does not poll: one list and watch per kind, one more list each at the end', async () => {
    const story = new Story()
    story.at(1, () => story.observed()).at(300, () => story.pod('a', [running(story)]))
    await story.verdict()
    expect(story.cluster.requests.toSorted()).toEqual([
      'list Deployment',
      'list Pod',
      'list ReplicaSet',
      'watch Deployment',
      'watch Event',
      'watch Node',
      'watch Pod',
      'watch ReplicaSet',
    ])
  })
})
