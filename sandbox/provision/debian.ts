import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../../src/runtime/errors.ts'

/** Debian packages that the platform is made of, and a file that proves each. */
const packages: Readonly<Record<string, string>> = {
  containerd: '/usr/bin/containerd',
  runc: '/usr/sbin/runc',
  'containernetworking-plugins': '/usr/lib/cni/bridge',
  iproute2: '/usr/sbin/ip',
  'redis-server': '/usr/bin/redis-server',
  mmdebstrap: '/usr/bin/mmdebstrap',
  shellcheck: '/usr/bin/shellcheck',
  openssl: '/usr/bin/openssl',
  'ca-certificates': '/etc/ssl/certs/ca-certificates.crt',
  curl: '/usr/bin/curl',
  git: '/usr/bin/git',
  'python3-venv': '/usr/share/doc/python3-venv',
}

export const postgresFolder = '/usr/lib/postgresql'

/** Folder of PostgreSQL's programs, newest version first; undefined when it is not installed. */
export function postgresBin(): string | undefined {
  if (!existsSync(postgresFolder)) return undefined
  const versions = readdirSync(postgresFolder).toSorted((a, b) => Number(b) - Number(a))
  return versions.map(version => join(postgresFolder, version, 'bin')).find(bin => existsSync(join(bin, 'initdb')))
}

/** Names of the packages that this machine lacks. */
export function missingPackages(): readonly string[] {
  const missing = Object.keys(packages).filter(name => !existsSync(packages[name] ?? ''))
  return postgresBin() ? missing : [...missing, 'postgresql']
}

/**
 * Refuses a machine that cannot carry the platform, with what to do.
 * Throws UserError: not Linux on x86-64, not root, no apt, no Go.
 */
export function requireMachine(): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new UserError(
      'platform-linux',
      `The local platform needs Linux on x86-64; this is ${process.platform} on ${process.arch}.`,
      {
        why: 'It runs a real kubelet and containers in namespaces of its own.',
        todo: 'Use a Debian 12 machine or virtual machine. `npm run test:unit` works everywhere.',
      },
    )
  }
  requireRoot()
}

/** Throws UserError unless this process is root. */
export function requireRoot(): void {
  if (process.getuid?.() === 0) return
  throw new UserError('platform-root', 'The local platform needs root.', {
    why: 'It makes network and mount namespaces and runs containers.',
    todo: 'Run the same command as root (sudo -E npm run platform -- …). `npm run test:unit` works without.',
  })
}

/** Throws UserError unless a Go toolchain is there that can fetch the one named in the locks. */
export function requireGo(): void {
  const { stdout, error } = spawnSync('go', ['version'], { encoding: 'utf8' })
  const [, minor = '0'] = /go1\.(\d+)/.exec(stdout ?? '') ?? []
  if (!error && Number(minor) >= 21) return
  throw new UserError('platform-go', error ? 'Go is not installed.' : `${stdout.trim()} is too old.`, {
    why: 'Kubernetes and most other parts are built from their published Go modules.',
    todo: 'Install Go 1.21 or newer from https://go.dev/dl and put it in PATH; it fetches the exact version by itself.',
  })
}

/** What to run to install packages: service start scripts are told that the machine is not up, so nothing starts. */
export function installCommands(names: readonly string[]): readonly (readonly [string, readonly string[]])[] {
  const wait = ['-o', 'DPkg::Lock::Timeout=300', '-qq', '-y']
  return [
    ['apt-get', ['update', '-qq']],
    ['apt-get', ['install', ...wait, '--no-install-recommends', ...names]],
  ]
}

export const installEnvironment = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
