import type { KubeObject } from '../../../src/kubernetes/model.ts'
import { hosts } from '../../world.ts'
import type { Kube } from './kube.ts'

/**
 * Answers to an Ingress as the AWS Load Balancer Controller does: the load balancer's name in its status, and an event
 * `SuccessfullyReconciled` after every change of what it asks for.
 */
export function createAnnouncer(): (kube: Kube, ingress: KubeObject) => Promise<void> {
  /** What was answered to last, by uid. */
  const answered = new Map<string, string>()
  return async (kube, ingress) => {
    const { uid = '', annotations } = ingress.metadata
    const asked = JSON.stringify([ingress['spec'], annotations])
    const isNews = answered.get(uid) !== asked
    answered.set(uid, asked)
    await writeAddress(kube, ingress)
    if (isNews) await tell(kube, ingress)
  }
}

async function writeAddress(kube: Kube, ingress: KubeObject): Promise<void> {
  const wanted = { loadBalancer: { ingress: [{ hostname: hosts.loadBalancer }] } }
  if (JSON.stringify(ingress['status']) === JSON.stringify(wanted)) return
  const { namespace, name } = ingress.metadata
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses/${name}/status`
  await kube.send('PATCH', path, { status: wanted }, 'application/merge-patch+json')
}

async function tell(kube: Kube, { apiVersion, kind, metadata }: KubeObject): Promise<void> {
  const { namespace, name, uid, resourceVersion } = metadata
  const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  await kube.send('POST', `/api/v1/namespaces/${namespace}/events`, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { generateName: `${name}.`, namespace },
    involvedObject: { apiVersion, kind, namespace, name, uid, resourceVersion },
    type: 'Normal',
    reason: 'SuccessfullyReconciled',
    message: 'Successfully reconciled',
    source: { component: 'ingress' },
    count: 1,
    firstTimestamp: at,
    lastTimestamp: at,
  })
}
