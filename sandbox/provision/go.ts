import { join } from 'node:path'
import { home, root } from '../home.ts'
import type { BuildLog, Part } from './part.ts'

interface GoTool {
  /** Package to build → name of the binary in `bin/`. */
  readonly packages: Readonly<Record<string, string>>
  /** Added to the linker flags. */
  readonly flags?: string
  readonly recipe?: number
  /** What else belongs to the part. */
  readonly after?: (target: string, log: BuildLog, go: GoCommand) => Promise<void>
}

interface GoCommand {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** Where Go keeps sources and objects while parts are made. */
export const goWorkspace = (): string => join(home(), 'build')

/**
 * Go's environment for a part. Its caches grow to 13 GB, so they stand in a folder of ours that goes when everything
 * is made; caches that the user names (GOCACHE, GOMODCACHE) are used instead, and kept.
 */
export function goEnvironment(): Readonly<Record<string, string>> {
  return {
    CGO_ENABLED: '0',
    GOWORK: 'off',
    // A module cache is read-only otherwise, and could not be removed.
    GOFLAGS: '-mod=readonly -modcacherw',
    GOCACHE: process.env['GOCACHE'] ?? join(goWorkspace(), 'go-build'),
    GOMODCACHE: process.env['GOMODCACHE'] ?? join(goWorkspace(), 'go-mod'),
  }
}

/** One part per go.mod below sandbox/locks: the module pins the tool and everything it is made of. */
export function goPart(name: string, tool: GoTool): Part {
  const folder = join(root, 'sandbox/locks', name)
  return {
    name,
    inputs: [join(folder, 'go.mod'), join(folder, 'go.sum')],
    recipe: tool.recipe ?? 1,
    async build(target, log) {
      const go: GoCommand = { cwd: folder, env: goEnvironment() }
      for (const [path, binary] of Object.entries(tool.packages)) {
        log.says(`go build ${path}`)
        const flags = ['-trimpath', '-ldflags', `-s -w ${tool.flags ?? ''}`.trim(), '-o', join(target, 'bin', binary)]
        await log.run('go', ['build', ...flags, path], go)
      }
      await tool.after?.(target, log, go)
    },
  }
}

/** Copies the simulator's own stages out of its module: they are data there, not code. */
async function copyStockStages(target: string, log: BuildLog, go: GoCommand): Promise<void> {
  const module = await log.read('go', ['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/kwok'], go)
  await log.run('cp', ['-r', '--no-preserve=mode', join(module, 'kustomize/stage'), join(target, 'stages')])
}

const kubernetesVersionPackage = 'k8s.io/component-base/version'

/** `version` is the Kubernetes version without `v`, as in the go.mod. */
export function goParts(version: string): readonly Part[] {
  const [major = '1', minor = '0'] = version.split('.')
  const stamp = { gitVersion: `v${version}`, gitMajor: major, gitMinor: minor }
  const flags = Object.entries(stamp).map(([field, value]) => `-X ${kubernetesVersionPackage}.${field}=${value}`)
  const commands = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet']
  return [
    goPart('etcd', { packages: { 'go.etcd.io/etcd/server/v3': 'etcd' } }),
    goPart('crane', { packages: { 'github.com/google/go-containerregistry/cmd/crane': 'crane' } }),
    goPart('registry', { packages: { 'github.com/distribution/distribution/v3/cmd/registry': 'registry' } }),
    goPart('kwok', { packages: { 'sigs.k8s.io/kwok/cmd/kwok': 'kwok' }, after: copyStockStages }),
    goPart('kubernetes', {
      packages: Object.fromEntries(commands.map(command => [`k8s.io/kubernetes/cmd/${command}`, command])),
      flags: flags.join(' '),
    }),
    goPart('aws-iam-authenticator', {
      packages: { 'sigs.k8s.io/aws-iam-authenticator/cmd/aws-iam-authenticator': 'aws-iam-authenticator' },
    }),
    goPart('ecr-credential-provider', {
      packages: { 'k8s.io/cloud-provider-aws/cmd/ecr-credential-provider': 'ecr-credential-provider' },
    }),
    goPart('buildkit', { packages: { 'github.com/moby/buildkit/cmd/buildkitd': 'buildkitd' } }),
    goPart('buildx', { packages: { 'github.com/docker/buildx/cmd/buildx': 'buildx' } }),
    goPart('coredns', { packages: { 'github.com/coredns/coredns': 'coredns' } }),
    goPart('metrics-server', { packages: { 'sigs.k8s.io/metrics-server/cmd/metrics-server': 'metrics-server' } }),
    goPart('act', { packages: { 'github.com/nektos/act': 'act' } }),
    goPart('actionlint', { packages: { 'github.com/rhysd/actionlint/cmd/actionlint': 'actionlint' } }),
    goPart('toxiproxy', { packages: { 'github.com/Shopify/toxiproxy/v2/cmd/server': 'toxiproxy-server' } }),
  ]
}
