import { describeEksCluster } from '../identity/eks-cluster.ts'
import { eksToken, type EksToken } from '../identity/eks-token.ts'
import type { Session } from '../identity/model.ts'
import type { Context } from '../runtime/context.ts'
import type { AccessDoctor, Patient } from './access/doctor.ts'
import { createCluster, type ClusterClient } from './client.ts'
import type { TokenSource } from './transport.ts'

export interface EksConnection {
  /** Name of the EKS cluster. */
  readonly cluster: string
  readonly session: Session
  /** Where the step works: for commands that give it access. */
  readonly namespace?: string
  /** False for a step that only reads. */
  readonly writes?: boolean
  readonly context: Pick<Context, 'clock' | 'log' | 'random' | 'signal' | 'mask'>
}

/** A client that can say why its cluster cannot be used. */
export interface EksClient extends ClusterClient {
  readonly doctor: AccessDoctor
}

/** A token is good for 14 minutes; a new one well before leaves room for slow requests and skewed clocks. */
const renewAfterMs = 10 * 60_000

/**
 * Finds the cluster, signs a token and proves both with one request. Throws UserError (no such cluster, or a token that
 * it would refuse for its size), DeniedError (role or access entry) or RemoteError (no way to the endpoint), each with
 * what to do.
 */
export async function connectEks({
  cluster: name,
  session,
  namespace,
  writes = true,
  context,
}: EksConnection): Promise<EksClient> {
  const { clock, log, random, signal } = context
  const described = await describeEksCluster(name, session, signal)
  const token = tokenSource(name, session, context)
  // A token that cannot be is said before the cluster is asked anything.
  await token(false)
  const client = createCluster({ server: described.endpoint, ca: described.ca, token, clock, log, random })
  const { review } = client
  const doctor = onCall({ cluster: described, session, token, review, namespace, writes, context })
  try {
    const version = await client.version(signal)
    log.debug(`cluster ${name}: Kubernetes ${version} at ${described.endpoint}`)
    return { ...client, doctor }
  } catch (thrown) {
    const explained = await doctor.explain(thrown)
    await client.close()
    throw explained
  }
}

/** A release that is fine does not load what explains one that is not. */
function onCall(patient: Patient): AccessDoctor {
  const come = async (): Promise<AccessDoctor> => (await import('./access/doctor.ts')).accessDoctor(patient)
  return {
    explain: async (failure, purpose) => (await come()).explain(failure, purpose),
    require: async (purpose, decisive) => (await come()).require(purpose, decisive),
  }
}

/** Bearer tokens for one cluster: masked, kept for ten minutes, one signature for all who ask meanwhile. */
export function tokenSource(
  cluster: string,
  session: Session,
  { clock, mask }: Pick<Context, 'clock' | 'mask'>,
): TokenSource {
  let current: Promise<EksToken> | undefined
  let renewAt = 0
  const sign = async (): Promise<EksToken> => {
    const now = clock.now()
    const { region, partition } = session
    const signed = await eksToken({ credentials: await session.credentials(), region, partition, cluster, now })
    mask(signed.token)
    renewAt = Math.min(now + renewAfterMs, signed.expiresAt - 60_000)
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
