/** Manifests of the scenarios: small, and the same wherever nothing else is said. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { simulatedTaint } from '../inside/simulated.ts'
import { baseImage } from '../world.ts'

type Fields = Readonly<Record<string, unknown>>

export interface WorkloadFields {
  readonly name?: string
  /** Of the main container `api`. */
  readonly container?: Fields
  /** Of the pod's spec. */
  readonly pod?: Fields
  /** Of the workload's spec. */
  readonly spec?: Fields
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

export const shell = (script: string): Fields => ({ command: ['sh', '-c', script] })

/** Runs as a web server; `path` is what its readiness probe asks for. */
export function server(path: string): Fields {
  return {
    command: ['python3', '-m', 'http.server', '8000'],
    readinessProbe: { httpGet: { path, port: 8000 }, periodSeconds: 2, failureThreshold: 2 },
  }
}

/** Pods of simulated nodes that become Ready at once, as kwok's stock stages have it. */
export function simulated({ pod = {}, ...fields }: WorkloadFields = {}): WorkloadFields {
  return { ...fields, pod: { nodeSelector: { type: 'kwok' }, tolerations: [tolerated], ...pod } }
}

/** Pods of simulated nodes that do what a stage of sandbox/stages says; `scripted`: what the scenario itself plays. */
export function staged(sim: string, fields: WorkloadFields = {}): WorkloadFields {
  return { ...simulated(fields), labels: { sim, ...fields.labels } }
}

export const tolerated = { ...simulatedTaint, operator: 'Equal' }

/** What a pod needs to run, and no more: recordings hold it many times. */
function template(name: string, { container = {}, pod = {}, labels = {}, annotations }: WorkloadFields): object {
  return {
    metadata: { labels: { app: name, ...labels }, ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      containers: [{ name: 'api', image: baseImage, ...shell('sleep 3600'), ...container }],
      ...pod,
    },
  }
}

export function deployment(namespace: string, fields: WorkloadFields = {}): KubeObject {
  return workload('Deployment', namespace, { ...fields, spec: { replicas: 1, ...fields.spec } })
}

export function statefulSet(namespace: string, fields: WorkloadFields = {}): KubeObject {
  return workload('StatefulSet', namespace, { ...fields, spec: { replicas: 1, serviceName: 'api', ...fields.spec } })
}

export function daemonSet(namespace: string, fields: WorkloadFields = {}): KubeObject {
  return workload('DaemonSet', namespace, fields)
}

function workload(kind: string, namespace: string, fields: WorkloadFields): KubeObject {
  const { name = 'api', spec = {} } = fields
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: name } }, template: template(name, fields), ...spec },
  }
}

export function job(namespace: string, script: string, fields: WorkloadFields = {}): KubeObject {
  const { name = 'migrate', container, pod, spec } = fields
  const inner = { ...fields, container: { ...shell(script), ...container }, pod: { restartPolicy: 'Never', ...pod } }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: { backoffLimit: 1, template: template(name, inner), ...spec },
  }
}

export function configMap(namespace: string, name: string, data: Readonly<Record<string, string>>): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data }
}

/** The same image under a tag, or a digest, that the registry does not have. */
export const missingTag = baseImage.replace(/:[^:]+$/, ':no-such-tag')
export const missingDigest = baseImage.replace(/:[^:]+$/, `@sha256:${'0'.repeat(63)}1`)
