import { join } from 'node:path'

import { root } from '../project.ts'

/** jest loads ES modules only with this; NODE_NO_WARNINGS hides that it calls them experimental. */
export const jestEnvironment = { NODE_OPTIONS: '--experimental-vm-modules', NODE_NO_WARNINGS: '1' } as const

/** The command that runs jest with this Node and leaves its report in `report`. */
export function jestLine(
  args: readonly string[],
  report: string,
): { readonly command: string; readonly args: readonly string[] } {
  const jest = join(root, 'node_modules/jest/bin/jest.js')
  return { command: process.execPath, args: [jest, ...args, '--json', `--outputFile=${report}`] }
}
