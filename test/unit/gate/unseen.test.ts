import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { DeniedError } from '../../../src/runtime/errors.ts'
import { stamp, start, Story } from './story.ts'

const conditions = (status: 'True' | 'False'): object => ({ conditions: [{ type: 'Ready', status }] })
const balancer = { loadBalancer: { ingress: [{ hostname: 'lb.example.com' }] } }

/** Kinds without pods, each with a status that is good and one that is not. */
const kinds = [
  ['Ingress', 'networking.k8s.io/v1', {}, {}, undefined],
  ['PersistentVolumeClaim', 'v1', {}, { phase: 'Bound' }, { phase: 'Pending' }],
  ['Service', 'v1', { type: 'LoadBalancer' }, balancer, {}],
  [
    'CustomResourceDefinition',
    'apiextensions.k8s.io/v1',
    {},
    {
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
      ],
    },
    {},
  ],
  ['ExternalSecret', 'external-secrets.io/v1', {}, conditions('True'), conditions('False')],
] as const

function objectOf(kind: string, apiVersion: string, spec: object, status: object): KubeObject {
  const metadata = { name: 'it', namespace: 'shop', uid: 'it', generation: 1, creationTimestamp: stamp(start) }
  return { apiVersion, kind, metadata, spec, status }
}

describe.each(kinds)('%s', (kind, apiVersion, spec, good, bad) => {
  const well = objectOf(kind, apiVersion, spec, good)

  test('that may not be watched is only partly proven, and it is said which kind', async () => {
    const story = new Story().gate(well)
    story.cluster.forbidden.add(kind)
    expect(await story.verdict()).toMatchObject({
      verdict: 'healthy-partial',
      partial: `${kind} shop/it: ${kind} objects could not be seen: stored is all that is known`,
    })
    expect(story.said).toContain(
      `warning: ${kind} objects cannot be watched, so it cannot be proven that they work: ${kind} is forbidden`,
    )
  })

  test('that may not be read any more at the end is only partly proven', async () => {
    const story = new Story().gate(well)
    story.at(5, () => void story.cluster.forbidden.add(kind))
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy-partial', seconds: 20 })
  })

  test('whose watch is broken for more than 30 s is unknown', async () => {
    const story = new Story().gate(well)
    story.at(5, () => story.cluster.cut(kind))
    expect(await story.verdict()).toMatchObject({ verdict: 'unknown', seconds: 35, cause: { code: 'api-unreachable' } })
  })

  test('is read anew before it is called healthy', async () => {
    const story = new Story().gate(well)
    expect(await story.verdict()).toMatchObject({ verdict: 'healthy', seconds: 20 })
    expect(story.cluster.requests).toContain(`list ${kind}`)
    if (bad === undefined) return
    const turned = new Story().gate(well)
    turned
      .at(5, () => turned.cluster.cut(kind, { silently: true }))
      .at(6, () => turned.cluster.put(objectOf(kind, apiVersion, spec, bad)))
    turned.request = { timeoutMs: 60_000 }
    expect((await turned.verdict()).verdict).not.toMatch(/healthy/)
  })
})

test('a fresh read of the kinds that prove health that is refused is no partial success', async () => {
  const story = new Story({ replicas: 0 })
  story
    .at(1, () => story.observed())
    .at(5, () => void story.cluster.forbidden.add('Pod'))
    .at(5, () => void (story.cluster.unreachable = new DeniedError('kubernetes-forbidden', 'no', { todo: 'Grant.' })))
  expect(await story.verdict()).toMatchObject({ verdict: 'unknown' })
})

test.each([
  ['Namespace', {}],
  ['Service', { type: 'ClusterIP' }],
])('a %s that no controller has to act on needs no look: it is done when it is stored', async (kind, spec) => {
  const story = new Story().gate(objectOf(kind, 'v1', spec, {}))
  story.cluster.forbidden.add(kind)
  expect(await story.verdict()).toMatchObject({ verdict: 'healthy' })
})
