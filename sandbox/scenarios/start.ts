/** 9 to 22: containers that do not start, do not stay, or do not stop. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { baseImage } from '../world.ts'
import { released } from './hands.ts'
import { available, exit, waiting } from './moments.ts'
import { configMap, deployment, shell } from './objects.ts'
import { exitBound, healthyBound, soakSeconds, type Scenario } from './scenario.ts'

const healthyAfter = available('deployments', soakSeconds)
const secondExit = exit(2)
const misconfigured = waiting(/^CreateContainerConfigError$/, 'CreateContainerConfigError')

const from = (name: string, key: string) => ({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name, key } } }] })

/** A program that no kernel can run, as a file of the container. */
function notAProgram(namespace: string): readonly KubeObject[] {
  const volumes = [{ name: 'bin', configMap: { name: 'bin', defaultMode: 0o755 } }]
  const container = { command: ['/opt/bin/api'], volumeMounts: [{ name: 'bin', mountPath: '/opt/bin' }] }
  return [
    configMap(namespace, 'bin', { api: 'this is no program\n' }),
    deployment(namespace, { container, pod: { volumes } }),
  ]
}

/** Runs once in vain: what the first instance leaves in the pod's volume makes the second one stay. */
const onlyOnce = {
  container: {
    ...shell('[ -e /state/ran ] && exec sleep 3600; touch /state/ran; echo "not yet"; exit 1'),
    volumeMounts: [{ name: 'state', mountPath: '/state' }],
  },
  pod: { volumes: [{ name: 'state', emptyDir: {} }] },
}

const crashes = (name: string, number: number, title: string, script: string, cause: string): Scenario => ({
  name,
  number,
  title,
  where: 'node',
  objects: ns => [deployment(ns, { container: shell(script) })],
  expected: { verdict: 'failed', cause },
  after: secondExit,
  bound: exitBound,
})

const exits: readonly Scenario[] = [
  crashes('exit-1', 9, 'exits with 1 at once', 'echo starting; exit 1', 'crash-loop'),
  {
    ...crashes(
      'late-crash',
      10,
      'exits after 20 s, each time',
      'sleep 20; echo lost the database; exit 1',
      'crash-loop',
    ),
    soakMs: 30_000,
  },
  crashes('exit-127', 11, 'exits with 127', 'no-such-program', 'start-error'),
  {
    name: 'exec-format',
    number: 12,
    title: 'exec format error',
    where: 'node',
    objects: notAProgram,
    // runc says it in the log of the container only, whose process then ends with 1.
    expected: { verdict: 'failed', cause: 'start-error' },
    after: secondExit,
    bound: exitBound,
  },
  {
    name: 'out-of-memory',
    number: 13,
    title: 'OOMKilled',
    where: 'node',
    objects: ns => [
      deployment(ns, {
        container: {
          command: ['python3', '-c', 'x = bytearray(400 << 20)'],
          resources: { limits: { memory: '48Mi' } },
        },
      }),
    ],
    expected: { verdict: 'failed', cause: 'oom-killed' },
    after: secondExit,
    bound: exitBound,
  },
  {
    name: 'init-crash',
    number: 14,
    title: 'init container that fails, each time',
    where: 'node',
    objects: ns => [
      deployment(ns, {
        pod: { initContainers: [{ name: 'prepare', image: baseImage, ...shell('echo no database; exit 1') }] },
      }),
    ],
    expected: { verdict: 'failed', cause: 'crash-loop' },
    after: secondExit,
    bound: exitBound,
  },
  {
    name: 'sidecar-crash',
    number: 15,
    title: 'native sidecar that exits, each time',
    where: 'node',
    objects: ns => [
      deployment(ns, {
        pod: {
          initContainers: [
            { name: 'proxy', image: baseImage, restartPolicy: 'Always', ...shell('echo no certificate; exit 2') },
          ],
        },
      }),
    ],
    expected: { verdict: 'failed', cause: 'crash-loop' },
    after: secondExit,
    bound: exitBound,
  },
  {
    name: 'one-restart',
    number: 16,
    title: 'one restart, then fine',
    where: 'node',
    objects: ns => [deployment(ns, onlyOnce)],
    expected: { verdict: 'healthy' },
    after: { ...healthyAfter, name: 'last needed status; the exit is forgiven after 30 s' },
    bound: 32,
  },
]

const probes: readonly Scenario[] = [
  {
    name: 'liveness-kill',
    number: 17,
    title: 'liveness probe kills it, each time',
    where: 'node',
    objects: ns => [
      deployment(ns, {
        container: {
          livenessProbe: { exec: { command: ['false'] }, periodSeconds: 1, failureThreshold: 2 },
          ...shell('trap "exit 0" TERM; while true; do sleep 0.2; done'),
        },
      }),
    ],
    expected: { verdict: 'failed', cause: 'liveness-kill' },
    after: secondExit,
    bound: exitBound,
  },
  {
    name: 'startup-exhausted',
    number: 18,
    title: 'startup probe exhausted',
    where: 'node',
    objects: ns => [
      deployment(ns, {
        container: {
          startupProbe: { tcpSocket: { port: 8000 }, periodSeconds: 1, failureThreshold: 3 },
          ...shell('trap "exit 0" TERM; while true; do sleep 0.2; done'),
        },
      }),
    ],
    expected: { verdict: 'failed', cause: 'startup-exhausted' },
    after: secondExit,
    bound: exitBound,
  },
]

const configuration: readonly Scenario[] = [
  {
    name: 'missing-secret',
    number: 19,
    title: 'Secret missing',
    where: 'node',
    objects: ns => [deployment(ns, { container: { envFrom: [{ secretRef: { name: 'no-such-secret' } }] } })],
    expected: { verdict: 'failed', cause: 'config-missing' },
    after: misconfigured,
    bound: 3,
  },
  {
    name: 'missing-key',
    number: 20,
    title: 'key missing in a ConfigMap',
    where: 'node',
    objects: ns => [
      configMap(ns, 'settings', { color: 'blue' }),
      deployment(ns, { container: from('settings', 'size') }),
    ],
    expected: { verdict: 'failed', cause: 'config-missing' },
    after: misconfigured,
    bound: 3,
  },
  {
    name: 'late-config',
    number: 21,
    title: 'ConfigMap that the set brings arrives 5 s late',
    where: 'node',
    objects: ns => [deployment(ns, { container: from('settings', 'color') })],
    brings: ns => [{ object: `ConfigMap ${ns}/settings`, keys: ['color'] }],
    async meanwhile({ namespace, cluster, signal }) {
      await systemClock.sleep(5_000, signal)
      await cluster.apply(configMap(namespace, 'settings', { color: 'blue' }))
    },
    expected: { verdict: 'healthy' },
    after: healthyAfter,
    bound: healthyBound,
  },
]

const hanging = { ...shell('sleep 3600'), lifecycle: { preStop: { exec: { command: ['sleep', '3600'] } } } }
const stubborn = (namespace: string, version: string): KubeObject =>
  deployment(namespace, {
    container: { ...hanging, env: [{ name: 'VERSION', value: version }] },
    pod: { terminationGracePeriodSeconds: 20 },
  })

export const startScenarios: readonly Scenario[] = [
  ...exits,
  ...probes,
  ...configuration,
  {
    name: 'pre-stop-hangs',
    number: 22,
    title: 'update while the old pod hangs in preStop',
    where: 'node',
    before: stage => released(stage, [stubborn(stage.namespace, '1')]),
    objects: ns => [stubborn(ns, '2')],
    expected: { verdict: 'healthy' },
    after: healthyAfter,
    bound: healthyBound,
  },
]
