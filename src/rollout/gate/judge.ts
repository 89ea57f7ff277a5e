import { cause, causeBehind } from '../../health/evidence.ts'
import { causeEntry } from '../../health/causes.ts'
import type { Facts } from '../../health/wording.ts'
import type { Cause, Evidence, Verdict } from '../../health/model.ts'
import type { Instant } from '../../runtime/clock.ts'
import { alarmsDueBy, alarmsGraceMs } from './second-sources/alarms.ts'
import { countedExits, openEntries } from './ledger.ts'
import { confirmedAt, decisiveOf, repetition, suspectedNode } from './quorum.ts'
import { skewOf } from './server-time.ts'
import type { GateState } from './state.ts'
import { requiredChannels } from './store.ts'
import type { Subject } from './subjects.ts'

/** What to do now. `until` is the next instant at which time alone could change the decision. */
export type Decision =
  | { readonly decision: 'wait'; readonly until: Instant }
  /** All is ready and has soaked: a fresh read has to agree before it is called healthy. */
  | { readonly decision: 'confirm' }
  | Judgement

export interface Judgement {
  readonly decision: 'verdict'
  readonly verdict: Verdict
  readonly cause?: Cause
  readonly partial?: string
}

/** How long the watches, or a fresh read, may be silent before nothing can be known. */
export const graceMs = 30_000
/** How long a subject may make no progress at all (like the API's own default progress deadline). */
const noProgressMs = 600_000

/** Pure: a verdict, or what it waits for. Order matters: what cannot be known comes before what seems to be. */
export function judge(state: GateState, now: Instant): Decision {
  return (
    contradiction(state) ??
    blindness(state, now) ??
    failure(state, now) ??
    overtime(state, now) ??
    stall(state, now) ??
    success(state, now)
  )
}

const verdict = (outcome: Verdict, because: Cause): Judgement => ({
  decision: 'verdict',
  verdict: outcome,
  cause: because,
})
const wait = (instants: readonly Instant[], now: Instant): Decision => ({
  decision: 'wait',
  until: Math.min(...instants.filter(at => at > now)),
})

function contradiction({ subjects }: GateState): Judgement | undefined {
  const foreign = subjects.find(subject => subject.foreign !== undefined)?.foreign
  return foreign === undefined ? undefined : verdict('superseded', foreign)
}

/** Class D: a required watch is refused, silent for too long, or never began. A shorter silence only waits. */
function blindness(state: GateState, now: Instant): Decision | undefined {
  const channels = requiredChannels(state.store)
  const lost = channels.find(channel => channel.lost !== undefined)?.lost
  if (lost !== undefined)
    return unknown(lost.denied ? 'permission-lost' : 'api-unreachable', now, { message: lost.reason, seconds: '0' })
  const silences = channels.flatMap(({ gap, listed }) => gap?.since ?? (listed ? [] : state.begunAt))
  if (silences.length === 0) return undefined
  const since = Math.min(...silences)
  if (now < since + graceMs && now < deadlineOf(state)) return wait([since + graceMs, deadlineOf(state)], now)
  const reason = channels.find(({ gap }) => gap !== undefined)?.gap?.reason ?? 'no list has arrived'
  return unknown('api-unreachable', now, { message: reason, seconds: String(Math.round((now - since) / 1_000)) })
}

/** A verdict that says that there can be none. */
export function unknown(
  code: 'permission-lost' | 'api-unreachable' | 'alarms-unreadable',
  now: Instant,
  facts: Facts,
): Judgement {
  return verdict('unknown', cause(code, { subject: 'cluster', at: now, facts }))
}

/** Classes A and B. */
function failure(state: GateState, now: Instant): Judgement | undefined {
  // An alarm is about the release as a whole: it holds against no single object.
  const alarms = openEntries(state.ledger).filter(({ evidence }) => evidence.code === 'alarm-raised')
  const decisive = [...state.subjects.flatMap(subject => decisiveOf(subject, state, now)), ...alarms]
  const because = causeBehind(
    decisive.map(entry => counted(entry.evidence, state)),
    now,
  )
  return because === undefined ? undefined : verdict('failed', because)
}

/** Exits as they count against this release, for the sentence. */
function counted(evidence: Evidence, { ledger }: GateState): Evidence {
  if (evidence.class !== 'B') return evidence
  const count = countedExits(ledger, evidence)
  return { ...evidence, count, facts: { ...evidence.facts, count: String(count) } }
}

export const deadlineOf = ({ begunAt, request }: GateState): Instant => begunAt + request.timeoutMs

function overtime(state: GateState, now: Instant): Judgement | undefined {
  if (now < deadlineOf(state)) return undefined
  const late = unhealthy(state)
  const found = late.length > 0 ? late.flatMap(subject => companyOf(subject, state)) : comingAndGoing(state)
  const because = causeBehind(explanations(found), now)
  if (because !== undefined) return verdict('stalled', because)
  const [first] = late
  return verdict(
    'stalled',
    cause('timed-out', {
      subject: (first ?? state.subjects[0])?.name ?? '',
      at: now,
      confidence: 'possible',
      facts: {
        seconds: String(Math.round(state.request.timeoutMs / 1_000)),
        message: first === undefined ? 'it was still soaking' : saysOf(first),
      },
    }),
  )
}

/** What kept a release that is ready at the end from soaking: it came back again and again. */
function comingAndGoing({ ledger }: GateState): readonly Evidence[] {
  return [...ledger.entries.values()].filter(({ occurrences }) => occurrences > 1).map(({ evidence }) => evidence)
}

const unhealthy = ({ subjects }: GateState): readonly Subject[] =>
  subjects.filter(({ health }) => health.status !== 'healthy')

/** All that holds against a subject now. What one bad node did is told as that. */
function companyOf(subject: Subject, state: GateState): readonly Evidence[] {
  const open = openEntries(state.ledger, subject.name).map(({ evidence }) => counted(evidence, state))
  const suspected = suspectedNode(subject, state)
  return suspected === undefined ? open : [...open.filter(({ node }) => node !== suspected.node), suspected]
}

/** What may explain a wait: a single restart explains nothing, unless there is nothing else. */
function explanations(company: readonly Evidence[]): readonly Evidence[] {
  const telling = company.filter(evidence => evidence.class !== 'B' || evidence.count >= repetition)
  return telling.length > 0 ? telling : company
}

/** Class C: a wait that is over its own bound, with no progress elsewhere in the same subject. */
function stall(state: GateState, now: Instant): Judgement | undefined {
  const over = waitsOf(state).filter(({ at }) => now >= at)
  const [first] = over
  if (first === undefined) return undefined
  const { subject } = first
  const awaited = over.flatMap(wait => (wait.subject === subject && wait.evidence !== undefined ? wait.evidence : []))
  const facts = { minutes: String(noProgressMs / 60_000), message: saysOf(subject) }
  return verdict(
    'stalled',
    causeBehind(behind(awaited, companyOf(subject, state), subject), now) ??
      cause('no-progress', { subject: subject.name, at: now, facts }),
  )
}

/**
 * What is behind waits that are over: they themselves, and what else the same pods show, which may explain them.
 * Trouble of other pods that is still within its own bound does not, but for a node on which pods fail while others
 * wait for room: they have failed already. When the workload itself is late, all may explain it.
 */
function behind(awaited: readonly Evidence[], company: readonly Evidence[], { live }: Subject): readonly Evidence[] {
  if (awaited.length === 0) return explanations(company)
  const uids = new Set(awaited.map(({ uid }) => uid))
  if (live?.metadata.uid !== undefined && uids.has(live.metadata.uid)) return explanations(company)
  const same = company.filter(
    ({ uid, class: evidenceClass, code }) => uids.has(uid) || evidenceClass !== 'C' || code === 'bad-node',
  )
  const telling = explanations(same)
  return telling.length > 0 ? telling : awaited
}

const saysOf = ({ health }: Subject): string => (health.status === 'healthy' ? '' : health.says)

/** When a subject that is not healthy will count as stalled, if nothing moves. */
interface Wait {
  readonly subject: Subject
  readonly at: Instant
  /** Absent for the subject's own bound: no progress at all. */
  readonly evidence?: Evidence
}

function waitsOf(state: GateState): readonly Wait[] {
  return unhealthy(state).flatMap(subject => {
    const progressAt = state.progress.get(subject.name)?.at ?? state.begunAt
    const waits = openEntries(state.ledger, subject.name)
      .filter(({ evidence }) => evidence.class === 'C')
      .map(({ evidence, openSince }): Wait => {
        const patience = patienceOf(evidence)
        const at = patience === 0 ? openSince : Math.max(openSince, progressAt) + patience
        return { subject, at, evidence }
      })
    const suspected = suspectedNode(subject, state)
    const byNode =
      suspected === undefined
        ? []
        : [{ subject, at: Math.max(suspected.at, progressAt) + patienceOf(suspected), evidence: suspected }]
    return [...waits, ...byNode, { subject, at: progressAt + noProgressMs }]
  })
}

export function patienceOf(evidence: Evidence): number {
  return evidence.patienceMs ?? causeEntry(evidence.code).patienceMs
}

/** Ready, forgiven, soaked. Anything less waits for the next instant that matters. */
function success(state: GateState, now: Instant): Decision {
  const open = openEntries(state.ledger)
  const settling = known(open.map(({ evidence }) => evidence.settlesAt)).map(at => at + skewOf(state.skewBound))
  if (state.readyAt === undefined) {
    const confirming = open.filter(({ evidence }) => evidence.class === 'A1').map(confirmedAt)
    return wait([...confirming, ...settling, ...waitsOf(state).map(({ at }) => at), deadlineOf(state)], now)
  }
  const soaked = state.readyAt + state.request.soakMs
  const unsettled = open.some(({ evidence }) => evidence.class === 'B' && countedExits(state.ledger, evidence) > 0)
  if (now < soaked || unsettled) return wait([soaked, ...settling, deadlineOf(state)], now)
  return unheardAlarms(state, now) ?? { decision: 'confirm' }
}

/** Whoever names alarms wants no success that rests on an old reading of them. */
function unheardAlarms({ request, answers, begunAt }: GateState, now: Instant): Decision | undefined {
  const dueBy = alarmsDueBy(request, answers, begunAt, now)
  if (dueBy === undefined) return undefined
  if (now < dueBy) return wait([dueBy, begunAt + request.timeoutMs], now)
  const message = answers.silences.get('alarms')?.reason ?? ''
  return unknown('alarms-unreadable', now, { message, seconds: String(alarmsGraceMs / 1_000) })
}

const known = (instants: readonly (Instant | undefined)[]): readonly Instant[] =>
  instants.filter(at => at !== undefined)

/** The verdict when a fresh read agrees. */
export function successOf({ subjects }: GateState): Judgement {
  const partial = subjects
    .flatMap(({ name, health }) =>
      health.status === 'healthy' && health.partial !== undefined ? [`${name}: ${health.partial}`] : [],
    )
    .join('; ')
  return partial === ''
    ? { decision: 'verdict', verdict: 'healthy' }
    : { decision: 'verdict', verdict: 'healthy-partial', partial }
}
