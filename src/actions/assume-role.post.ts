import { rmSync } from 'node:fs'

import { messageOf } from '../runtime/errors.ts'
import type { PostHandler } from '../runtime/run-post.ts'

/** Names under which main tells the clean-up what it left. */
export const folderState = 'credentials-folder'
export const variablesState = 'credentials-variables'
export const keyState = 'credentials-key'

/** Names an access key without showing it: the state is a file. Most clean-ups have no key to look at. */
export async function fingerprintOf(accessKeyId: string): Promise<string> {
  const { createHash } = await import('node:crypto')
  return createHash('sha256').update(accessKeyId).digest('hex').slice(0, 16)
}

const secrets = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']

/**
 * Removes the folder that main wrote, and gives variables that still lead there their earlier values. Exported keys are
 * emptied when they are still those of this step; what they replaced was a secret, and is kept nowhere.
 */
export const cleanUp: PostHandler = async ({ state, later, env, log }) => {
  const folder = state.get(folderState)
  const before = JSON.parse(state.get(variablesState) || '{}') as Readonly<Record<string, string>>
  const isOurKey = await isKey(env['AWS_ACCESS_KEY_ID'], state.get(keyState))
  const ours = isOurKey || (folder !== undefined && folder !== '' && leadsTo(env['AWS_CONFIG_FILE'], folder))
  for (const [name, value] of Object.entries(before)) {
    if (name === 'KUBECONFIG' ? leadsTo(env[name], folder ?? '') : ours) later.exportVariable(name, value)
  }
  if (isOurKey) for (const name of secrets) later.exportVariable(name, '')
  if (!folder) return
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch (thrown) {
    // The variables must be given back all the same.
    log.warn(`The AWS configuration ${folder} could not be removed: ${messageOf(thrown)}`)
  }
}

async function isKey(accessKeyId: string | undefined, fingerprint: string | undefined): Promise<boolean> {
  return Boolean(fingerprint) && accessKeyId !== undefined && (await fingerprintOf(accessKeyId)) === fingerprint
}

function leadsTo(value: string | undefined, folder: string): boolean {
  return folder !== '' && (value?.startsWith(`${folder}/`) === true || value?.startsWith(`${folder}\\`) === true)
}
