import type { KubeObject } from '../../src/kubernetes/model.ts'
import { baseImage } from '../../sandbox/world.ts'

/** Is ready, runs until it is told to end, and then ends at once. */
export const runs = 'touch /tmp/ready; trap exit TERM; sleep 3600 & wait'
/** Runs, and is never ready. */
export const hangs = 'trap exit TERM; sleep 3600 & wait'
/** As a program that misses its configuration. */
export const crashes = 'echo starting; echo "boom: DATABASE_URL is not set"; exit 3'

interface Shape {
  readonly env?: Readonly<Record<string, string>>
  readonly image?: string
  /** Fields of the container beside these. */
  readonly container?: Readonly<Record<string, unknown>>
}

/** Without it a container that dies at once counts as ready for a moment, in which the old pod would be taken away. */
const readinessProbe = { exec: { command: ['test', '-e', '/tmp/ready'] }, periodSeconds: 1 }

/** A Deployment of one pod, whose only container `api` runs `script`. */
export function workload(script: string, { env = {}, image = baseImage, container = {} }: Shape = {}): KubeObject {
  const labels = { app: 'api' }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'api' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: podSpec('api', script, { env, image, container: { readinessProbe, ...container } }),
      },
    },
  }
}

/** A StatefulSet of `replicas` pods in order, whose only container `db` runs `script`. */
export function statefulSet(
  script: string,
  replicas: number,
  spec: Readonly<Record<string, unknown>> = {},
): KubeObject {
  const labels = { app: 'db' }
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: {
      serviceName: 'db',
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: podSpec('db', script, { container: { readinessProbe } }) },
      ...spec,
    },
  }
}

/** A Job that runs once, before the workloads. */
export function hookJob(script: string): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'migrate', annotations: { 'slipway.dev/hook': 'before' } },
    spec: { backoffLimit: 0, template: { spec: { ...podSpec('migrate', script), restartPolicy: 'Never' } } },
  }
}

export function settings(name: string, data: Readonly<Record<string, string>> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }
}

/** `files` and `inputs` of a step for these objects. */
export function set(...objects: readonly KubeObject[]): { readonly 'app.yaml': string } {
  // JSON is YAML.
  return { 'app.yaml': objects.map(object => JSON.stringify(object)).join('\n---\n') }
}

function podSpec(name: string, script: string, { env = {}, image = baseImage, container = {} }: Shape = {}): object {
  const variables = Object.entries(env).map(([key, value]) => ({ name: key, value }))
  return {
    terminationGracePeriodSeconds: 1,
    containers: [{ name, image, command: ['sh', '-c', script], env: variables, ...container }],
  }
}
