/** 23 to 27: containers that run and are not ready, or not for long. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { installed } from './engine.ts'
import { playPods } from './kubelet.ts'
import { available, condition, exit, running, start } from './moments.ts'
import { deployment, server, shell, staged } from './objects.ts'
import { exitBound, healthyBound, soakSeconds, type Scenario, type Stage } from './scenario.ts'

/** Ready at once, and dead after 4 s: within the soak. */
const dropsOut = {
  ...shell('python3 -m http.server 8000 & sleep 4; echo "lost the lease"; exit 4'),
  readinessProbe: { httpGet: { path: '/', port: 8000 }, periodSeconds: 1 },
}

const bindingKind = { apiVersion: 'elbv2.k8s.aws/v1beta1', kind: 'TargetGroupBinding' }

/** The namespace asks for readiness gates and a target group leads to the pods, but the webhook was away. */
async function notInjected(stage: Stage): Promise<void> {
  const { namespace, cluster } = stage
  const labels = { 'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled' }
  await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } })
  await installed(stage, 'elbv2.k8s.aws', 'TargetGroupBinding', 'v1beta1')
  const spec = {
    targetGroupARN: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/k8s-shop-api/73e2d6bc24d8a067',
    targetType: 'ip',
    serviceRef: { name: 'api', port: 80 },
  }
  await cluster.apply({ ...bindingKind, metadata: { name: 'api', namespace }, spec })
  // It looks only at bindings that are older than the pods, and the API writes whole seconds.
  await systemClock.sleep(1_500, stage.signal)
}

const behindAnAlb = (namespace: string): readonly KubeObject[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api', namespace },
    spec: { selector: { app: 'api' }, ports: [{ port: 80, targetPort: 8000 }] },
  },
  deployment(namespace, { container: server('/') }),
]

export const readinessScenarios: readonly Scenario[] = [
  {
    name: 'never-ready',
    number: 23,
    title: 'never ready',
    where: 'node',
    objects: ns => [deployment(ns, { container: server('/no-such-page') })],
    expected: { verdict: 'stalled', cause: 'not-ready' },
    // What its probe allows (2 × 2 s) and 60 s.
    after: running,
    bound: 68,
  },
  {
    name: 'flapping',
    number: 24,
    title: 'ready and unready every 4 s, for ever',
    where: 'kwok',
    objects: ns => [deployment(ns, staged('scripted'))],
    meanwhile: stage =>
      playPods(stage, async pod => {
        for (;;) {
          await pod.runs({ ready: true })
          await pod.pause(4)
          await pod.event('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503')
          await pod.runs({ ready: false })
          await pod.pause(4)
        }
      }),
    timeoutMs: 45_000,
    expected: { verdict: 'stalled', cause: 'not-ready' },
    after: { ...start, name: 'start of the release, timeout of 45 s' },
    bound: 48,
  },
  {
    name: 'flaps-then-steady',
    number: 24,
    title: 'flaps three times, then steady',
    where: 'kwok',
    objects: ns => [deployment(ns, staged('scripted'))],
    meanwhile: stage =>
      playPods(stage, async pod => {
        for (let flap = 0; flap < 3; flap++) {
          await pod.runs({ ready: true })
          await pod.pause(3)
          await pod.runs({ ready: false })
          await pod.pause(3)
        }
        await pod.runs({ ready: true })
      }),
    expected: { verdict: 'healthy' },
    after: available('deployments', soakSeconds),
    bound: healthyBound,
  },
  {
    name: 'crash-in-soak',
    number: 25,
    title: 'ready, then crashes in the soak',
    where: 'node',
    objects: ns => [deployment(ns, { container: dropsOut })],
    expected: { verdict: 'failed', cause: 'crash-loop' },
    after: exit(2),
    bound: exitBound,
  },
  {
    name: 'readiness-gate',
    number: 26,
    title: 'readiness gate that nobody meets',
    where: 'node',
    objects: ns => [
      deployment(ns, { pod: { readinessGates: [{ conditionType: 'target-health.elbv2.k8s.aws/k8s-shop-api' }] } }),
    ],
    expected: { verdict: 'stalled', cause: 'readiness-gate-pending' },
    after: condition('pods', 'Ready', 'False', 'only the gate is missing', 'ReadinessGatesNotReady'),
    bound: 302,
  },
  {
    name: 'gate-not-injected',
    number: 27,
    title: 'readiness gate that was not injected',
    where: 'node',
    before: notInjected,
    objects: behindAnAlb,
    expected: { verdict: 'healthy', told: 'its pods have no readiness gate of the load balancer' },
    after: available('deployments', soakSeconds),
    bound: healthyBound,
  },
]
