import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seedBaseImage } from '../base/base-image.ts'
import { serveIndex } from '../base/index-server.ts'
import { cgroupOf } from '../lifecycle/cgroup.ts'
import { partPath, program } from '../provision/parts.ts'
import { hosts, ports } from '../world.ts'
import type { Context } from './context.ts'
import { accepts } from './node.ts'
import { run } from './run.ts'

const registry = `127.0.0.1:${ports.registry}`

/** Name of the builder that `buildx` uses inside the platform. */
export const builder = 'slipway'

/** The registry that the front and every public name end at, with the sample's base image in it. */
export async function startRegistry({ state, supervisor }: Context): Promise<void> {
  const folder = join(state, 'registry')
  await mkdir(folder, { recursive: true })
  const config = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: registry },
  }
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config))
  supervisor.start({
    name: 'registry',
    command: program('registry'),
    args: ['serve', join(folder, 'config.yaml')],
    env: { OTEL_TRACES_EXPORTER: 'none' },
  })
  await supervisor.ready('registry', async () => (await fetch(`http://${registry}/v2/`)).ok)
}

export async function seedRegistry(): Promise<void> {
  await seedBaseImage(registry, program('crane'), partPath('base-image'), run)
}

/** BuildKit, and a builder for `buildx` that leads to it. */
export async function startBuildkit({ name, state, supervisor }: Context): Promise<void> {
  const folder = join(state, 'buildkit')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'buildkitd.toml'), buildkitConfig(name, state, folder))
  const socket = buildkitSocket(state)
  supervisor.start({
    name: 'buildkitd',
    command: program('buildkit', 'buildkitd'),
    args: [`--config=${join(folder, 'buildkitd.toml')}`, `--otel-socket-path=${join(folder, 'otel.sock')}`],
  })
  const create = ['create', '--name', builder, '--driver', 'remote', `unix://${socket}`, '--use']
  await run(program('buildx'), create, { BUILDX_CONFIG: buildxFolder(state) })
  await supervisor.ready('buildkitd', () => accepts(socket))
}

function buildkitConfig(name: string, state: string, folder: string): string {
  return `root = "${folder}/root"
[grpc]
  address = ["unix://${buildkitSocket(state)}"]
[worker.oci]
  enabled = true
  binary = "/usr/sbin/runc"
  networkMode = "host"
  defaultCgroupParent = "/${cgroupOf(name)}/build"
[worker.containerd]
  enabled = false
[registry."public.ecr.aws"]
  mirrors = ["${registry}"]
[registry."${registry}"]
  http = true
[registry."${hosts.registry}"]
  ca = ["${join(state, 'pki/ca.crt')}"]
`
}

export function buildkitSocket(state: string): string {
  return join(state, 'buildkit/buildkitd.sock')
}

export function buildxFolder(state: string): string {
  return join(state, 'buildx')
}

/** The index of Python packages that image builds install from. */
export async function startPackageIndex(): Promise<void> {
  await serveIndex(partPath('wheels'), ports.packages)
}
