import { describeEksCluster, type EksCluster } from '../identity/eks-cluster.ts'
import { eksToken, longestEksToken, type EksToken } from '../identity/eks-token.ts'
import type { Session } from '../identity/model.ts'
import type { Context } from '../runtime/context.ts'
import { DeniedError, RemoteError } from '../runtime/errors.ts'
import { createCluster, type ClusterClient } from './client.ts'
import { KubeError, UnreachableError } from './errors.ts'
import type { TokenSource } from './transport.ts'

export interface EksConnection {
  /** Name of the EKS cluster. */
  readonly cluster: string
  readonly session: Session
  readonly context: Pick<Context, 'clock' | 'log' | 'random' | 'signal' | 'mask'>
}

/** A token is good for 14 minutes; a new one well before leaves room for slow requests and skewed clocks. */
const renewAfterMs = 10 * 60_000

/**
 * Finds the cluster, signs a token and proves both with one request. Throws UserError (no such cluster), DeniedError
 * (role or access entry) or RemoteError (no way to the endpoint), each with what to do.
 */
export async function connectEks({ cluster: name, session, context }: EksConnection): Promise<ClusterClient> {
  const { clock, log, random, signal } = context
  const described = await describeEksCluster(name, session, signal)
  const token = tokenSource(name, session, context)
  const cluster = createCluster({ server: described.endpoint, ca: described.ca, token, clock, log, random })
  try {
    const version = await cluster.version(signal)
    log.debug(`cluster ${name}: Kubernetes ${version} at ${described.endpoint}`)
    return cluster
  } catch (thrown) {
    await cluster.close()
    if (signal.aborted) throw thrown
    throw explainNoAccess(thrown, described, session)
  }
}

/** Bearer tokens for one cluster: masked, kept for ten minutes, one signature for all who ask meanwhile. */
export function tokenSource(
  cluster: string,
  session: Session,
  { clock, log, mask }: Pick<Context, 'clock' | 'log' | 'mask'>,
): TokenSource {
  let current: Promise<EksToken> | undefined
  let renewAt = 0
  const sign = async (): Promise<EksToken> => {
    const now = clock.now()
    const { region, partition } = session
    const signed = await eksToken({ credentials: await session.credentials(), region, partition, cluster, now })
    mask(signed.token)
    renewAt = Math.min(now + renewAfterMs, signed.expiresAt - 60_000)
    if (signed.token.length > longestEksToken) {
      log.warn(
        `The token for cluster ${cluster} has ${signed.token.length} bytes; EKS may refuse over ${longestEksToken}. ${whyLong}`,
      )
    }
    return signed
  }
  return async fresh => {
    if (!current || fresh || clock.now() >= renewAt) {
      // Until the signature is there, everybody waits for this one.
      renewAt = Number.POSITIVE_INFINITY
      const signing = sign()
      current = signing
      signing.catch(() => {
        if (current === signing) current = undefined
      })
    }
    return (await current).token
  }
}

const whyLong = 'Session policies and session tags make it longer.'

/** Whose turn it is when a cluster that exists cannot be used. */
export function explainNoAccess(thrown: unknown, cluster: EksCluster, session: Session): unknown {
  if (thrown instanceof UnreachableError) return explainUnreachable(thrown, cluster)
  if (!(thrown instanceof KubeError)) return thrown
  if (thrown.status === 401) {
    return new DeniedError('cluster-access', `Cluster "${cluster.name}" does not accept ${session.roleArn}.`, {
      why: 'The role has no access entry in this cluster (nor one in its aws-auth ConfigMap).',
      todo: `Create one: aws eks create-access-entry --cluster-name ${cluster.name} --principal-arn ${session.roleArn}, and associate an access policy or a Kubernetes group.`,
      cause: thrown,
    })
  }
  return thrown
}

function explainUnreachable(error: UnreachableError, cluster: EksCluster): RemoteError {
  const what = `The API server of cluster "${cluster.name}" cannot be reached at ${cluster.endpoint}.`
  if (error.reason === 'tls') {
    return new RemoteError('cluster-tls', what, {
      why: 'Its certificate is not signed by the CA that EKS names for this cluster.',
      todo: 'Look for a proxy that opens TLS connections between the runner and the cluster.',
      cause: error,
    })
  }
  if (!cluster.publicAccess) {
    return new RemoteError('cluster-private', what, {
      why: 'Its endpoint is private: it answers inside its VPC only.',
      todo: 'Use a runner inside the VPC (self-hosted, or hosted by CodeBuild), or enable the public endpoint.',
      cause: error,
    })
  }
  const restricted = cluster.publicCidrs.length > 0 && !cluster.publicCidrs.includes('0.0.0.0/0')
  if (restricted && (error.reason === 'timeout' || error.reason === 'reset')) {
    return new RemoteError('cluster-cidr', what, {
      why: `Its public endpoint admits ${cluster.publicCidrs.join(', ')} only.`,
      todo: "Add the runner's address range, or use a runner inside the VPC.",
      cause: error,
    })
  }
  return new RemoteError('cluster-unreachable', what, {
    why: `${error.message} The cluster is ${cluster.status}.`,
    todo: 'Check the network path from the runner to this address.',
    cause: error,
  })
}
