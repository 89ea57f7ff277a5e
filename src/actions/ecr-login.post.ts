import { rmSync } from 'node:fs'

import { messageOf } from '../runtime/errors.ts'
import type { PostHandler } from '../runtime/run-post.ts'

/** Names under which main tells the clean-up what it left: its folder, and what each variable was before. */
export const folderState = 'docker-folder'
export const variablesState = 'login-variables'

/** Removes the folder that main wrote, and gives variables that still lead there their earlier values. */
export const cleanUp: PostHandler = ({ state, later, env, log }) => {
  const folder = state.get(folderState)
  if (!folder) return
  const before = JSON.parse(state.get(variablesState) || '{}') as Readonly<Record<string, string>>
  for (const [name, value] of Object.entries(before)) {
    const now = env[name]
    if (now === folder || now?.startsWith(`${folder}/`)) later.exportVariable(name, value)
  }
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch (thrown) {
    // The variables must be given back all the same.
    log.warn(`The Docker configuration ${folder} could not be removed: ${messageOf(thrown)}`)
  }
}
