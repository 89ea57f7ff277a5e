import { mkdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { addresses, cluster, frontHosts, hosts } from '../world.ts'
import { borrowedFolders } from '../lifecycle/state.ts'
import { run } from './run.ts'

/** First address of the Service range: `kubernetes.default`, for pods that talk to the API server. */
export const kubernetesService = '10.96.0.1'

/** Loopback with every address of the world. There is no route and no device that leads outside. */
export async function setUpNetwork(): Promise<void> {
  const all = [...Object.values(addresses), kubernetesService]
  const commands = ['link set lo up', ...all.map(address => `address add ${address}/32 dev lo`)]
  await pipeTo('ip', ['-batch', '-'], commands.join('\n'))
}

/** Lines of the hosts file: every name of the world at its address. */
export function hostsFile(): string {
  const names: readonly (readonly [string, readonly string[]])[] = [
    ['127.0.0.1', ['localhost']],
    [addresses.front, frontHosts],
    [addresses.apiServer, [cluster.host, cluster.host.toLowerCase()]],
    [addresses.database, [hosts.database]],
    [addresses.cache, [hosts.cache]],
    [addresses.loadBalancer, [hosts.loadBalancer]],
  ]
  return names.map(([address, list]) => `${address} ${list.join(' ')}\n`).join('')
}

/**
 * Private folders over the places that containers and CNI write to outside their own folders, so that two platforms
 * never clean up each other's pods, and names that resolve within the platform only.
 */
export async function setUpMounts(state: string): Promise<void> {
  const resolver = await realpath('/etc/resolv.conf')
  await run('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run'])
  for (const folder of ['/run/netns', '/run/lock', '/run/slipway', dirname(resolver)])
    await mkdir(folder, { recursive: true })
  await bind(join(state, 'node/log'), '/var/log')
  for (const folder of borrowedFolders) await bind(join(state, 'node', folder), folder)
  await mkdir('/var/log/pods', { recursive: true })
  await writeFile(join(state, 'hosts'), hostsFile())
  await run('mount', ['--bind', join(state, 'hosts'), '/etc/hosts'])
  await writeFile(join(state, 'resolv.conf'), `nameserver ${addresses.dns}\n`)
  if (resolver.startsWith('/run/')) await writeFile(resolver, '')
  await run('mount', ['--bind', join(state, 'resolv.conf'), resolver])
}

async function bind(from: string, over: string): Promise<void> {
  await mkdir(from, { recursive: true })
  await mkdir(over, { recursive: true })
  await run('mount', ['--bind', from, over])
}

async function pipeTo(command: string, args: readonly string[], input: string): Promise<void> {
  await run('sh', ['-c', 'printf "%s\\n" "$INPUT" | "$@"', 'sh', command, ...args], { INPUT: input })
}
