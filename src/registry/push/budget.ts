import type { Clock } from '../../runtime/clock.ts'

/** Lets through a bounded number of calls a second. */
export interface Budget {
  /** Waits for the caller's turn. */
  turn(signal?: AbortSignal): Promise<void>
}

/** ECR takes 10 PutImage a second in an account and region (its quotas), whoever sends them: some are left to others. */
export const ecrPutsPerSecond = 8

/** Calls in equal distances. */
export function createBudget(perSecond: number, clock: Clock): Budget {
  let next = 0
  return {
    async turn(signal) {
      const now = clock.now()
      const at = Math.max(now, next)
      next = at + 1_000 / perSecond
      if (at > now) await clock.sleep(at - now, signal)
    },
  }
}
