/** A service account that may read what a gate reads, and its tokens. For use inside the platform. */
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createCluster, type ClusterClient } from '../../src/kubernetes/client.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { quiet } from '../connect.ts'
import { Kube } from '../inside/kube.ts'
import type { Platform } from '../platform.ts'

export interface Deployer {
  readonly name: string
  readonly namespace: string
  /** A client at `server` that speaks as this account; it asks for a new token when its last one is refused. */
  connect(server: string): Promise<ClusterClient>
  /** Makes the tokens given out so far invalid; the API server may remember a good one for ten seconds. */
  revokeTokens(): Promise<void>
  /** As `revokeTokens`, and there will be no new ones. */
  lockOut(): Promise<void>
  /** Takes the account's rights away. */
  removeRights(): Promise<void>
}

const rbac = 'rbac.authorization.k8s.io/v1'
const name = 'deployer'

export async function createDeployer(platform: Platform, namespace: string, admin: ClusterClient): Promise<Deployer> {
  const metadata = { name, namespace }
  const clusterWide = { name: `${name}-${namespace}` }
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  await admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata })
  await admin.apply({
    apiVersion: rbac,
    kind: 'RoleBinding',
    metadata,
    subjects,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' },
  })
  await admin.apply({
    apiVersion: rbac,
    kind: 'ClusterRole',
    metadata: clusterWide,
    rules: [{ apiGroups: [''], resources: ['nodes', 'namespaces'], verbs: ['get', 'list', 'watch'] }],
  })
  await admin.apply({
    apiVersion: rbac,
    kind: 'ClusterRoleBinding',
    metadata: clusterWide,
    subjects,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: clusterWide.name },
  })
  const tokens = new Tokens(platform, namespace, admin)
  return {
    name,
    namespace,
    async connect(server) {
      const ca = await readFile(join(platform.state, 'pki/ca.crt'), 'utf8')
      let current: string | undefined
      const token = async (fresh: boolean): Promise<string> => {
        if (fresh || current === undefined) current = await tokens.issue()
        return current
      }
      return createCluster({ server, ca, token, clock: systemClock, random: Math.random, log: quiet })
    },
    revokeTokens: () => tokens.revoke(),
    async lockOut() {
      tokens.over = true
      await tokens.revoke()
    },
    async removeRights() {
      await admin.remove({ apiVersion: rbac, kind: 'RoleBinding', name, namespace })
      await admin.remove({ apiVersion: rbac, kind: 'ClusterRoleBinding', name: clusterWide.name })
    },
  }
}

/** Tokens are bound to a Secret: without it they are no longer good. */
class Tokens {
  readonly #kube: Kube
  readonly #namespace: string
  readonly #admin: ClusterClient
  #bound: string | undefined
  #last = ''
  over = false

  constructor(platform: Platform, namespace: string, admin: ClusterClient) {
    this.#kube = new Kube(platform.state)
    this.#namespace = namespace
    this.#admin = admin
  }

  async issue(): Promise<string> {
    if (this.over) return this.#last
    const secret = `token-${randomUUID().slice(0, 8)}`
    const metadata = { name: secret, namespace: this.#namespace }
    const { metadata: made } = await this.#admin.create({ apiVersion: 'v1', kind: 'Secret', metadata })
    this.#bound = secret
    const path = `/api/v1/namespaces/${this.#namespace}/serviceaccounts/${name}/token`
    const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: secret, uid: made.uid }
    const answer = await this.#kube.json('POST', path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 600, boundObjectRef },
    })
    this.#last = (answer['status'] as { readonly token: string }).token
    return this.#last
  }

  async revoke(): Promise<void> {
    if (this.#bound === undefined) return
    await this.#admin.remove({ apiVersion: 'v1', kind: 'Secret', namespace: this.#namespace, name: this.#bound })
  }
}
