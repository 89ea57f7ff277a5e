import { load } from 'js-yaml'
import { UserError } from '../runtime/errors.ts'
import { isRecord } from './objects.ts'
import type { Connection } from './transport.ts'

/** Reads a file that a kubeconfig names (port). */
export type ReadFile = (path: string) => Promise<string>

/**
 * The connection of a kubeconfig's current context: server, CA, and a client certificate or a static token, in place or
 * by file. Exec plugins are refused: for EKS the role and cluster are the inputs, not a kubeconfig.
 */
export async function readKubeconfig(text: string, readFile: ReadFile): Promise<Connection> {
  const config = load(text)
  if (!isRecord(config)) throw broken('it is no YAML mapping')
  const current = config['current-context']
  const context = named(config, 'contexts', current, 'context')
  const cluster = named(config, 'clusters', context['cluster'], 'cluster')
  const user = named(config, 'users', context['user'], 'user')
  const server = textOf(cluster['server'])
  if (server === undefined) throw broken('its cluster has no server')
  if (user['exec'] !== undefined) throw broken('it uses an exec plugin')
  const ca = await material(cluster, 'certificate-authority', readFile)
  const certificate = await material(user, 'client-certificate', readFile)
  const key = await material(user, 'client-key', readFile)
  const token = textOf(user['token'])
  return {
    server,
    ...(ca === undefined ? {} : { ca }),
    ...(token === undefined ? {} : { token: async () => token }),
    ...(certificate === undefined || key === undefined ? {} : { clientCertificate: { certificate, key } }),
  }
}

function named(config: Record<string, unknown>, list: string, name: unknown, field: string): Record<string, unknown> {
  const entries: unknown = config[list]
  const entry = Array.isArray(entries) ? entries.filter(isRecord).find(one => one['name'] === name) : undefined
  const value = entry?.[field]
  if (!isRecord(value)) throw broken(`${list} has no entry "${String(name)}"`)
  return value
}

/** PEM from `<field>-data` (base64) or from the file that `<field>` names. */
async function material(from: Record<string, unknown>, field: string, readFile: ReadFile): Promise<string | undefined> {
  const data = textOf(from[`${field}-data`])
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8')
  const path = textOf(from[field])
  return path === undefined ? undefined : readFile(path)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function broken(why: string): UserError {
  return new UserError('kubeconfig', `The kubeconfig cannot be used: ${why}.`, {
    todo: 'Write it anew, for example with `kubectl config view --flatten --minify`.',
  })
}
