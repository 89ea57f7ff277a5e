import type { Context } from '../runtime/context.ts'

/** What opening a session needs of the world. */
export type SessionContext = Pick<
  Context,
  'oidc' | 'clock' | 'log' | 'mask' | 'random' | 'github' | 'signal' | 'ambientCredentials'
>

/** `slipway-9876543210-1-deploy`, within the characters and the length that STS allows. */
export function defaultSessionName({ runId, runAttempt, job }: Context['github']): string {
  return `slipway-${runId}-${runAttempt}-${job}`.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 64)
}
