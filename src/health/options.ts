import type { HealthRule } from './custom-rule.ts'

/** What a user says of health, from the inputs of an action down to the gate. */
export interface HealthOptions {
  /** Rules of slipway.yaml for custom resources. */
  readonly healthRules?: readonly HealthRule[]
  /** Fail when pods that a target group serves got no readiness gate; without it that is a warning. */
  readonly requireReadinessGates?: boolean
}

type MaybeGiven<T> = { readonly [K in keyof T]?: T[K] | undefined }

/** These options alone, of something that holds more. */
export function healthOptions({ healthRules, requireReadinessGates }: MaybeGiven<HealthOptions>): HealthOptions {
  return {
    ...(healthRules === undefined ? {} : { healthRules }),
    ...(requireReadinessGates === true ? { requireReadinessGates } : {}),
  }
}
