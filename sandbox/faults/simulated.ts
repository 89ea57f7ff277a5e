import type { KubeObject } from '../../src/kubernetes/model.ts'
import { baseImage } from '../world.ts'

export interface Simulated {
  readonly name: string
  readonly namespace?: string
  readonly replicas?: number
  /** Labels of the pods beside `app`; `sim` picks how they behave (see sandbox/stages). */
  readonly labels?: Readonly<Record<string, string>>
}

/** A workload whose pods run on simulated nodes; without a label `sim` they are ready at once. */
export function simulated(
  kind: 'Deployment' | 'StatefulSet' | 'Job',
  { name, namespace, replicas = 1, labels = {} }: Simulated,
): KubeObject {
  const app = { app: name }
  const template = {
    metadata: { labels: { ...app, ...labels } },
    spec: {
      nodeSelector: { type: 'kwok' },
      tolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }],
      containers: [{ name: 'api', image: baseImage }],
      ...(kind === 'Job' ? { restartPolicy: 'Never' } : {}),
    },
  }
  const scaled = { replicas, selector: { matchLabels: app }, template }
  const spec = { Deployment: scaled, StatefulSet: { ...scaled, serviceName: name }, Job: { template } }[kind]
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec,
  }
}
