/** More of what a real kubelet writes, beside the numbered scenarios: recorded for the pure gate, tested and measured. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { available, condition, exit, running, start, type Moment } from './moments.ts'
import { deployment, job, server, shell, statefulSet } from './objects.ts'
import { exitBound, healthyBound, soakSeconds, type Expected, type Scenario } from './scenario.ts'

const healthy: Ending = {
  expected: { verdict: 'healthy' },
  after: available('deployments', soakSeconds),
  bound: healthyBound,
}
const failed = (cause: string): Ending => ({ expected: { verdict: 'failed', cause }, after: exit(2), bound: exitBound })
/** A probe of 2 × 2 s, and 60 s. */
const unready: Ending = {
  expected: { verdict: 'stalled', cause: 'not-ready' },
  after: running,
  bound: 68,
}

interface Ending {
  readonly expected: Expected
  readonly after: Moment
  readonly bound: number
  readonly soakMs?: number
}

const onNode = (
  name: string,
  title: string,
  ending: Ending,
  objects: (namespace: string) => readonly KubeObject[],
): Scenario => ({
  name,
  title,
  where: 'node',
  objects,
  ...ending,
})

const exits = (name: string, title: string, script: string, cause: string): Scenario =>
  onNode(name, title, failed(cause), ns => [deployment(ns, { container: shell(script) })])

const probed = (name: string, title: string, ending: Ending, container: object): Scenario => {
  const base = shell('trap "exit 0" TERM; while true; do sleep 0.2; done')
  return onNode(name, title, ending, ns => [deployment(ns, { container: { ...base, ...container } })])
}

const often = { periodSeconds: 1, failureThreshold: 2 }
const seldom = { periodSeconds: 2, failureThreshold: 2 }
const refusedPort = { tcpSocket: { port: 8000 } }
const fails = { exec: { command: ['false'] } }
const missingPage = { httpGet: { path: '/no-such-page', port: 8000 } }

const probes: readonly Scenario[] = [
  probed('readiness-exec', 'readiness probe (exec) fails', unready, { readinessProbe: { ...fails, ...seldom } }),
  probed('readiness-tcp', 'readiness probe (tcp) fails', unready, { readinessProbe: { ...refusedPort, ...seldom } }),
  probed('liveness-tcp', 'liveness probe (tcp) kills it', failed('liveness-kill'), {
    livenessProbe: { ...refusedPort, ...often },
  }),
  probed('liveness-http', 'liveness probe (http) kills it', failed('liveness-kill'), {
    command: ['python3', '-m', 'http.server', '8000'],
    livenessProbe: { ...missingPage, ...often },
  }),
  probed('startup-exec', 'startup probe (exec) exhausted', failed('startup-exhausted'), {
    startupProbe: { ...fails, ...often },
  }),
  probed('startup-http', 'startup probe (http) exhausted', failed('startup-exhausted'), {
    command: ['python3', '-m', 'http.server', '8000'],
    startupProbe: { ...missingPage, ...often, failureThreshold: 3 },
  }),
  probed('slow-start', 'starts slowly, within its startup probe', healthy, {
    ...shell('sleep 12; exec python3 -m http.server 8000'),
    startupProbe: { httpGet: { path: '/', port: 8000 }, periodSeconds: 1, failureThreshold: 30 },
  }),
]

/** Writes more than its limit: the kubelet evicts it, and its replacement, and so on. */
const fillsDisk = {
  ...shell('head -c 20000000 /dev/zero > /tmp/cache; sleep 3600'),
  resources: { limits: { 'ephemeral-storage': '5Mi' } },
}

export const recordedScenarios: readonly Scenario[] = [
  onNode('good', 'good', healthy, ns => [deployment(ns, { container: server('/') })]),
  onNode('good-without-probe', 'good, without probes', healthy, ns => [deployment(ns)]),
  // With the token of its service account, as pods usually have it.
  onNode('crash', 'exits with 3 at once', failed('crash-loop'), ns => [
    deployment(ns, {
      container: shell('echo starting; echo "boom: DATABASE_URL is not set"; exit 3'),
      pod: { automountServiceAccountToken: true },
    }),
  ]),
  exits('exit-126', 'exits with 126', '/etc/passwd', 'start-error'),
  // Kubernetes reads `$$` in a command as an escaped `$`.
  exits('exit-137', 'kills itself (137)', "sh -c 'kill -9 $$$$'; exit $?", 'crash-loop'),
  onNode(
    'missing-command',
    'command that does not exist',
    { ...failed('start-error'), after: exit(1, 'first StartError'), bound: 12 },
    ns => [deployment(ns, { container: { command: ['/no/such/program'] } })],
  ),
  onNode('read-only', 'writes to a read-only file system', failed('crash-loop'), ns => [
    deployment(ns, { container: { ...shell('echo 1 > /run/pid'), securityContext: { readOnlyRootFilesystem: true } } }),
  ]),
  ...probes,
  onNode(
    'missing-volume',
    'ConfigMap of a volume missing',
    { expected: { verdict: 'failed', cause: 'config-missing' }, after: start, bound: 40 },
    ns => [
      deployment(ns, {
        container: { volumeMounts: [{ name: 'config', mountPath: '/config' }] },
        pod: { volumes: [{ name: 'config', configMap: { name: 'no-such-map' } }] },
      }),
    ],
  ),
  onNode(
    'evicted',
    'evicted for the disk that it uses, each time',
    { expected: { verdict: 'failed', cause: 'disk-exceeded' }, after: start, bound: 90, soakMs: 30_000 },
    ns => [deployment(ns, { container: fillsDisk })],
  ),
  onNode('set-crash', 'StatefulSet that exits with 3 at once', failed('crash-loop'), ns => [
    statefulSet(ns, { container: shell('exit 3') }),
  ]),
  onNode('none-needed', 'crash, and `maxUnavailable: 1` of 1', failed('crash-loop'), ns => [
    deployment(ns, {
      container: shell('exit 3'),
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } },
    }),
  ]),
  onNode(
    'job-good',
    'Job that completes',
    { ...healthy, after: condition('jobs', 'Complete', 'True', 'Complete') },
    ns => [job(ns, 'echo done')],
  ),
  onNode(
    'job-deadline',
    'Job that passes its deadline',
    {
      expected: { verdict: 'failed', cause: 'job-failed' },
      after: condition('jobs', 'FailureTarget', 'True', 'FailureTarget'),
      bound: 2,
    },
    ns => [job(ns, 'sleep 3600', { spec: { activeDeadlineSeconds: 5 } })],
  ),
]
