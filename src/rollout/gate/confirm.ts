import type { Cluster } from '../../kubernetes/model.ts'
import type { Clock } from '../../runtime/clock.ts'
import { messageOf } from '../../runtime/errors.ts'
import type { Log } from '../../runtime/context.ts'
import { deadlineOf, graceMs, judge, successOf, unknown, type Decision } from './judge.ts'
import { freshRead } from './sources.ts'
import { advance, type GateState } from './state.ts'
import { channelKey, emptyStore, requiredChannels, type Channel } from './store.ts'

interface Ports {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/** How soon a disagreeing or failed read is repeated. */
export const againMs = 1_000

/**
 * True for decisions that rest on something that still holds: ready, waiting too long, an error that persists.
 * A watch may lag or be silently dead, so none of these is told on its word alone. What has happened (exits, a Job's
 * end, the registry's answer) needs no second look.
 */
export function restsOnPresent(decision: Decision): boolean {
  if (decision.decision !== 'verdict') return decision.decision === 'confirm'
  if (decision.verdict === 'stalled') return true
  return decision.verdict === 'failed' && decision.cause?.evidence.every(evidence => evidence.class === 'A1') === true
}

/** Every kind that proves health or is judged; for a bad verdict the events too, which may be all that it rests on. */
function channelsBehind(decision: Decision, { store }: GateState): readonly Channel[] {
  const events = [...store.channels.values()].filter(
    ({ channel, lost }) => channel.kind === 'Event' && lost === undefined && decision.decision === 'verdict',
  )
  return [...requiredChannels(store), ...events].map(({ channel }) => channel)
}

/**
 * The last word before such a decision: a list of every such kind straight from etcd (no resourceVersion) that
 * shows the same. One that shows something else makes the gate wait for the watches to catch up.
 */
export async function confirm(state: GateState, decision: Decision, ports: Ports): Promise<Decision> {
  const { clock, log, signal } = ports
  const startedAt = clock.now()
  const channels = channelsBehind(decision, state)
  while (!signal.aborted) {
    try {
      const events = await inTime(freshRead(channels, ports.cluster, signal), startedAt + graceMs - clock.now(), ports)
      return agreement(decision, lookAgain(state, channels, events, clock.now()), ports)
    } catch (thrown) {
      const now = clock.now()
      log.debug(`the fresh read failed: ${messageOf(thrown)}`)
      if (now - startedAt >= graceMs) {
        return unknown('api-unreachable', now, { message: messageOf(thrown), seconds: String(graceMs / 1_000) })
      }
      await clock.sleep(againMs, signal).catch(() => undefined)
    }
  }
  return { decision: 'wait', until: clock.now() }
}

function agreement(decision: Decision, fresh: GateState, { clock, log }: Ports): Decision {
  const again = judge(fresh, clock.now())
  if (decision.decision === 'confirm' && again.decision === 'confirm') return successOf(fresh)
  if (decision.decision === 'verdict' && again.decision === 'verdict' && again.verdict === decision.verdict)
    return again
  // The watches have had their time to catch up: an end is an end.
  if (decision.decision === 'verdict' && clock.now() > deadlineOf(fresh) + graceMs) return decision
  log.debug('a fresh read shows something else than the watches')
  return { decision: 'wait', until: clock.now() + againMs }
}

/** The state as the fresh read alone shows it, with the ledger and the soak so far. */
function lookAgain(
  state: GateState,
  read: readonly Channel[],
  events: Awaited<ReturnType<typeof freshRead>>,
  now: number,
): GateState {
  const blank = emptyStore(read, state.startLine)
  const keys = new Set(read.map(channelKey))
  const unread = new Map([...state.store.channels].filter(([key]) => !keys.has(key)))
  const store = {
    ...blank,
    deleted: state.store.deleted,
    channels: new Map([...blank.channels, ...unread]),
    related: { ...state.store.related, pods: [], replicaSets: [] },
  }
  return advance({ ...state, store }, events, now)
}

async function inTime<T>(work: Promise<T>, ms: number, { clock }: Ports): Promise<T> {
  const timer = new AbortController()
  const late = clock.sleep(Math.max(0, ms), timer.signal).then(() => {
    throw new Error('the API server did not answer in time')
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
    late.catch(() => undefined)
  }
}
