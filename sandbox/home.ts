import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The repository's root folder. */
export const root = resolve(import.meta.dirname, '..')

/** Everything that the platform keeps outside the checkout: `$SLIPWAY_HOME`, or `~/.cache/slipway`. */
export function home(): string {
  return resolve(process.env['SLIPWAY_HOME'] ?? join(homedir(), '.cache', 'slipway'))
}

/** State of one platform: pki, logs, kubeconfig, platform.json, env.json. */
export function stateFolder(name: string): string {
  return join(home(), 'platforms', name)
}
