/** What others do to a cluster while a release runs: controllers that write events, autoscalers, people. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { runGate } from '../../src/rollout/gate/run-gate.ts'
import { quiet } from '../connect.ts'
import { simulatedNode } from '../inside/simulated.ts'
import { region } from '../world.ts'
import type { Stage } from './scenario.ts'

export const pods = ({ metadata }: KubeObject): string =>
  `/api/v1/namespaces/${metadata.namespace ?? ''}/pods/${metadata.name}`

interface EventFields {
  readonly reason: string
  readonly message: string
  readonly type: 'Normal' | 'Warning'
  /** `cluster-autoscaler`, `karpenter`, `ingress` … */
  readonly from: string
  readonly field?: string
}

let events = 0

/** As the recorders of client-go 1.36 write it for core/v1. */
export async function postEvent(stage: Stage, about: KubeObject, fields: EventFields): Promise<void> {
  const { namespace } = stage
  const { name, uid, resourceVersion } = about.metadata
  const at = new Date(systemClock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  events += 1
  await stage.kube.json('POST', `/api/v1/namespaces/${namespace}/events`, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name}.${systemClock.now().toString(16)}${events.toString(16)}`, namespace },
    involvedObject: {
      apiVersion: about.apiVersion,
      kind: about.kind,
      namespace,
      name,
      uid,
      resourceVersion,
      ...(fields.field === undefined ? {} : { fieldPath: fields.field }),
    },
    reason: fields.reason,
    message: fields.message,
    type: fields.type,
    source: { component: fields.from },
    firstTimestamp: at,
    lastTimestamp: at,
    count: 1,
  })
}

/** The first object of a kind that fits, as soon as there is one. */
export async function appearing(
  { cluster, namespace, signal }: Stage,
  kind: { readonly apiVersion: string; readonly kind: string },
  fits: (object: KubeObject) => boolean = () => true,
): Promise<KubeObject> {
  for (;;) {
    const found = (await cluster.list(kind, namespace)).find(fits)
    if (found !== undefined) return { ...found, ...kind }
    await systemClock.sleep(200, signal)
  }
}

export const pod = { apiVersion: 'v1', kind: 'Pod' }

/** True for a pod that the scheduler has tried in vain. */
export function isUnschedulable(object: KubeObject): boolean {
  const { conditions = [] } = (object['status'] ?? {}) as { conditions?: { type: string; reason?: string }[] }
  return conditions.some(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable')
}

/** An earlier release: applied, and healthy before it returns. */
export async function released(stage: Stage, objects: readonly KubeObject[]): Promise<void> {
  const startedAt = systemClock.now()
  const applied: { object: KubeObject }[] = []
  for (const object of objects) applied.push({ object: await stage.cluster.apply(object) })
  const { verdict, cause } = await runGate(
    { applied, startedAt, timeoutMs: 120_000, soakMs: 0 },
    { cluster: stage.cluster, clock: systemClock, log: quiet, signal: stage.signal },
  )
  if (!verdict.startsWith('healthy')) throw new Error(`the release before is ${verdict}: ${cause?.says ?? ''}`)
}

/** A node of kwok's of its own, named and labelled for the scenario, until its end. */
export async function addNode(stage: Stage, name: string, architecture = 'amd64'): Promise<void> {
  const node = simulatedNode(name, `${region}a`, architecture)
  const labels = { ...node.metadata.labels, 'slipway.test/scenario': stage.namespace }
  await stage.kube.apply(`/api/v1/nodes/${name}`, { ...node, metadata: { ...node.metadata, labels } })
  stage.atEnd(async () => void (await stage.kube.send('DELETE', `/api/v1/nodes/${name}`)))
}

/** The node selector that leads to such nodes only. */
export const ownNodes = (namespace: string): Readonly<Record<string, string>> => ({
  'slipway.test/scenario': namespace,
})
