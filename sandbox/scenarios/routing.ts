/** 53 to 55: the way to the pods. */
import type { KubeObject } from '../../src/kubernetes/model.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import type { Target, TargetHealth } from '../../src/rollout/model.ts'
import { hosts } from '../world.ts'
import { installed } from './engine.ts'
import { appearing, postEvent } from './hands.ts'
import { available, condition, event } from './moments.ts'
import { deployment, server } from './objects.ts'
import { confirmedBound, healthyBound, soakSeconds, type Scenario, type Stage } from './scenario.ts'

const ingressKind = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' }

const ingress = (namespace: string, certificate: string): KubeObject => ({
  ...ingressKind,
  metadata: {
    name: 'api',
    namespace,
    annotations: { 'alb.ingress.kubernetes.io/certificate-arn': certificate },
  },
  spec: { defaultBackend: { service: { name: 'api', port: { number: 80 } } } },
})

const service = (namespace: string, app: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'api', namespace },
  spec: { selector: { app }, ports: [{ port: 80, targetPort: 8000 }] },
})

/** The address of an earlier, good reconciliation stands in its status, as the AWS Load Balancer Controller leaves it. */
async function addressBefore({ namespace, cluster, kube }: Stage): Promise<void> {
  await cluster.apply(ingress(namespace, 'arn:aws:acm:us-east-1:123456789012:certificate/good'))
  const status = { loadBalancer: { ingress: [{ hostname: hosts.loadBalancer }] } }
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/api/status`
  await kube.json('PATCH', path, { status }, 'application/merge-patch+json')
}

const bindingKind = { apiVersion: 'elbv2.k8s.aws/v1beta1', kind: 'TargetGroupBinding' }
const targetGroup = 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/k8s-shop-api/73e2d6bc24d8a067'

/** What the controller made for an Ingress: a Service in front of the pods, bound to a target group. */
async function bound(stage: Stage): Promise<void> {
  const { namespace, cluster } = stage
  await installed(stage, 'elbv2.k8s.aws', 'TargetGroupBinding', 'v1beta1')
  await cluster.apply(service(namespace, 'api'))
  const spec = { targetGroupARN: targetGroup, targetType: 'ip', serviceRef: { name: 'api', port: 80 } }
  await cluster.apply({ ...bindingKind, metadata: { name: 'api', namespace }, spec })
}

interface Addressed {
  readonly podIP?: string
}

/** An ALB whose health check asks each pod for `path`, and judges by the code of the answer. */
const probing =
  (path: string) =>
  ({ namespace, cluster }: Stage): TargetHealth => ({
    async read() {
      const pods = await cluster.list({ apiVersion: 'v1', kind: 'Pod' }, namespace)
      const addresses = pods.flatMap(({ status }) => (status as Addressed | undefined)?.podIP ?? [])
      return { targets: await Promise.all(addresses.map(address => probe(address, path))), patienceMs: 30_000 }
    },
  })

async function probe(address: string, path: string): Promise<Target> {
  const target = { address, port: 8000 }
  const { status } = await fetch(`http://${address}:8000${path}`).catch(() => ({ status: 0 }))
  if (status === 0) return { ...target, state: 'initial', reason: 'Elb.InitialHealthChecking' }
  if (status === 200) return { ...target, state: 'healthy' }
  const description = `Health checks failed with these codes: [${status}]`
  return { ...target, state: 'unhealthy', reason: 'Target.ResponseCodeMismatch', description }
}

export const routingScenarios: readonly Scenario[] = [
  {
    name: 'route-refused',
    number: 53,
    title: 'the load balancer controller refuses it, the old address stays',
    where: 'control plane',
    before: addressBefore,
    objects: ns => [ingress(ns, 'arn:aws:acm:us-east-1:123456789012:certificate/gone')],
    async meanwhile(stage) {
      const found = await appearing(stage, ingressKind)
      await systemClock.sleep(1_000, stage.signal)
      const message =
        'Failed deploy model due to operation error Elastic Load Balancing v2: CreateListener, api error CertificateNotFound: Certificate ARN not found'
      await postEvent(stage, found, { reason: 'FailedDeployModel', message, type: 'Warning', from: 'ingress' })
    },
    expected: { verdict: 'failed', cause: 'route-refused' },
    after: event('FailedDeployModel'),
    bound: confirmedBound,
  },
  {
    name: 'unhealthy-targets',
    number: 54,
    title: 'ready pods that the load balancer finds unhealthy (404)',
    where: 'node',
    before: bound,
    objects: ns => [deployment(ns, { container: server('/') })],
    targets: probing('/healthz'),
    expected: { verdict: 'failed', cause: 'target-unhealthy' },
    after: condition('pods', 'Ready', 'True', 'the pod is ready; the health check has 30 s'),
    bound: 42,
  },
  {
    name: 'selects-nothing',
    number: 55,
    title: 'Service whose selector matches no pod',
    where: 'node',
    objects: ns => [service(ns, 'apii'), deployment(ns)],
    expected: { verdict: 'healthy', told: 'its selector matches no pod' },
    after: available('deployments', soakSeconds),
    bound: healthyBound,
  },
]
