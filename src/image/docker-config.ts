import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../runtime/errors.ts'
import type { RegistryLogin } from '../registry/ecr.ts'

export interface DockerConfigPlace {
  readonly tempFolder: string
  /** The user's own Docker configuration, whose other logins, builders and plug-ins stay usable. */
  readonly existing?: string
}

/**
 * Runs `work` with a Docker configuration folder of its own that can log in to `logins`; the folder is gone afterwards.
 * A password in a file is what the Docker client needs; the folder is readable for this user only,
 * and the user's own configuration is never written.
 */
export async function withDockerConfig<T>(
  logins: readonly RegistryLogin[],
  { tempFolder, existing }: DockerConfigPlace,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  await mkdir(tempFolder, { recursive: true })
  const folder = await mkdtemp(join(tempFolder, 'docker-'))
  try {
    await chmod(folder, 0o700)
    const merged = mergeDockerConfig(existing === undefined ? {} : await readConfig(existing), logins)
    await writeFile(join(folder, 'config.json'), JSON.stringify(merged), { mode: 0o600 })
    if (existing !== undefined) await linkRest(existing, folder)
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Adds logins to a Docker configuration. Pure. */
export function mergeDockerConfig(
  existing: Readonly<Record<string, unknown>>,
  logins: readonly RegistryLogin[],
): Readonly<Record<string, unknown>> {
  const auths = logins.map(({ host, user, password }) => [
    host,
    { auth: Buffer.from(`${user}:${password}`).toString('base64') },
  ])
  // An empty helper for a host means "from the file", and wins over a global credsStore (docker/cli configfile.GetCredentialsStore).
  const helpers = logins.map(({ host }) => [host, ''])
  return {
    ...existing,
    auths: { ...recordOf(existing['auths']), ...Object.fromEntries(auths) },
    credHelpers: { ...recordOf(existing['credHelpers']), ...Object.fromEntries(helpers) },
  }
}

async function readConfig(folder: string): Promise<Record<string, unknown>> {
  const file = join(folder, 'config.json')
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
  for (const name of names.filter(name => name !== 'config.json'))
    await symlink(join(existing, name), join(folder, name))
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}
