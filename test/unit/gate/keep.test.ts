import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { writersOf } from '../../../src/kubernetes/objects.ts'
import { keepOf } from '../../../src/rollout/gate/keep.ts'

const writers = [
  { manager: 'kube-controller-manager', operation: 'Update', time: '2026-11-02T09:00:00Z' },
  { manager: 'kubelet', operation: 'Update', subresource: 'status', time: '2026-11-02T09:00:05Z' },
]
const object = (kind: string, more: Readonly<Record<string, unknown>>): KubeObject => ({
  apiVersion: 'v1',
  kind,
  ...more,
  metadata: { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '7', managedFields: writers },
})
const kept = (given: KubeObject): KubeObject => keepOf(given)(given)

/** Pods as a real kubelet wrote them. */
function recordedPods(): readonly KubeObject[] {
  const file = join(import.meta.dirname, '../../fixtures/k8s/recorded/crash.jsonl')
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n')
  const events = lines.map(line => (JSON.parse(line) as { readonly event: { readonly object?: KubeObject } }).event)
  return events.flatMap(event => (event.object?.kind === 'Pod' ? [event.object] : []))
}

describe('what the gate keeps of an object', () => {
  test('of a pod: what names it, its containers, their probes and its status, and when it was last written', () => {
    const probe = { httpGet: { path: '/', port: 80 }, periodSeconds: 2 }
    const status = { phase: 'Running', containerStatuses: [{ name: 'api', restartCount: 1, containerID: 'x' }] }
    const container = { name: 'api', image: 'shop/api', readinessProbe: probe }
    const pod = object('Pod', {
      spec: { nodeName: 'n', tolerations: [{}], containers: [{ ...container, env: [{ name: 'A', value: 'b' }] }] },
      status,
    })
    expect(kept(pod)).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'a',
        namespace: 'shop',
        uid: 'u',
        resourceVersion: '7',
        managedFields: [{ time: '2026-11-02T09:00:05Z' }],
      },
      spec: { nodeName: 'n', containers: [container] },
      status: { phase: 'Running', containerStatuses: [{ name: 'api', restartCount: 1 }] },
    })
  })

  test('of what kubectl applied, not its copy of the manifest; of the volumes of a pod, those that may hold it up', () => {
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      'deployment.kubernetes.io/revision': '2',
    }
    const deployment = object('Deployment', { spec: { template: { spec: { containers: [{ env: [] }] } } } })
    const annotated = { ...deployment, metadata: { ...deployment.metadata, annotations } }
    expect(kept(annotated)).toEqual({
      ...deployment,
      metadata: { ...deployment.metadata, annotations: { 'deployment.kubernetes.io/revision': '2' } },
    })
    const claim = { name: 'data', persistentVolumeClaim: { claimName: 'data-0' } }
    const pod = object('Pod', { spec: { volumes: [claim, { name: 'token', projected: { sources: [] } }] } })
    expect(kept(pod)['spec']).toEqual({ volumes: [claim, { name: 'token' }] })
  })

  test('a ReplicaSet keeps its revision and loses its template', () => {
    const set = object('ReplicaSet', { spec: { replicas: 1, template: {} } })
    const annotated = {
      ...set,
      metadata: { ...set.metadata, annotations: { 'deployment.kubernetes.io/revision': '2' } },
    }
    expect(kept(annotated)).toMatchObject({
      metadata: { annotations: { 'deployment.kubernetes.io/revision': '2' } },
      spec: { replicas: 1 },
    })
    expect(kept(annotated)['spec']).not.toHaveProperty('template')
  })

  test('the object that was given is left as it was', () => {
    const pod = object('Pod', { spec: { containers: [{ name: 'api', env: [] }] } })
    const before = JSON.stringify(pod)
    kept(pod)
    expect(JSON.stringify(pod)).toBe(before)
  })

  test('a real pod loses a quarter of its weight, though its list of fields is gone already', () => {
    const pods = recordedPods()
    expect(pods.length).toBeGreaterThan(3)
    for (const pod of pods) {
      expect(JSON.stringify(kept(pod)).length).toBeLessThan(JSON.stringify(pod).length * 0.75)
      expect(writersOf(kept(pod)).length).toBeLessThanOrEqual(1)
    }
  })
})
