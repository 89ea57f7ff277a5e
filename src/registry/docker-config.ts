import { basicAuth, type RegistryLogin } from './registry-login.ts'

/** What a config.json of Docker's holds (docker/cli, configfile); what does not concern logins is passed on. */
export type DockerConfig = Readonly<Record<string, unknown>>

/**
 * Adds logins for Docker's own programs (docker, buildx, BuildKit). An empty helper for a host means "from the file" to
 * them and wins over a global `credsStore`, which stays in force for all other hosts (docker/cli, GetCredentialsStore).
 */
export function withLogins(existing: DockerConfig, logins: readonly RegistryLogin[]): DockerConfig {
  const helpers = logins.map(({ host }) => [host, ''])
  return {
    ...existing,
    auths: { ...recordOf(existing['auths']), ...authsOf(logins) },
    credHelpers: { ...recordOf(existing['credHelpers']), ...Object.fromEntries(helpers) },
  }
}

export interface PortableConfig {
  readonly config: DockerConfig
  /** Helpers that answered for every registry before, and now only for those that the files name. */
  readonly narrowed: readonly string[]
}

/**
 * Adds logins for every tool that reads such a file. They disagree about helpers: an empty one stops Podman
 * (containers/image, findCredentialsInFile), and ORAS and Helm pass over it to a global `credsStore` (oras-go,
 * getHelperSuffix). All agree on `auths` where no helper is in the way. So hosts of ours get no helper, and a global
 * store becomes the helper of the hosts that the file names and holds no login for: there is where a login was saved
 * into the store. `others` are the files of other tools; for a host that several name, `existing` counts.
 */
export function portableConfig(
  existing: DockerConfig,
  others: readonly DockerConfig[],
  logins: readonly RegistryLogin[],
): PortableConfig {
  const { credsStore: _, ...rest } = existing
  const sources = [...others, existing]
  const known = new Map(sources.flatMap(source => Object.entries(knownIn(source))))
  for (const { host } of logins) known.delete(host)
  const entries = [...known]
  const auths = entries.flatMap(([host, { auth }]) => (auth === undefined ? [] : [[host, auth] as const]))
  const helpers = entries.flatMap(([host, { helper }]) => (helper === undefined ? [] : [[host, helper] as const]))
  return {
    config: {
      ...rest,
      auths: { ...Object.fromEntries(auths), ...authsOf(logins) },
      credHelpers: Object.fromEntries(helpers),
    },
    narrowed: [...new Set(sources.flatMap(source => storeOf(source) ?? []))],
  }
}

/** How a file lets its readers in at one host. */
interface Known {
  readonly auth?: unknown
  /** Name of the program `docker-credential-<helper>`. */
  readonly helper?: string
}

function knownIn(config: DockerConfig): Readonly<Record<string, Known>> {
  const auths = recordOf(config['auths'])
  const helpers = recordOf(config['credHelpers'])
  const hosts = new Set([...Object.keys(auths), ...Object.keys(helpers)])
  const known = [...hosts].map(host => {
    const own = helpers[host]
    const helper = own === undefined && !holdsLogin(auths[host]) ? storeOf(config) : textOf(own)
    const auth = auths[host] === undefined ? {} : { auth: auths[host] }
    return [host, { ...auth, ...(helper === undefined ? {} : { helper }) }] as const
  })
  return Object.fromEntries(known)
}

/** An entry without any of these only says that the login is in a store. */
function holdsLogin(auth: unknown): boolean {
  const { auth: basic, identitytoken, registrytoken, username } = recordOf(auth)
  return [basic, identitytoken, registrytoken, username].some(field => textOf(field) !== undefined)
}

function storeOf(config: DockerConfig): string | undefined {
  return textOf(config['credsStore'])
}

function authsOf(logins: readonly RegistryLogin[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(logins.map(login => [login.host, { auth: basicAuth(login) }]))
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}
