import type { HelperProgram } from '../../runtime/context.ts'
import type { EksCluster } from '../eks-cluster.ts'

export interface ClusterAccess {
  readonly cluster: Pick<EksCluster, 'name' | 'endpoint' | 'ca'>
  readonly helper: HelperProgram
  readonly requestFile: string
}

/**
 * A kubeconfig whose tokens a program brings: the interface of kubectl's exec plugins (client.authentication.k8s.io/v1),
 * which helm, k9s and the client libraries share. JSON, which is YAML too. There is no token in it. Pure.
 */
export function execKubeconfig({ cluster: { name, endpoint, ca }, helper, requestFile }: ClusterAccess): string {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: helper.node,
    args: [helper.script, 'eks', requestFile, name],
    interactiveMode: 'Never',
    provideClusterInfo: false,
  }
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server: endpoint, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
    ],
    users: [{ name, user: { exec } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  }
  return `${JSON.stringify(config, undefined, 2)}\n`
}
