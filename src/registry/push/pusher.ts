import type { Context } from '../../runtime/context.ts'
import type { RegistryLogin } from '../registry-login.ts'
import { createBudget, ecrPutsPerSecond, type Budget } from './budget.ts'
import { openRegistry } from './connection.ts'
import type { PushResult } from './model.ts'
import { pushImage, type PushRequest } from './push.ts'
import { talkTo } from './talk.ts'

/** Pushes images to one registry (port). */
export type Pusher = (request: PushRequest) => Promise<PushResult>

export interface PusherPorts {
  /** A login for the registry; asked again when the registry no longer takes the first one. */
  readonly login: () => Promise<RegistryLogin>
  readonly context: Pick<Context, 'clock' | 'log' | 'random' | 'signal'>
}

/** One for all pushes of this process to a registry: its account and region have one quota. */
const budgets = new Map<string, Budget>()

/** Pushes with `first`, and with a login got anew when that is refused. */
export function registryPusher(first: RegistryLogin, { login, context }: PusherPorts): Pusher {
  const { clock, log, signal } = context
  const budget = budgets.get(first.host) ?? createBudget(ecrPutsPerSecond, clock)
  budgets.set(first.host, budget)
  return async request => {
    let current = first
    const connection = await openRegistry(first.host, () => current)
    const renew = async (): Promise<void> => void (current = await login())
    const talk = talkTo(connection, renew, { clock, log, signal, random: () => context.random() })
    try {
      return await pushImage(request, { talk, budget })
    } finally {
      await connection.close()
    }
  }
}
