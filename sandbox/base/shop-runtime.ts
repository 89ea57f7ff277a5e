import type { KubeObject } from '../../src/kubernetes/model.ts'

/** How the sample reaches its database; the password is of this platform only. */
export interface DatabaseAccess {
  readonly user: string
  readonly password: string
  readonly database: string
}

/**
 * What stands in the cluster before the first release of the sample: its namespace, and the Secret that External
 * Secrets would keep there (examples/shop/platform/ has both as a platform team writes them). Pure.
 * The hosts are the ExternalName services of the sample itself.
 */
export function shopRuntime(namespace: string, access: DatabaseAccess): readonly KubeObject[] {
  const credentials = `${encodeURIComponent(access.user)}:${encodeURIComponent(access.password)}`
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: namespace,
        labels: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'elbv2.k8s.aws/pod-readiness-gate-inject': 'enabled',
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'shop-runtime', namespace },
      type: 'Opaque',
      stringData: {
        DATABASE_URL: `postgresql://${credentials}@db:5432/${access.database}`,
        REDIS_URL: 'redis://redis:6379/0',
      },
    },
  ]
}
