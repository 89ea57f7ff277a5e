import { join } from 'node:path'

import type { Environment } from './inputs.ts'

/** Variables by which tools are told where their registry logins are. */
export type LoginVariable = 'DOCKER_CONFIG' | 'REGISTRY_AUTH_FILE' | 'HELM_REGISTRY_CONFIG'

/** Where the tools of this job look for registry logins. */
export interface LoginFiles {
  /** Folder of Docker's configuration. buildx, crane, cosign and ORAS read it too, and Helm and Podman as a last resort. */
  readonly docker: string
  /** auth.json of Podman, Buildah and Skopeo (containers-auth.json(5)). */
  readonly podman: string
  /** Helm's own. */
  readonly helm: string
  /** What each variable is now; given these values, all tools look there again. Empty is unset to all but Helm. */
  readonly variables: Readonly<Record<LoginVariable, string>>
}

export interface UserPlace {
  readonly home: string
  readonly platform: NodeJS.Platform
  /** Undefined on Windows. */
  readonly userId: number | undefined
}

export function loginFiles(env: Environment, { home, platform, userId }: UserPlace): LoginFiles {
  const runtime = env['XDG_RUNTIME_DIR'] || `/run/containers/${userId ?? 0}`
  const podman =
    platform === 'linux'
      ? join(runtime, ...(env['XDG_RUNTIME_DIR'] ? ['containers'] : []), 'auth.json')
      : join(home, '.config/containers/auth.json')
  const helm = env['HELM_REGISTRY_CONFIG'] || join(helmFolder(env, home, platform), 'registry/config.json')
  const { DOCKER_CONFIG = '', REGISTRY_AUTH_FILE = '' } = env
  return {
    docker: DOCKER_CONFIG || join(home, '.docker'),
    podman: REGISTRY_AUTH_FILE || podman,
    helm,
    variables: { DOCKER_CONFIG, REGISTRY_AUTH_FILE, HELM_REGISTRY_CONFIG: helm },
  }
}

/** Helm's helmpath: its own variable, that of XDG, the custom of the system. */
function helmFolder(env: Environment, home: string, platform: NodeJS.Platform): string {
  if (env['HELM_CONFIG_HOME']) return env['HELM_CONFIG_HOME']
  if (env['XDG_CONFIG_HOME']) return join(env['XDG_CONFIG_HOME'], 'helm')
  if (platform === 'darwin') return join(home, 'Library/Preferences/helm')
  if (platform === 'win32') return join(env['APPDATA'] ?? home, 'helm')
  return join(home, '.config/helm')
}
