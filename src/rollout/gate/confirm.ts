import type { Instant } from '../../runtime/clock.ts'
import { deadlineOf, graceMs, judge, successOf, unknown, type Decision, type Judgement } from './judge.ts'
import { advance, type GateEvent, type GateState } from './state.ts'
import { channelKey, emptyStore, requiredChannels, type Channel } from './store.ts'

/** A decision that rests on what still holds, and has to wait for a fresh read that shows the same. */
export interface Reading {
  readonly decision: 'read'
  readonly about: Exclude<Decision, { decision: 'wait' }>
  /** What is read. */
  readonly channels: readonly Channel[]
  /** When it began; it may fail for `graceMs`. */
  readonly since: Instant
  /** Why the last attempt failed. */
  readonly failed?: string
}

/** How soon a disagreeing or failed read is repeated. */
export const againMs = 1_000

/**
 * True for decisions that rest on something that still holds: ready, waiting too long, an error that persists.
 * A watch may lag or be silently dead, so none of these is told on its word alone. What has happened (exits, a Job's
 * end, the registry's answer) needs no second look.
 */
export function restsOnPresent(decision: Decision): decision is Reading['about'] {
  if (decision.decision !== 'verdict') return decision.decision === 'confirm'
  if (decision.verdict === 'stalled') return true
  return decision.verdict === 'failed' && decision.cause?.evidence.every(evidence => evidence.class === 'A1') === true
}

/** The last word before such a decision: a list of every such kind straight from etcd (no resourceVersion). */
export function readingFor(about: Reading['about'], { store }: GateState, since: Instant): Reading {
  // Every kind that proves health or is judged; for a bad verdict the events too, which may be all that it rests on.
  const events = [...store.channels.values()].filter(
    ({ channel, lost }) => channel.kind === 'Event' && lost === undefined && about.decision === 'verdict',
  )
  const channels = [...requiredChannels(store), ...events].map(({ channel }) => channel)
  return { decision: 'read', about, channels, since }
}

/** Pure: what a fresh read makes of the decision. One that shows something else makes the gate wait for the watches. */
export function afterRead(
  { about, channels }: Reading,
  state: GateState,
  events: readonly GateEvent[],
  now: Instant,
): Exclude<Decision, { decision: 'confirm' }> {
  const fresh = lookAgain(state, channels, events, now)
  const again = judge(fresh, now)
  if (about.decision === 'confirm' && again.decision === 'confirm') return successOf(fresh)
  if (about.decision === 'verdict' && again.decision === 'verdict' && again.verdict === about.verdict) return again
  // The watches have had their time to catch up: an end is an end.
  if (about.decision === 'verdict' && now > deadlineOf(fresh) + graceMs) return about
  return { decision: 'wait', until: now + againMs }
}

/** Pure: a read that failed is repeated, until nothing can be known any more. */
export function afterFailedRead(reading: Reading, reason: string, now: Instant): Reading | Judgement {
  if (now - reading.since < graceMs) return { ...reading, failed: reason }
  return unknown('api-unreachable', now, { message: reason, seconds: String(graceMs / 1_000) })
}

/** The state as the fresh read alone shows it, with the ledger and the soak so far. */
function lookAgain(state: GateState, read: readonly Channel[], events: readonly GateEvent[], now: Instant): GateState {
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
