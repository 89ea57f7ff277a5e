import { chmod, mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../runtime/errors.ts'
import type { DockerConfig } from './docker-config.ts'
import { recordOf, withLogins } from './docker-config.ts'
import type { RegistryLogin } from './registry-login.ts'

export interface DockerPlace {
  readonly tempFolder: string
  /** Folder of the user's own Docker configuration, whose other logins, builders and plug-ins stay usable. It is never written. */
  readonly existing: string
}

/** Runs `work` with a Docker configuration folder of its own that can log in to `logins`; the folder is gone afterwards. */
export async function withDockerConfig<T>(
  logins: readonly RegistryLogin[],
  place: DockerPlace,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const config = withLogins(await readLoginFile(join(place.existing, 'config.json')), logins)
  const folder = await makeDockerFolder(config, place)
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * A new Docker configuration folder below the temporary one, with `config` in it; returns its path. A password in a file
 * is what the clients of registries need: folder and file are for this user only.
 */
export async function makeDockerFolder(config: DockerConfig, { tempFolder, existing }: DockerPlace): Promise<string> {
  await mkdir(tempFolder, { recursive: true })
  const folder = await mkdtemp(join(tempFolder, 'slipway-docker-'))
  try {
    await chmod(folder, 0o700)
    await writeFile(join(folder, 'config.json'), JSON.stringify(config), { mode: 0o600 })
    await linkRest(existing, folder)
    return folder
  } catch (thrown) {
    await rm(folder, { recursive: true, force: true })
    throw thrown
  }
}

/** A file with logins (config.json of Docker, auth.json of Podman); empty when there is none. Throws UserError when it is no JSON. */
export async function readLoginFile(file: string): Promise<DockerConfig> {
  const text = await readFile(file, 'utf8').catch(() => '')
  if (text.trim() === '') return {}
  try {
    return recordOf(JSON.parse(text))
  } catch {
    throw new UserError('docker-config', `The Docker configuration ${file} is not JSON.`, {
      todo: 'Correct or remove it.',
    })
  }
}

/** Builders (buildx), plug-ins and contexts live beside config.json: they are shared, not copied. */
async function linkRest(existing: string, folder: string): Promise<void> {
  const names = await readdir(existing).catch(() => [])
  for (const name of names.filter(name => name !== 'config.json')) {
    // Where it really is: `existing` may be the folder of an earlier step, which goes before this one's does.
    const target = await realpath(join(existing, name)).catch(() => undefined)
    if (target !== undefined) await symlink(target, join(folder, name))
  }
}
