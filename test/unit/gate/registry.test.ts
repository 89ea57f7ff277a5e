import { describe, expect, test } from '@jest/globals'
import type { ImageCheck } from '../../../src/rollout/model.ts'
import { object } from '../../support/objects.ts'
import { image, running, Story, waiting } from './story.ts'

const notFound = `failed to pull and unpack image "${image}": ${image}: not found`
const noMatch = 'no match for platform in manifest: not found'
const refused = 'failed to authorize: failed to fetch oauth token: unexpected status: 403 Forbidden'

const node = (name: string, arch: string) =>
  object('Node', name, {
    uid: name,
    labels: { 'kubernetes.io/arch': arch, 'kubernetes.io/os': 'linux' },
  })

/** A pod on an arm64 node that cannot pull its image from second 2 on. */
function stuck(message: string, images: ImageCheck): Story {
  const story = new Story()
  story.images = images
  story.cluster.put(node('node-1', 'arm64'))
  return story.at(1, () => story.observed()).at(2, () => story.pod('a', [waiting('ErrImagePull', message)]))
}

/** A registry that has the image for amd64 only. */
const amd64Only: ImageCheck = {
  check: (_image, _signal, platform) =>
    Promise.resolve(platform === undefined || platform === 'linux/amd64' ? 'present' : 'no-platform'),
}

describe('an image that is there, but not for the platform of the node', () => {
  test.each([noMatch, notFound, 'i/o timeout'])('has failed at once, whatever the kubelet says: %s', async message => {
    expect(await stuck(message, amd64Only).verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 2,
      cause: { code: 'image-wrong-platform', confidence: 'certain' },
    })
  })

  test('is asked about once per platform', async () => {
    const asked: (string | undefined)[] = []
    const story = new Story({ replicas: 3 })
    story.images = { check: async (_image, _signal, platform) => (asked.push(platform), 'present') }
    for (const [name, arch] of [
      ['node-1', 'arm64'],
      ['node-2', 'amd64'],
      ['node-3', 'amd64'],
    ] as const)
      story.cluster.put(node(name, arch))
    const names = ['a', 'b', 'c']
    story
      .at(1, () => story.observed())
      .at(2, () =>
        names.forEach((name, i) => story.pod(name, [waiting('ErrImagePull', notFound)], { node: `node-${i + 1}` })),
      )
      .at(20, () => names.forEach((name, i) => story.pod(name, [running(story)], { node: `node-${i + 1}` })))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 40 })
    expect(asked).toEqual(['linux/arm64', 'linux/amd64'])
  })

  test('is only the image where nobody may see the nodes', async () => {
    const story = stuck(noMatch, amd64Only)
    story.cluster.forbidden.add('Node')
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 12,
      cause: { code: 'image-wrong-platform', confidence: 'likely' },
    })
  })
})

describe('an image that is there for the platform of the node', () => {
  const present: ImageCheck = { check: () => Promise.resolve('present') }

  test.each([refused, '401 Unauthorized', '429 Too Many Requests', 'dial tcp: i/o timeout'])(
    'may be refused or unreachable for a while: %s',
    async message => {
      const story = stuck(message, present)
      story.at(100, () => story.pod('a', [running(story)]))
      expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 120 })
    },
  )

  test('stalls after two minutes when the refusal stays', async () => {
    expect(await stuck(refused, present).verdict()).toMatchObject({
      verdict: 'stalled',
      seconds: 122,
      cause: { code: 'image-pull-denied' },
    })
  })
})

test('an image that is refused and is not there is not there', async () => {
  expect(await stuck(refused, { check: () => Promise.resolve('absent') }).verdict()).toMatchObject({
    verdict: 'failed',
    seconds: 2,
    cause: { code: 'image-not-found', confidence: 'certain' },
  })
})

test('a registry that is slow is believed when it answers, and not waited for', async () => {
  const slow = (seconds: number): Story => {
    const story: Story = stuck(notFound, {
      async check() {
        await story.time.sleep(seconds * 1_000)
        return 'absent'
      },
    })
    return story
  }
  expect(await slow(6).verdict()).toMatchObject({ seconds: 8, cause: { confidence: 'certain' } })
  expect(await slow(60).verdict()).toMatchObject({ seconds: 12, cause: { confidence: 'likely' } })
})
