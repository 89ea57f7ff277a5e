import type { EKSClientConfig } from '@aws-sdk/client-eks'
import { awsTransport } from '../runtime/aws-transport.ts'
import { defined } from '../runtime/defined.ts'
import { DeniedError, RemoteError, UserError, messageOf, type SlipwayError } from '../runtime/errors.ts'
import type { Session } from './model.ts'

/** What DescribeCluster says about how to reach a cluster. */
export interface EksCluster {
  readonly name: string
  /** `https://….eks.amazonaws.com` */
  readonly endpoint: string
  /** PEM of the cluster's CA. */
  readonly ca: string
  /** `ACTIVE`, `UPDATING` … */
  readonly status: string
  /** False when the endpoint answers inside the VPC only. */
  readonly publicAccess: boolean
  /** Who may reach the public endpoint. */
  readonly publicCidrs: readonly string[]
  /** Ids of what a runner inside the VPC has to do with; absent when EKS does not name them. */
  readonly vpc?: string
  readonly securityGroup?: string
  /** Where the cluster looks up what a role may be; absent when EKS does not say. */
  readonly authenticationMode?: AuthenticationMode
}

/** Access entries, the ConfigMap aws-auth, or both; an entry wins over the ConfigMap. */
export type AuthenticationMode = 'API' | 'API_AND_CONFIG_MAP' | 'CONFIG_MAP'

/** Asks EKS for the cluster `name` in the session's account and region. */
export async function describeEksCluster(
  name: string,
  session: Session,
  signal: AbortSignal,
  config: Pick<EKSClientConfig, 'endpoint'> = {},
): Promise<EksCluster> {
  const { EKSClient, DescribeClusterCommand } = await import('@aws-sdk/client-eks')
  const client = new EKSClient({
    ...config,
    region: session.region,
    credentials: session.credentials,
    maxAttempts: 4,
    requestHandler: awsTransport(15_000),
  })
  try {
    const { cluster } = await client.send(new DescribeClusterCommand({ name }), { abortSignal: signal })
    const network = cluster?.resourcesVpcConfig
    const ca = cluster?.certificateAuthority?.data
    if (!cluster?.endpoint || !ca) throw notReady(name, cluster?.status ?? 'unknown')
    return {
      name,
      endpoint: cluster.endpoint,
      ca: Buffer.from(ca, 'base64').toString('utf8'),
      status: cluster.status ?? 'unknown',
      publicAccess: network?.endpointPublicAccess ?? true,
      publicCidrs: network?.publicAccessCidrs ?? [],
      ...defined({
        vpc: network?.vpcId,
        securityGroup: network?.clusterSecurityGroupId,
        authenticationMode: cluster.accessConfig?.authenticationMode,
      }),
    }
  } catch (thrown) {
    if (signal.aborted || thrown instanceof RemoteError) throw thrown
    throw explain(thrown, name, session)
  } finally {
    client.destroy()
  }
}

function explain(thrown: unknown, name: string, { region, accountId, partition, roleArn }: Session): SlipwayError {
  const kind = typeof thrown === 'object' && thrown !== null && 'name' in thrown ? String(thrown.name) : ''
  if (kind.startsWith('ResourceNotFound')) {
    return new UserError(
      'input-cluster',
      `cluster "${name}" does not exist in region ${region} of account ${accountId}.`,
      {
        todo: 'Correct the input "cluster" or "region"; `aws eks list-clusters` shows the names.',
        cause: thrown,
      },
    )
  }
  if (/^(AccessDenied|UnrecognizedClient|InvalidSignature|ExpiredToken)/.test(kind)) {
    return new DeniedError('eks-describe-denied', `${roleArn} may not describe cluster "${name}".`, {
      why: messageOf(thrown),
      todo: `Correct the input "cluster" if it is misspelt; else allow eks:DescribeCluster on arn:${partition}:eks:${region}:${accountId}:cluster/${name} in the policies of the role.`,
      cause: thrown,
    })
  }
  if (kind.startsWith('InvalidParameter')) {
    return new UserError('input-cluster', `EKS refuses the cluster name "${name}": ${messageOf(thrown)}`, {
      todo: 'Correct the input "cluster".',
      cause: thrown,
    })
  }
  return new RemoteError(
    'eks-unreachable',
    `EKS in ${region} did not describe cluster "${name}": ${messageOf(thrown)}`,
    {
      todo: `Run again; when it persists, check that the runner reaches eks.${region} and the AWS health dashboard.`,
      cause: thrown,
    },
  )
}

function notReady(name: string, status: string): RemoteError {
  return new RemoteError('eks-not-ready', `Cluster "${name}" has no endpoint yet (status ${status}).`, {
    why: 'It is being created, or its creation failed.',
    todo: 'Wait until it is ACTIVE.',
  })
}
