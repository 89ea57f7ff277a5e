import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '../runtime/context.ts'
import { messageOf } from '../runtime/errors.ts'
import type { LoginVariable } from '../runtime/login-files.ts'
import { portableConfig, type DockerConfig } from './docker-config.ts'
import { makeDockerFolder, readLoginFile } from './docker-folder.ts'
import type { RegistryLogin } from './registry-login.ts'

export interface LeftLogins {
  readonly folder: string
  /** For later steps to find it. */
  readonly variables: Partial<Readonly<Record<LoginVariable, string>>>
  /** What those variables must be after the job. */
  readonly before: Partial<Readonly<Record<LoginVariable, string>>>
}

/**
 * Writes logins where every tool of later steps finds them: one file in a folder of its own, beside all logins that
 * Docker, Podman and Helm had before. Throws UserError when Docker's configuration is no JSON.
 */
export async function leaveLogins(
  logins: readonly RegistryLogin[],
  { loginFiles, tempFolder, log }: Pick<Context, 'loginFiles' | 'tempFolder' | 'log'>,
): Promise<LeftLogins> {
  const existing = await readLoginFile(join(loginFiles.docker, 'config.json'))
  const others = await Promise.all([loginFiles.helm, loginFiles.podman].map(file => readLeniently(file, log)))
  const { config, narrowed } = portableConfig(existing, others, logins)
  for (const store of narrowed) {
    log.warn(
      `The credential store "${store}" is asked for registries only that its configuration names: tools disagree about a global one, and it would hide the login to ECR. Name further ECR registries in the input "registries".`,
    )
  }
  const folder = await makeDockerFolder(config, { tempFolder, existing: loginFiles.docker })
  const file = join(folder, 'config.json')
  const { DOCKER_CONFIG, REGISTRY_AUTH_FILE, HELM_REGISTRY_CONFIG } = loginFiles.variables
  const variables = { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file }
  const before = { DOCKER_CONFIG, REGISTRY_AUTH_FILE }
  // Without a file of its own Helm reads Docker's; an entry in its own would win over ours.
  if (!(await exists(loginFiles.helm))) return { folder, variables, before }
  return {
    folder,
    variables: { ...variables, HELM_REGISTRY_CONFIG: file },
    before: { ...before, HELM_REGISTRY_CONFIG },
  }
}

/** A broken file of a tool that this job may not even use is no reason to stop. */
async function readLeniently(file: string, log: Context['log']): Promise<DockerConfig> {
  try {
    return await readLoginFile(file)
  } catch (thrown) {
    log.warn(`${messageOf(thrown)} The logins in it are not taken along.`)
    return {}
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
