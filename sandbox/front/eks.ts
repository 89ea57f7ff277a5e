import { roles, cluster as prod } from '../world.ts'
import type { Amend, Override } from './aws.ts'
import { awsError } from './aws-errors.ts'
import { isRecord, json } from './http.ts'

/** What moto does not keep of a cluster: who reaches its endpoint, and where it looks up roles. */
export interface ClusterAccess {
  /** Of `resourcesVpcConfig`; what is not given is as in a new cluster. */
  readonly network?: Readonly<Record<string, unknown>>
  /** `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP`. */
  readonly authenticationMode?: string
  /** Principals with an access entry. Only told: what the authenticator accepts is in its own configuration. */
  readonly accessEntries?: readonly string[]
}

export interface EksAccess {
  set(cluster: string, access: ClusterAccess): void
  /** Completes DescribeCluster. */
  readonly amend: Amend
  /** Answers ListAccessEntries. */
  readonly override: Override
  clear(): void
}

const usual: Required<ClusterAccess> = {
  network: {
    endpointPublicAccess: true,
    endpointPrivateAccess: true,
    publicAccessCidrs: ['0.0.0.0/0'],
    vpcId: 'vpc-0a1b2c3d4e5f60001',
    clusterSecurityGroupId: 'sg-0a1b2c3d4e5f60001',
  },
  authenticationMode: 'API_AND_CONFIG_MAP',
  accessEntries: [],
}

export function createEksAccess(): EksAccess {
  const known = new Map<string, ClusterAccess>()
  const start = (): void => {
    known.clear()
    known.set(prod.name, { accessEntries: [roles.deploy] })
  }
  const of = (name: unknown): Required<ClusterAccess> => {
    const given = known.get(String(name)) ?? {}
    return { ...usual, ...given, network: { ...usual.network, ...given.network } }
  }
  start()
  return {
    set: (cluster, access) => void known.set(cluster, { ...known.get(cluster), ...access }),
    clear: start,
    amend({ service, name, input }, answer) {
      if (service !== 'eks' || name !== 'DescribeCluster' || answer.status !== 200) return answer
      const body: unknown = JSON.parse(answer.body.toString())
      if (!isRecord(body) || !isRecord(body.cluster)) return answer
      const { network, authenticationMode } = of(input.name)
      const before = isRecord(body.cluster.resourcesVpcConfig) ? body.cluster.resourcesVpcConfig : {}
      const resourcesVpcConfig = { ...before, ...network }
      return json(200, { cluster: { ...body.cluster, resourcesVpcConfig, accessConfig: { authenticationMode } } })
    },
    override({ service, name, input }) {
      if (service !== 'eks' || name !== 'ListAccessEntries') return undefined
      const { authenticationMode, accessEntries } = of(input.name)
      if (authenticationMode !== 'CONFIG_MAP') return json(200, { accessEntries, nextToken: null })
      const message =
        "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation."
      return awsError('rest-json', { code: 'InvalidRequestException', message, status: 400 })
    },
  }
}
