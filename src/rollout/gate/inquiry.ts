import { cause } from '../../health/evidence.ts'
import type { Instant } from '../../runtime/clock.ts'
import type { GateRequest, GateResult, TimelineEntry } from '../model.ts'
import { afterFailedRead, afterRead, againMs, readingFor, restsOnPresent, type Reading } from './confirm.ts'
import { eventsAbout } from './events.ts'
import { judge, type Decision, type Judgement } from './judge.ts'
import { news, verdictEntry } from './narrate.ts'
import { advance, initialState, readyAfterDark, type GateEvent, type GateState } from './state.ts'

/**
 * All the steps between a request and its verdict, without the world: the live gate and a replay both take these and no
 * others, so that the same looks and reads come to the same verdict. Plain data.
 */
export interface Inquiry {
  readonly state: GateState
  readonly timeline: readonly TimelineEntry[]
  /** When the last fresh read began. */
  readonly readAt: Instant
  /** True once a success was put off because the control plane was slow to agree. */
  readonly doubted?: boolean
}

/** What follows a look or a read. */
export type Next = Exclude<Decision, { decision: 'confirm' }> | Reading

/** A fresh read: what it showed, or why there is none. */
export type Answer = { readonly events: readonly GateEvent[] } | { readonly failed: string }

export function openInquiry(request: GateRequest, now: Instant): Inquiry {
  return { state: initialState(request, now), timeline: [], readAt: -Infinity }
}

/** Folds what came, and decides. */
export function look(
  { state: before, timeline, ...rest }: Inquiry,
  events: readonly GateEvent[],
  now: Instant,
): { readonly inquiry: Inquiry; readonly said: readonly TimelineEntry[]; readonly next: Next } {
  const state = advance(before, events, now)
  const said = news(before, state, now)
  const inquiry = { state, timeline: said.length === 0 ? timeline : [...timeline, ...said], ...rest }
  const decision = judge(state, now)
  if (!restsOnPresent(decision)) return { inquiry, said, next: decision }
  // Events may pour in while a fresh read disagrees: one read a second is enough.
  const soonest = rest.readAt + againMs
  if (now < soonest) return { inquiry, said, next: { decision: 'wait', until: soonest } }
  return { inquiry: { ...inquiry, readAt: now }, said, next: readingFor(decision, state, now) }
}

/**
 * A control plane that takes this long to agree was not at its ease: kubelets could not write either, and tell only now
 * what happened meanwhile.
 */
const slowReadMs = 3_000

/** What the answer to `reading` makes of its decision; the same reading again when it failed and may be repeated. */
export function concluded(
  inquiry: Inquiry,
  reading: Reading,
  answer: Answer,
  now: Instant,
): { readonly inquiry: Inquiry; readonly next: Next } {
  if ('failed' in answer) return { inquiry, next: afterFailedRead(reading, answer.failed, now) }
  const next = afterRead(reading, inquiry.state, answer.events, now)
  const { request, readyAt = now } = inquiry.state
  const { soakMs } = request
  const isSlow = now - reading.since > slowReadMs
  if (reading.about.decision !== 'confirm' || next.decision !== 'verdict' || !isSlow) return { inquiry, next }
  // Once: where every read is slow it is the way that is narrow.
  if (inquiry.doubted === true || soakMs === 0) return { inquiry, next }
  const since = readyAfterDark(readyAt, soakMs, now)
  const doubted = { ...inquiry, state: { ...inquiry.state, readyAt: since }, doubted: true }
  return { inquiry: doubted, next: { decision: 'wait', until: since + soakMs } }
}

export function cancelledAt(now: Instant): Judgement {
  return { decision: 'verdict', verdict: 'cancelled', cause: cause('cancelled', { subject: 'release', at: now }) }
}

/** The verdict with its story; logs of containers come from elsewhere. */
export function closeInquiry({ state, timeline }: Inquiry, judgement: Judgement, endedAt: Instant): GateResult {
  const { verdict, cause: because, partial } = judgement
  return {
    verdict,
    ...(because === undefined ? {} : { cause: because }),
    timeline: [...timeline, verdictEntry(judgement, endedAt)],
    evidence: [...state.ledger.entries.values()].map(({ evidence }) => evidence),
    logs: [],
    ...(because === undefined ? {} : { events: eventsAbout(because, state) }),
    startedAt: state.request.startedAt,
    ...(state.readyAt === undefined ? {} : { readyAt: state.readyAt }),
    endedAt,
    ...(partial === undefined ? {} : { partial }),
  }
}

/** Said plainly: nothing of this set has a health of its own. Undefined when there is something to judge. */
export function nothingToJudge({ state: { request, gated } }: Inquiry, now: Instant): GateResult | undefined {
  if (gated.length > 0 || mustListen(request)) return undefined
  const count = request.applied.length
  const says =
    count === 0
      ? 'nothing to gate: no object was applied'
      : `nothing to gate: none of the ${count} applied objects has a state to wait for`
  const timeline: readonly TimelineEntry[] = [
    { at: now, subject: 'release', says: `healthy: ${says}`, kind: 'verdict' },
  ]
  const { startedAt } = request
  return { verdict: 'healthy', timeline, evidence: [], logs: [], startedAt, readyAt: now, endedAt: now }
}

/** Alarms judge a change of configuration too, which has no state of its own. */
const mustListen = ({ alarms = [], soakMs }: GateRequest): boolean => alarms.length > 0 && soakMs > 0
