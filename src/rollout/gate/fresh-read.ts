import type { Cluster } from '../../kubernetes/model.ts'
import type { Clock } from '../../runtime/clock.ts'
import { messageOf } from '../../runtime/errors.ts'
import type { Reading } from './confirm.ts'
import type { Answer } from './inquiry.ts'
import { graceMs } from './judge.ts'
import { freshRead } from './watches.ts'

interface Ports {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Lists what a decision rests on. A server that does not answer within the reading's patience is a failed read. */
export async function readAfresh({ channels, since, failed }: Reading, ports: Ports): Promise<Answer> {
  const { clock, cluster, signal } = ports
  // What the server said before tells more than that this last attempt had no time left.
  const late = failed ?? 'the API server did not answer in time'
  try {
    return { events: await inTime(freshRead(channels, cluster, signal), since + graceMs - clock.now(), late, clock) }
  } catch (thrown) {
    return { failed: messageOf(thrown) }
  }
}

async function inTime<T>(work: Promise<T>, ms: number, otherwise: string, clock: Clock): Promise<T> {
  const timer = new AbortController()
  const late = clock.sleep(Math.max(0, ms), timer.signal).then(() => {
    throw new Error(otherwise)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
    late.catch(() => undefined)
  }
}
