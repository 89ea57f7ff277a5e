import { awsTransport } from '../runtime/aws-transport.ts'
import type { EKSClientConfig } from '@aws-sdk/client-eks'
import type { Session } from './model.ts'

/** A cluster with more entries than these pages hold is not read to its end: then nobody knows. */
const mostPages = 10

/**
 * ARNs of the principals that have an access entry in the cluster. undefined when that cannot be known: the role may not
 * list them (`eks:ListAccessEntries` is optional), the cluster has none by its authentication mode, or EKS is silent.
 */
export async function listAccessEntries(
  clusterName: string,
  session: Session,
  signal: AbortSignal,
  config: Pick<EKSClientConfig, 'endpoint'> = {},
): Promise<readonly string[] | undefined> {
  const { EKSClient, ListAccessEntriesCommand } = await import('@aws-sdk/client-eks')
  const client = new EKSClient({
    ...config,
    region: session.region,
    credentials: session.credentials,
    maxAttempts: 2,
    requestHandler: awsTransport(5_000),
  })
  const found: string[] = []
  let nextToken: string | undefined
  try {
    for (let page = 0; page < mostPages; page++) {
      const command = new ListAccessEntriesCommand({ clusterName, ...(nextToken === undefined ? {} : { nextToken }) })
      const answer = await client.send(command, { abortSignal: signal })
      found.push(...(answer.accessEntries ?? []))
      nextToken = answer.nextToken
      if (!nextToken) return found
    }
    return undefined
  } catch (thrown) {
    if (signal.aborted) throw thrown
    return undefined
  } finally {
    client.destroy()
  }
}
