import { Agent } from 'node:https'
import { hasProxy } from './proxy.ts'

/** How long a client of AWS waits, in milliseconds. */
export interface AwsPatience {
  readonly connectionTimeout: number
  readonly requestTimeout: number
  readonly throwOnRequestTimeout: true
  /** Present where there is a proxy. */
  readonly httpsAgent?: Agent
}

/**
 * The transport of a client of the AWS SDK: one time limit for the connection, one for the answer (the SDK's own are
 * none at all), and through the proxy that HTTPS_PROXY names, unless NO_PROXY exempts the host: Node's agents know both
 * since 24.5, the SDK's do not.
 */
export function awsTransport(requestTimeout: number, connectionTimeout = 4_000): AwsPatience {
  const agent = hasProxy() ? { httpsAgent: new Agent({ keepAlive: true, proxyEnv: process.env }) } : {}
  return { connectionTimeout, requestTimeout, throwOnRequestTimeout: true, ...agent }
}
