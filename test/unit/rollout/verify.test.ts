import { describe, expect, test } from '@jest/globals'
import { KubeError } from '../../../src/kubernetes/errors.ts'
import type { Cluster, Kind, KubeObject } from '../../../src/kubernetes/model.ts'
import { isSame, replay } from '../../../src/rollout/gate/trace/replay.ts'
import { recordTrace } from '../../../src/rollout/gate/trace/trace.ts'
import type { ReleaseOutcome } from '../../../src/rollout/model.ts'
import type { SubjectQuery } from '../../../src/rollout/verify/subject-query.ts'
import { verify, type VerifyRequest } from '../../../src/rollout/verify/verify.ts'
import { recordingLog } from '../../support/context.ts'
import { exited, image, running, stamp, start, Story } from '../gate/story.ts'

const api: SubjectQuery = { by: 'name', workloads: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' }] }
const day = 24 * 3_600
const digest = `sha256:${'a1'.repeat(32)}`
const pinned = `123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api@${digest}`

/** The cluster of a story as a role sees it that may only read. */
function readOnly({ cluster }: Story, denied: readonly string[] = []): Cluster {
  const pair = (object: KubeObject, label: string): string => `${label}=${object.metadata.labels?.[label] ?? ''}`
  const list: Cluster['list'] = async (kind, namespace, selector = '', signal, keep) => {
    if (denied.includes(kind.kind)) throw new KubeError({ status: 403, reason: 'Forbidden', message: 'no', causes: [] })
    const wanted = selector.split(',').filter(Boolean)
    const found = await cluster.list(kind, namespace, undefined, signal, keep)
    return found.filter(object => wanted.every(one => one === pair(object, one.split('=')[0] ?? '')))
  }
  const get: Cluster['get'] = async key =>
    key.kind === 'Namespace'
      ? { ...key, metadata: { name: key.name } }
      : (await list(key, key.namespace)).find(({ metadata }) => metadata.name === key.name)
  return new Proxy<Cluster>(cluster, {
    get: (target, name) => {
      if (name === 'list') return list
      if (name === 'get') return get
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

interface Verified extends ReleaseOutcome {
  readonly lines: readonly string[]
  readonly seconds: number
  readonly trace: string
}

/** Verifies what the story has made after so many seconds. */
async function verified(
  story: Story,
  after: number,
  given: Partial<VerifyRequest> = {},
  denied: readonly string[] = [],
): Promise<Verified> {
  const log = recordingLog()
  let trace = ''
  const head = { application: 'shop', namespace: 'shop', cluster: 'prod' }
  const ports = {
    cluster: readOnly(story, denied),
    clock: story.time,
    log,
    signal: story.cancel.signal,
    trace: recordTrace(head, { write: text => void (trace += text) }, text => text),
  }
  await story.time.run(story.time.sleep(after * 1_000))
  const request = { application: 'shop', namespace: 'shop', query: api, images: [], timeoutMs: 900_000, soakMs: 20_000 }
  const outcome = await story.time.run(verify({ ...request, ...given }, ports))
  const seconds = (story.time.now() - start) / 1_000 - after
  return { ...outcome, lines: log.lines, seconds, trace }
}

const endOf = ({ result }: ReleaseOutcome): object => ({ verdict: result?.verdict, cause: result?.cause?.code })

function good(): Story {
  const story = new Story()
  return story.at(1, () => story.observed()).at(2, () => story.pod('a', [running(story)]))
}

describe('what somebody else applied', () => {
  test('is healthy after the soak when its pods are, and the trace says the same again', async () => {
    const outcome = await verified(good(), 10)
    expect(endOf(outcome)).toEqual({ verdict: 'healthy', cause: undefined })
    expect(outcome).toMatchObject({ seconds: 20, images: [image], changes: [], application: 'shop' })
    expect(isSame(replay(outcome.trace.split('\n')))).toBe(true)
  })

  test('has failed at once when it has crashed twice since it was changed, before anybody looked', async () => {
    const story = new Story()
    story.at(1, () => story.observed()).at(3, () => story.pod('a', [exited(story, 3, 1)]))
    const outcome = await verified(story, 60)
    expect(endOf(outcome)).toEqual({ verdict: 'failed', cause: 'crash-loop' })
    expect(outcome.seconds).toBe(0)
  })

  test('that has stood for days is not failed for what happened to it in the meantime', async () => {
    const story = new Story()
    story
      .at(1, () => story.observed())
      .at(2, () => story.pod('a', [exited(story, 1, 6)]))
      .at(9, () => story.pod('a', [running(story, { restartCount: 7, lastState: exited(story, 1, 6).state })]))
    expect(endOf(await verified(story, 3 * day))).toEqual({ verdict: 'healthy', cause: undefined })
  })

  test('that begins to crash while it is watched has failed, however long it has stood', async () => {
    const story = good()
    story
      .at(3 * day + 5, () => story.pod('a', [exited(story, 1, 0)]))
      .at(3 * day + 9, () => story.pod('a', [exited(story, 1, 1)]))
    expect(endOf(await verified(story, 3 * day))).toEqual({ verdict: 'failed', cause: 'crash-loop' })
  })

  test('is never healthy on a status of the generation before: a rollback by somebody else may just have begun', async () => {
    const story = good()
    story.at(30, () =>
      story.change(deployment => ({ ...deployment, metadata: { ...deployment.metadata, generation: 2 } })),
    )
    const outcome = await verified(story, 31, { timeoutMs: 60_000 })
    expect(endOf(outcome)).toEqual({ verdict: 'stalled', cause: 'timed-out' })
  })

  test('is superseded when its template is changed meanwhile', async () => {
    const story = good()
    story.at(20, () =>
      story.change(deployment => ({
        ...deployment,
        metadata: { ...deployment.metadata, generation: 2 },
        spec: { replicas: 1, template: { spec: { containers: [{ name: 'api', image: pinned }] } } },
      })),
    )
    expect(endOf(await verified(story, 10))).toMatchObject({ verdict: 'superseded' })
  })

  test('does not fail for a progress deadline of the rollout before', async () => {
    const late = {
      type: 'Progressing',
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      lastUpdateTime: stamp(start - 60_000),
    }
    const story = new Story()
    story.at(1, () => story.observed({ conditions: [late] })).at(12, () => story.pod('a', [running(story)]))
    expect(endOf(await verified(story, 5))).toEqual({ verdict: 'healthy', cause: undefined })
  })
})

describe('images that are expected', () => {
  const arrive = (story: Story): void =>
    story.change(deployment => ({
      ...deployment,
      metadata: { ...deployment.metadata, generation: 2 },
      spec: { replicas: 1, template: { spec: { containers: [{ name: 'api', image: pinned }] } } },
    }))

  test('are waited for; then the new template is judged, not the old pods', async () => {
    const story = good()
    story.at(50, () => arrive(story))
    const outcome = await verified(story, 10, { images: [pinned], timeoutMs: 120_000 })
    expect(outcome.images).toEqual([pinned])
    expect(outcome.lines.filter(line => line.startsWith('… waiting for'))).toHaveLength(3)
    // Its status never becomes one of the new generation.
    expect(endOf(outcome)).toMatchObject({ verdict: 'stalled' })
    expect(outcome.seconds).toBe(120)
  })

  test('that are there already cost nothing, with a tag beside the digest too', async () => {
    const story = new Story({
      spec: { template: { spec: { containers: [{ name: 'api', image: `x.example.com/shop/api:1@${digest}` }] } } },
    })
    story.at(1, () => story.observed()).at(2, () => story.pod('a', [running(story)]))
    expect(endOf(await verified(story, 10, { images: [pinned] }))).toEqual({ verdict: 'healthy', cause: undefined })
  })

  test('that never come are a stall which says what is there instead', async () => {
    const outcome = await verified(good(), 10, { images: [pinned], timeoutMs: 60_000 })
    expect(endOf(outcome)).toEqual({ verdict: 'stalled', cause: 'not-applied' })
    expect(outcome.result?.cause?.says).toBe(`nothing applied ${pinned} within 60 s: the pod templates name ${image}`)
    expect(outcome.seconds).toBe(60)
  })

  test('are not waited for when the run is cancelled', async () => {
    const story = good()
    story.at(20, () => story.cancel.abort())
    expect(endOf(await verified(story, 10, { images: [pinned] }))).toEqual({ verdict: 'cancelled', cause: 'cancelled' })
  })
})

describe('what to judge', () => {
  const made = (kind: Kind, name: string, metadata: Readonly<Record<string, unknown>> = {}): KubeObject => ({
    ...kind,
    metadata: { name, namespace: 'shop', uid: name, ...metadata },
  })
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' }
  const job = { apiVersion: 'batch/v1', kind: 'Job' }
  const ofHelm = {
    labels: { 'app.kubernetes.io/managed-by': 'Helm' },
    annotations: { 'meta.helm.sh/release-name': 'shop' },
  }
  const judging = ({ lines }: Verified): string | undefined => lines.find(line => line.startsWith('judging'))
  const short = { timeoutMs: 30_000 }

  test('by label: workloads that have it, and no Job that a CronJob made', async () => {
    const story = good()
    const labels = { app: 'web' }
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly', uid: 'c', controller: true }
    story.cluster.put(made(deployment, 'web', { labels }))
    story.cluster.put(made(job, 'seed', { labels }))
    story.cluster.put(made(job, 'nightly-1', { labels, ownerReferences: [owner] }))
    const outcome = await verified(story, 10, { query: { by: 'label', selector: 'app=web' }, ...short })
    expect(judging(outcome)).toBe('judging Deployment shop/web, Job shop/seed')
  })

  test('by Helm release: what carries its name', async () => {
    const story = good()
    story.cluster.put(made(deployment, 'web', ofHelm))
    story.cluster.put(made(deployment, 'other', { ...ofHelm, annotations: { 'meta.helm.sh/release-name': 'other' } }))
    const outcome = await verified(story, 10, { query: { by: 'helm', release: 'shop' }, ...short })
    expect(judging(outcome)).toBe('judging Deployment shop/web')
  })

  test('kinds that the role may not list are left out, and that is said', async () => {
    const story = good()
    story.cluster.put(made(deployment, 'web', ofHelm))
    const query = { by: 'helm', release: 'shop' } as const
    const outcome = await verified(story, 10, { query, ...short }, ['Ingress', 'Job'])
    expect(outcome.lines).toContain('Ingress objects are not judged: the role may not list them.')
    expect(judging(outcome)).toBe('judging Deployment shop/web')
  })

  test('by manifest: the objects that have a state of their own, in the namespace of the step', async () => {
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } }
    const objects = [map, { ...deployment, metadata: { name: 'api' } }]
    const outcome = await verified(good(), 10, { query: { by: 'manifest', objects } })
    expect(judging(outcome)).toBe('judging Deployment shop/api')
    expect(endOf(outcome)).toMatchObject({ verdict: 'healthy' })
  })

  test.each<[string, SubjectQuery, RegExp]>([
    [
      'a name that is not there',
      { by: 'name', workloads: [{ ...deployment, name: 'apl' }] },
      /^input "workloads": Deployment shop\/apl does not exist.*Of kind Deployment there is api\..*Did you mean api\?/s,
    ],
    [
      'a kind of which there is nothing',
      { by: 'name', workloads: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db' }] },
      /StatefulSet shop\/db does not exist.*no StatefulSet in that namespace/s,
    ],
    [
      'a label that nothing has',
      { by: 'label', selector: 'app=nothing' },
      /^input "selector": nothing in namespace "shop" has app=nothing\..*There is Deployment shop\/api/s,
    ],
    [
      'a Helm release that made nothing',
      { by: 'helm', release: 'shop' },
      /belongs to a Helm release "shop"\..*Nothing there was made by Helm/s,
    ],
  ])('%s is a mistake of the input, which lists what is there', async (_name, query, says) => {
    const thrown: unknown = await verified(good(), 10, { query }).catch((error: unknown) => error)
    const { message, why, todo } = thrown as { message: string; why: string; todo: string }
    expect([message, why, todo].join('\n')).toMatch(says)
  })
})
