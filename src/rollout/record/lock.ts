import { cause } from '../../health/evidence.ts'
import { acquireLease, LeaseLostError } from '../../kubernetes/lease.ts'
import type { GateResult } from '../model.ts'
import type { ReleasePorts } from '../ports.ts'

export interface LockRequest {
  readonly application: string
  readonly namespace: string
  /** Who releases, for people and for a run that waits: the address of the run, unique per attempt. */
  readonly holder: string
  /** How long to wait for the release that is running. */
  readonly timeoutMs: number
}

/** Runs `work` while nobody else releases this application. Losing the lock aborts the signal that `work` gets. */
export async function withLock<T>(
  request: LockRequest,
  ports: ReleasePorts,
  work: (ports: ReleasePorts) => Promise<T>,
): Promise<T> {
  const { cluster, clock, log, signal } = ports
  const onWait = (holder: string): void => log.info(`waiting for the release that is running: ${holder}`)
  const lease = await acquireLease({ ...request, cluster, waitMs: request.timeoutMs, onWait }, { clock }, signal)
  if (lease.takenFrom !== undefined)
    log.warn(`The run ${lease.takenFrom} died while it released; this one goes on from there.`)
  try {
    return await work({ ...ports, signal: AbortSignal.any([signal, lease.lost]) })
  } finally {
    await lease.release()
  }
}

/**
 * A release that was stopped because its lock went to another run is superseded, not cancelled. One that could not
 * renew its lock cannot know.
 */
export function afterLockLoss(result: GateResult, signal: AbortSignal): GateResult {
  const lost: unknown = signal.reason
  if (result.verdict !== 'cancelled' || !(lost instanceof LeaseLostError)) return result
  const [verdict, code] =
    lost.holder === undefined ? (['unknown', 'api-unreachable'] as const) : (['superseded', 'superseded'] as const)
  const seconds = String(Math.round((result.endedAt - result.startedAt) / 1000))
  const why = cause(code, { subject: 'release', at: result.endedAt, facts: { seconds, message: lost.message } })
  return { ...result, verdict, cause: code === 'superseded' ? { ...why, says: `${why.says}: ${lost.message}` } : why }
}
