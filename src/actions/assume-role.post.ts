import { rmSync } from 'node:fs'

import type { PostHandler } from '../runtime/run-post.ts'

/** Name under which main tells the clean-up which folder it wrote. */
export const folderState = 'credentials-folder'

/** Removes the folder that main wrote. */
export const cleanUp: PostHandler = ({ state }) => {
  const folder = state.get(folderState)
  if (folder) rmSync(folder, { recursive: true, force: true })
}
