/** Small releases, one for each way to end, for the platform's real node: recorded, tested and measured. */
import type { KubeObject } from '../src/kubernetes/model.ts'
import { baseImage } from './world.ts'

export interface Scenario {
  readonly objects: readonly KubeObject[]
  /** Verdict and cause that a right gate finds. */
  readonly verdict: 'healthy' | 'failed' | 'stalled'
  readonly cause?: string
}

const shell = (script: string): Readonly<Record<string, unknown>> => ({ command: ['sh', '-c', script] })

interface Fields {
  readonly container?: Readonly<Record<string, unknown>>
  readonly pod?: Readonly<Record<string, unknown>>
}

function deployment(namespace: string, name: string, { container = {}, pod = {} }: Fields): KubeObject {
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [{ name: 'api', image: baseImage, ...shell('sleep 3600'), ...container }],
          ...pod,
        },
      },
    },
  }
}

function job(namespace: string, name: string, script: string): KubeObject {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace },
    spec: {
      backoffLimit: 1,
      template: {
        spec: { restartPolicy: 'Never', containers: [{ name: 'migrate', image: baseImage, ...shell(script) }] },
      },
    },
  }
}

/** Runs as a web server; `path` is what its readiness probe asks for. */
function server(path: string): Readonly<Record<string, unknown>> {
  return {
    command: ['python3', '-m', 'http.server', '8000'],
    readinessProbe: { httpGet: { path, port: 8000 }, periodSeconds: 2, failureThreshold: 2 },
  }
}

export const missingTag = baseImage.replace(/:[^:]+$/, ':no-such-tag')

/** The release of one scenario, in `namespace`. */
export const scenarios: Readonly<Record<string, (namespace: string) => Scenario>> = {
  good: ns => ({ objects: [deployment(ns, 'good', { container: server('/') })], verdict: 'healthy' }),
  'good-without-probe': ns => ({ objects: [deployment(ns, 'good-without-probe', {})], verdict: 'healthy' }),
  crash: ns => ({
    objects: [
      deployment(ns, 'crash', { container: shell('echo starting; echo "boom: DATABASE_URL is not set"; exit 3') }),
    ],
    verdict: 'failed',
    cause: 'crash-loop',
  }),
  'missing-command': ns => ({
    objects: [deployment(ns, 'missing-command', { container: { command: ['/no/such/program'] } })],
    verdict: 'failed',
    cause: 'start-error',
  }),
  'missing-tag': ns => ({
    objects: [deployment(ns, 'missing-tag', { container: { image: missingTag } })],
    verdict: 'failed',
    cause: 'image-not-found',
  }),
  'missing-secret': ns => ({
    objects: [
      deployment(ns, 'missing-secret', { container: { envFrom: [{ secretRef: { name: 'no-such-secret' } }] } }),
    ],
    verdict: 'failed',
    cause: 'config-missing',
  }),
  'missing-volume': ns => ({
    objects: [
      deployment(ns, 'missing-volume', {
        container: { volumeMounts: [{ name: 'config', mountPath: '/config' }] },
        pod: { volumes: [{ name: 'config', configMap: { name: 'no-such-map' } }] },
      }),
    ],
    verdict: 'failed',
    cause: 'config-missing',
  }),
  'never-ready': ns => ({
    objects: [deployment(ns, 'never-ready', { container: server('/no-such-page') })],
    verdict: 'stalled',
    cause: 'not-ready',
  }),
  'out-of-memory': ns => ({
    objects: [
      deployment(ns, 'out-of-memory', {
        container: {
          command: ['python3', '-c', 'x = bytearray(400 << 20)'],
          resources: { limits: { memory: '48Mi' } },
        },
      }),
    ],
    verdict: 'failed',
    cause: 'oom-killed',
  }),
  'liveness-kill': ns => ({
    objects: [
      deployment(ns, 'liveness-kill', {
        container: {
          livenessProbe: { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 2 },
          ...shell('trap "exit 0" TERM; while true; do sleep 0.2; done'),
        },
      }),
    ],
    verdict: 'failed',
    cause: 'liveness-kill',
  }),
  'init-crash': ns => ({
    objects: [
      deployment(ns, 'init-crash', {
        pod: { initContainers: [{ name: 'prepare', image: baseImage, ...shell('echo no database; exit 1') }] },
      }),
    ],
    verdict: 'failed',
    cause: 'crash-loop',
  }),
  'job-good': ns => ({ objects: [job(ns, 'job-good', 'echo done')], verdict: 'healthy' }),
  'job-failing': ns => ({
    objects: [job(ns, 'job-failing', 'echo cannot migrate; exit 1')],
    verdict: 'failed',
    cause: 'job-failed',
  }),
}
