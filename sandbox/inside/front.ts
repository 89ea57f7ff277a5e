import { join } from 'node:path'
import { ports } from '../world.ts'
import type { Context } from './context.ts'

export const frontMain = join(import.meta.dirname, '../front/main.ts')

/** AWS, GitHub and the OIDC issuer. */
export async function startFront({ state, supervisor }: Context): Promise<void> {
  supervisor.start({ name: 'front', command: process.execPath, args: [frontMain, '--state', state] })
  await supervisor.ready('front', async () => (await fetch(`http://127.0.0.1:${ports.control}/healthz`)).ok)
}
