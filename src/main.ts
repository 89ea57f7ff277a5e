import { contracts } from './actions/contracts.ts'
import type { ActionName } from './actions/contracts.ts'
import { valuesFromConfig } from './config/values-from-config.ts'
import type { Action } from './runtime/action.ts'
import { processHost } from './runtime/host.ts'
import { runCommand } from './runtime/run-command.ts'
import { runAction } from './runtime/run-action.ts'

/**
 * One program for all actions: dist/<name>/index.js only names the one to run.
 * Each import is a chunk of its own, loaded when that action runs and its inputs are right.
 */
const loaders: Readonly<Record<ActionName, () => Promise<Action>>> = {
  'assume-role': async () => (await import('./actions/assume-role.ts')).entry,
  'ecr-repository': async () => (await import('./actions/ecr-repository.ts')).entry,
  'ecr-login': async () => (await import('./actions/ecr-login.ts')).entry,
  'build-push': async () => (await import('./actions/build-push.ts')).entry,
  scan: async () => (await import('./actions/scan.ts')).entry,
  deploy: async () => (await import('./actions/deploy.ts')).entry,
  rollback: async () => (await import('./actions/rollback.ts')).entry,
  verify: async () => (await import('./actions/verify.ts')).entry,
}

/** Command-line tools: for people, who need no runner, and for programs of later steps. */
const commands = {
  simulate: async () => (await import('./commands/simulate.ts')).command,
  replay: async () => (await import('./commands/replay.ts')).command,
  credentials: async () => (await import('./commands/credentials.ts')).command,
} as const

/** Names of the tools; dist/<name>/index.js runs one. */
export type CommandName = keyof typeof commands

/** Runs the tool of that name with the arguments of this process. */
export async function command(name: CommandName): Promise<void> {
  await runCommand(commands[name])
}

/** Runs the action of that name to its end, and ends the process. */
export async function main(name: ActionName): Promise<void> {
  const contract = contracts.find(one => one.name === name)
  if (contract) await runAction(contract, loaders[name], processHost(), valuesFromConfig)
}
