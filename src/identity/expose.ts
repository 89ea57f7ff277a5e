import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LaterSteps } from '../runtime/outputs.ts'
import type { Session } from './model.ts'

/** How credentials are given to later steps: as variables, as a profile, or not at all. */
export type Exposure = 'env' | 'profile' | 'none'

/**
 * Gives the session's credentials to later steps. They are fetched and files are written before the first variable is
 * exported: later steps see all or nothing. Returns the files it wrote, for the post step to remove.
 */
export async function exposeSession(
  session: Session,
  exposure: Exposure,
  ports: { readonly later: LaterSteps; readonly tempFolder: string; readonly profile: string },
): Promise<readonly string[]> {
  if (exposure === 'none') return []
  const { accessKeyId, secretAccessKey, sessionToken } = await session.credentials()
  if (exposure === 'env') {
    exportAll(ports.later, {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_REGION: session.region,
      AWS_DEFAULT_REGION: session.region,
    })
    return []
  }
  // mkdtemp makes a folder that only this user can enter.
  const folder = await mkdtemp(join(ports.tempFolder, 'slipway-aws-'))
  const config = join(folder, 'config')
  const credentials = join(folder, 'credentials')
  await writeFile(config, `[profile ${ports.profile}]\nregion = ${session.region}\n`, { mode: 0o600 })
  await writeFile(
    credentials,
    `[${ports.profile}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\naws_session_token = ${sessionToken}\n`,
    { mode: 0o600 },
  )
  exportAll(ports.later, {
    AWS_CONFIG_FILE: config,
    AWS_SHARED_CREDENTIALS_FILE: credentials,
    AWS_PROFILE: ports.profile,
  })
  return [credentials, config]
}

/** A variable cannot be taken back, only emptied: on an error no half set of credentials stays behind. */
function exportAll(later: LaterSteps, values: Readonly<Record<string, string>>): void {
  const exported: string[] = []
  try {
    for (const [name, value] of Object.entries(values)) {
      later.exportVariable(name, value)
      exported.push(name)
    }
  } catch (thrown) {
    for (const name of exported) later.exportVariable(name, '')
    throw thrown
  }
}
