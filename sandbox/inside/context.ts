import type { Supervisor } from './supervisor.ts'

/** What the pieces of the platform share while it starts. */
export interface Context {
  readonly name: string
  /** State folder. */
  readonly state: string
  readonly supervisor: Supervisor
  /** Runs one stage of the start and tells whoever waits how long it took. */
  readonly stage: <T>(name: string, work: () => Promise<T>) => Promise<T>
}
