import { UserError } from '../../src/runtime/errors.ts'
import { runningPid } from './state.ts'

/**
 * What to run outside so that a command runs inside. When the outer process ends, however, the command gets SIGTERM.
 * Throws UserError when the platform is not up.
 */
export function entryCommand(name: string, cwd: string, command: string, args: readonly string[]) {
  const pid = runningPid(name)
  if (pid === undefined) {
    throw new UserError('platform-down', `The platform "${name}" is not up.`, { todo: 'Run `npm run platform -- up`.' })
  }
  const into = ['--target', String(pid), '--net', '--mount', '--pid', `--wdns=${cwd}`]
  return { command: 'nsenter', args: [...into, '--', 'setpriv', '--pdeathsig', 'TERM', '--', command, ...args] }
}
