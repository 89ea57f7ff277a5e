import { describe, expect, test } from '@jest/globals'
import { configOf, neededBy } from '../../../src/rollout/gate/second-sources/missing-config.ts'
import { object } from '../../support/objects.ts'
import { image, running, Story, waiting } from './story.ts'

const value = 'correct-horse-battery'

/** Its container takes a key of a Secret and a whole ConfigMap; a second Secret is optional. */
const container = {
  name: 'api',
  image,
  env: [
    { name: 'URL', valueFrom: { secretKeyRef: { name: 'database', key: 'url' } } },
    { name: 'FLAGS', valueFrom: { secretKeyRef: { name: 'flags', key: 'all', optional: true } } },
  ],
  envFrom: [{ configMapRef: { name: 'settings' } }],
}

const secret = (...keys: readonly string[]) => ({
  ...object('Secret', 'database', { namespace: 'shop', uid: 'database' }),
  data: Object.fromEntries(keys.map(key => [key, value])),
})
const settings = object('ConfigMap', 'settings', { namespace: 'shop', uid: 'settings' })

/** A pod that the kubelet will not start from second 2 on. */
function stuck(message = 'secret "database" not found', reason = 'CreateContainerConfigError'): Story {
  const story = new Story({ spec: { template: { spec: { containers: [container] } } } })
  story.cluster.readable.add('Secret').add('ConfigMap')
  return story.at(1, () => story.observed()).at(2, () => story.pod('a', [waiting(reason, message)]))
}

describe('a container whose configuration is missing', () => {
  test('has failed within 2 s when the API server has no such object either, naming it', async () => {
    const story = stuck()
    story.cluster.put(settings)
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 3,
      cause: {
        code: 'config-missing',
        confidence: 'certain',
        says: 'container "api" cannot start: its configuration is missing: Secret shop/database does not exist',
      },
    })
  })

  test('names the key that an object lacks', async () => {
    const story = stuck(`couldn't find key url in Secret shop/database`)
    story.cluster.put(settings)
    story.cluster.put(secret('user'))
    expect(await story.verdict()).toMatchObject({
      verdict: 'failed',
      seconds: 3,
      cause: { says: expect.stringMatching(/: Secret shop\/database has no key "url"$/) },
    })
  })

  test('names everything that is missing, not only what the kubelet met first, and nothing that is optional', async () => {
    const { cause } = await stuck().verdict()
    expect(cause?.says).toMatch(/: Secret shop\/database does not exist, ConfigMap shop\/settings does not exist$/)
  })

  test('is only waited for when everything is there after all: the cache of the kubelet is late', async () => {
    const story = stuck()
    story.cluster.put(settings)
    story.cluster.put(secret('url'))
    story.at(50, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 70 })
  })

  test('but not for ever', async () => {
    const story = stuck()
    story.cluster.put(settings)
    story.cluster.put(secret('url'))
    expect(await story.verdict()).toMatchObject({ verdict: 'stalled', cause: { code: 'config-missing' } })
  })

  test('that comes within the same second was only late', async () => {
    const story = stuck()
    story.cluster.put(settings)
    story.at(2.5, () => story.cluster.put(secret('url'))).at(12, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 32 })
  })

  test.each([
    ['the Secret itself', secret('url')],
    [
      'an ExternalSecret of that name',
      object('ExternalSecret', 'database', { namespace: 'shop' }, 'external-secrets.io/v1'),
    ],
  ])('may still come when the set brings %s', async (_, brought) => {
    const story = stuck()
    story.cluster.put(settings)
    story.request = { brings: configOf([brought]) }
    story.at(40, () => story.pod('a', [running(story)]))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 60 })
  })

  test('may not come any more when the set brings the Secret without the key', async () => {
    const story = stuck()
    story.cluster.put(settings)
    story.cluster.put(secret('user'))
    story.request = { brings: configOf([secret('user')]) }
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 3 })
  })

  test('takes its 20 s where the role may not read Secrets', async () => {
    const story = stuck()
    story.cluster.put(settings)
    story.cluster.forbidden.add('Secret')
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 22, cause: { confidence: 'likely' } })
  })

  test('takes its 20 s where the API server does not answer in time', async () => {
    const story = stuck()
    story.cluster.get = () => new Promise(() => undefined)
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 22, cause: { confidence: 'likely' } })
  })

  test('is something else when the text is about something else: nobody is asked', async () => {
    const story = stuck('container has runAsNonRoot and image will run as root')
    expect(await story.verdict()).toMatchObject({ verdict: 'failed', seconds: 12 })
    expect(story.cluster.requests.filter(request => request.startsWith('get'))).toEqual([])
  })

  test('is asked about once per object, and no value of a Secret is kept', async () => {
    const story = stuck()
    story.cluster.put(settings)
    story.cluster.put(secret('url'))
    story.at(30, () => story.pod('a', [running(story)]))
    const result = await story.verdict()
    expect(story.cluster.requests.filter(request => request.startsWith('get'))).toEqual(['get Secret', 'get ConfigMap'])
    expect(JSON.stringify([result, story.said])).not.toContain(value)
  })
})

test('a volume whose ConfigMap does not exist has failed when its event says so', async () => {
  const volumes = [{ name: 'files', configMap: { name: 'files', items: [{ key: 'app.ini' }] } }]
  const story = new Story({ spec: { template: { spec: { containers: [{ name: 'api', image }], volumes } } } })
  story.cluster.readable.add('ConfigMap')
  story
    .at(1, () => story.observed())
    .at(2, () => story.pod('a', [waiting('ContainerCreating')]))
    .at(4, () =>
      story.event('pod-a', 'FailedMount', 'MountVolume.SetUp failed for volume "files" : configmap "files" not found'),
    )
  expect(await story.verdict()).toMatchObject({
    verdict: 'failed',
    seconds: 5,
    cause: { says: expect.stringContaining('ConfigMap shop/files does not exist') },
  })
})

describe('what a pod must have', () => {
  const pod = (spec: object) => ({ ...object('Pod', 'a', { namespace: 'shop' }), spec })

  test('of an init container is its own', () => {
    const init = { name: 'migrate', env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'other', key: 'a' } } }] }
    expect(neededBy(pod({ containers: [container], initContainers: [init] }), 'migrate')).toEqual([
      { kind: 'ConfigMap', namespace: 'shop', name: 'other', key: 'a' },
    ])
  })

  test('of its volumes are all sources of a projection and each key that is picked, and none that is optional', () => {
    const volumes = [
      { secret: { secretName: 'tls', items: [{ key: 'tls.crt' }, { key: 'tls.key' }] } },
      { projected: { sources: [{ configMap: { name: 'one' } }, { secret: { name: 'two', optional: true } }] } },
      { configMap: { name: 'three', optional: true } },
    ]
    expect(neededBy(pod({ containers: [container], volumes }), undefined)).toEqual([
      { kind: 'Secret', namespace: 'shop', name: 'tls', key: 'tls.crt' },
      { kind: 'Secret', namespace: 'shop', name: 'tls', key: 'tls.key' },
      { kind: 'ConfigMap', namespace: 'shop', name: 'one' },
    ])
  })
})

test('a set brings what its objects name, by key and never by value', () => {
  const set = [
    { ...object('Secret', 'a', { namespace: 'shop' }), stringData: { token: value } },
    { ...object('ConfigMap', 'b', { namespace: 'shop' }), data: { x: '1' }, binaryData: { y: 'AA==' } },
    { ...object('ExternalSecret', 'c', { namespace: 'shop' }), spec: { target: { name: 'made' } } },
    { ...object('Certificate', 'd', { namespace: 'shop' }), spec: { secretName: 'tls' } },
    object('Service', 'e', { namespace: 'shop' }),
  ]
  expect(configOf(set)).toEqual([
    { object: 'Secret shop/a', keys: ['token'] },
    { object: 'ConfigMap shop/b', keys: ['x', 'y'] },
    { object: 'Secret shop/made' },
    { object: 'Secret shop/tls' },
  ])
})
