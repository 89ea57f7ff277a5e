import type { PlannedChange } from '../rollout/model.ts'

/** What a release or a rollback would do, as a report shows it. Plain data. */
export interface PlanView {
  readonly application: string
  readonly namespace: string
  readonly commit?: string
  /** The revision that would be brought back; absent for a deploy. */
  readonly rollbackTo?: number
  readonly changes: readonly PlannedChange[]
  /** What else a person should know before it is done for real, a sentence each. */
  readonly notes?: readonly string[]
}
