import { causeEntry } from '../../health/causes.ts'
import type { Evidence, Health } from '../../health/model.ts'
import type { Instant } from '../../runtime/clock.ts'
import type { TimelineEntry } from '../model.ts'
import type { Next } from './inquiry.ts'
import { countedExits, openEntries } from './ledger.ts'
import type { Decision } from './judge.ts'
import type { GateState } from './state.ts'
import type { Subject } from './subjects.ts'

/** What is new between two looks, as lines of the timeline: each text once per subject until something else was said. */
export function news(before: GateState, after: GateState, now: Instant): readonly TimelineEntry[] {
  return [...changes(before, after, now), ...sightings(before, after, now)]
}

function changes(before: GateState, after: GateState, now: Instant): readonly TimelineEntry[] {
  const said = new Map(before.subjects.map(({ name, health }) => [name, says(health)]))
  return after.subjects.flatMap(({ name, health }) =>
    said.get(name) === says(health) ? [] : [{ at: now, subject: name, says: says(health), kind: 'change' as const }],
  )
}

function says(health: Health): string {
  if (health.status !== 'healthy') return health.says
  const more = health.partial ?? health.note
  return more === undefined ? 'ready' : `ready: ${more}`
}

/**
 * Running but not yet ready, and not yet a healthy target, is how every good start looks: it is told as a change, and
 * as a cause if it comes to that.
 */
const isQuiet = ({ code, class: evidenceClass }: Evidence): boolean =>
  code === 'not-ready' || (code === 'target-unhealthy' && evidenceClass === 'C')

function sightings(before: GateState, after: GateState, now: Instant): readonly TimelineEntry[] {
  const known = new Set(
    openEntries(before.ledger)
      .filter(({ evidence }) => !isQuiet(evidence))
      .map(({ evidence }) => told(evidence, before)),
  )
  const fresh = new Map<string, TimelineEntry>()
  for (const { evidence } of openEntries(after.ledger)) {
    const text = told(evidence, after)
    if (isQuiet(evidence) || known.has(text) || (evidence.class === 'B' && countedExits(after.ledger, evidence) < 1))
      continue
    fresh.set(text, { at: now, subject: evidence.subject, says: sentenceOf(evidence, after), kind: 'evidence' })
  }
  return [...fresh.values()]
}

/** Ten pods with the same trouble are one line. */
function told(evidence: Evidence, state: GateState): string {
  return `${evidence.subject}|${evidence.code}|${evidence.class === 'B' ? sentenceOf(evidence, state) : ''}`
}

function sentenceOf(evidence: Evidence, { ledger }: GateState): string {
  const count = String(countedExits(ledger, evidence))
  return causeEntry(evidence.code).says(evidence.class === 'B' ? { ...evidence.facts, count } : evidence.facts)
}

/** One line that says what is awaited, why, how far it is, and how long at most. */
export function heartbeat(state: GateState, next: Decision | Next, now: Instant): string {
  const { begunAt, request, readyAt, subjects } = state
  const bound = `gives up in ${duration(begunAt + request.timeoutMs - now)}`
  const so = `after ${duration(now - begunAt)}`
  if (next.decision === 'read')
    return `${so}: reading everything afresh from the API server before a verdict · ${bound}`
  if (readyAt !== undefined && next.decision === 'wait') {
    const since = `everything is ready since ${duration(now - readyAt)}`
    return `${so}: ${since}, watching for ${duration(next.until - now)} more`
  }
  const waiting = subjects.filter(({ health }) => health.status !== 'healthy')
  const [first] = waiting
  if (first === undefined) return `${so}: waiting for the API server · ${bound}`
  const others = waiting.length > 1 ? ` and ${waiting.length - 1} more` : ''
  const ready = subjects.length > 1 ? `${subjects.length - waiting.length} of ${subjects.length} ready, ` : ''
  return `${so}: ${ready}waiting for ${first.name}${others}: ${says(first.health)}${whyOf(first, state)} · ${bound}`
}

/** What the cluster said last of a subject, where its own words do not hold it already. */
function whyOf({ name, health }: Subject, { ledger }: GateState): string {
  const texts = openEntries(ledger, name).map(({ evidence }) => evidence.text)
  const why = texts.find(text => text !== '' && !says(health).includes(text))
  return why === undefined ? '' : ` (${why})`
}

/** `45 s`, `14 min 45 s`. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

/** The last entry of a timeline. */
export function verdictEntry(decision: Extract<Decision, { decision: 'verdict' }>, at: Instant): TimelineEntry {
  const { verdict, cause, partial } = decision
  const why = cause?.says ?? partial
  return {
    at,
    subject: cause?.subject ?? 'release',
    says: why === undefined ? verdict : `${verdict}: ${why}`,
    kind: 'verdict',
  }
}
