import { setTimeout as sleep } from 'node:timers/promises'
import type { Kube } from './kube.ts'

const api = 'elbv2.k8s.aws/v1beta1'

/** `shop/api:80` */
function partsOf(backend: string): { namespace: string; service: string; port: number } {
  const [, namespace = '', service = '', port = ''] = /^(.+)\/(.+):(\d+)$/.exec(backend) ?? []
  return { namespace, service, port: Number(port) }
}

const pathOf = (namespace: string, name: string): string =>
  `/apis/${api}/namespaces/${namespace}/targetgroupbindings/${name}`

/** How long the kind may not be served yet: the front is up before the platform has made its definition. */
const tries = 60

/** Says in the cluster which Service the targets of a target group are, as the AWS Load Balancer Controller does. */
export async function bind(kube: Kube, backend: string, name: string, targetGroupARN: string): Promise<void> {
  const { namespace, service, port } = partsOf(backend)
  const object = {
    apiVersion: api,
    kind: 'TargetGroupBinding',
    metadata: { name, namespace, labels: { 'ingress.k8s.aws/stack': namespace } },
    spec: { targetGroupARN, targetType: 'ip', serviceRef: { name: service, port } },
  }
  const path = `${pathOf(namespace, name)}?fieldManager=elbv2&force=true`
  for (let turn = 1; ; turn++) {
    const { status, body } = await kube.send('PATCH', path, object, 'application/apply-patch+yaml')
    if (status < 300) return
    if (status !== 404 || turn === tries) throw new Error(`${status} ${JSON.stringify(body).slice(0, 200)}`)
    await sleep(500)
  }
}

export async function unbind(kube: Kube, backend: string, name: string): Promise<void> {
  await kube.send('DELETE', pathOf(partsOf(backend).namespace, name))
}
