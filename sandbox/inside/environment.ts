import { readlinkSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../home.ts'
import { partPath } from '../provision/parts.ts'
import { addresses, hosts } from '../world.ts'
import type { PlatformRecord } from '../platform.ts'
import { cgroupOf } from '../lifecycle/cgroup.ts'
import type { DatabaseAccess } from './data.ts'
import { builder, buildkitSocket, buildxFolder } from './images.ts'
import { nodeName } from './pki.ts'
import { packageIndexUrl } from '../base/index-server.ts'

/** Parts whose programs people and tests call by name. */
const inPath = ['node', 'act', 'actionlint', 'buildx', 'crane', 'toxiproxy', 'aws-iam-authenticator', 'etcd', 'kwok']

const system = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/**
 * Environment of everything that runs inside: Node 24 and the platform's programs first in PATH, and the platform's
 * CA as the only one that anybody trusts: whatever speaks TLS in here speaks to the platform.
 */
export function environmentFor(state: string): Readonly<Record<string, string>> {
  const ca = join(state, 'pki/ca.crt')
  const folders = [dirname(process.execPath), ...inPath.map(part => join(partPath(part), 'bin')), ...system]
  return {
    PATH: folders.join(':'),
    HOME: homedir(),
    LANG: 'C.UTF-8',
    ...(process.env['SLIPWAY_HOME'] ? { SLIPWAY_HOME: process.env['SLIPWAY_HOME'] } : {}),
    SLIPWAY_PLATFORM: state,
    // Whatever keeps notes about its user keeps them with the platform, and finds none of the user's own.
    XDG_CACHE_HOME: join(state, 'user/cache'),
    XDG_CONFIG_HOME: join(state, 'user/config'),
    XDG_DATA_HOME: join(state, 'user/data'),
    KUBECACHEDIR: join(state, 'user/kube'),
    DOCKER_CONFIG: join(state, 'user/docker'),
    KUBECONFIG: join(state, 'kubeconfig'),
    SSL_CERT_FILE: ca,
    NODE_EXTRA_CA_CERTS: ca,
    AWS_CA_BUNDLE: ca,
    REQUESTS_CA_BUNDLE: ca,
    BUILDX_BUILDER: builder,
    BUILDX_CONFIG: buildxFolder(state),
    BUILDKIT_HOST: `unix://${buildkitSocket(state)}`,
    SLIPWAY_PACKAGE_INDEX: packageIndexUrl,
    SLIPWAY_ROOT: root,
  }
}

/** What `platform.json` says: how tests find their way. */
export function platformRecord(name: string, database: DatabaseAccess, started: number): PlatformRecord {
  return {
    name,
    node: nodeName,
    database: { host: hosts.database, address: addresses.database, port: 5432, ...database },
    cache: { host: hosts.cache, address: addresses.cache, port: 6379 },
    cgroup: cgroupOf(name),
    namespaces: Object.fromEntries(['net', 'mnt', 'pid'].map(kind => [kind, readlinkSync(`/proc/self/ns/${kind}`)])),
    startedAt: new Date(started).toISOString(),
    readyAt: new Date().toISOString(),
  }
}
