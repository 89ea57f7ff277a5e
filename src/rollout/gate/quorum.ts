import { causeEntry } from '../../health/causes.ts'
import { evidence as newEvidence } from '../../health/evidence.ts'
import type { Evidence } from '../../health/model.ts'
import { condition, type Pod } from '../../health/objects.ts'
import { isDiscounted, revisionPods } from '../../health/ownership.ts'
import type { Instant } from '../../runtime/clock.ts'
import { countedExits, openEntries, type Entry } from './ledger.ts'
import type { GateState } from './state.ts'
import type { Subject } from './subjects.ts'

type Open = Entry & { readonly openSince: Instant }

/** Abnormal exits of one container that make a repetition. One restart may be a race at start. */
export const repetition = 2

/** The entries that prove this subject failed; empty while nothing is proven. */
export function decisiveOf(subject: Subject, state: GateState, now: Instant): readonly Open[] {
  const open = openEntries(state.ledger, subject.name)
  const terminal = open.filter(({ evidence }) => evidence.class === 'A0')
  if (terminal.length > 0) return terminal
  if (suspectedNode(subject, state) !== undefined) return []
  const confirmed = open.filter(entry => isConfirmed(entry, now))
  const repeated = open.filter(entry => isRepeated(entry, state))
  return [...confirmed, ...(hasQuorum(repeated, subject, state) ? repeated : [])]
}

/** A target that a load balancer gives up and takes back has flapped: coming again proves nothing, only staying does. */
const mustPersist = new Set(['target-unhealthy'])

/**
 * When an A1 proves its subject failed, if it holds until then: it persisted for its confirm window, or it came again
 * after it, or its source counts one more. Coming again sooner proves nothing: pods that are scaled away, drained or
 * replaced take their trouble along, and the next ones may meet the same cause in its last moment.
 */
export function confirmedAt({ evidence, firstSeen, openSince, occurrences, firstCount }: Open): Instant {
  const patienceMs = evidence.patienceMs ?? causeEntry(evidence.code).patienceMs
  if (mustPersist.has(evidence.code)) return openSince + patienceMs
  if (evidence.count > firstCount) return openSince
  return (occurrences > 1 ? firstSeen : openSince) + patienceMs
}

const isConfirmed = (entry: Open, now: Instant): boolean => entry.evidence.class === 'A1' && now >= confirmedAt(entry)

function isRepeated({ evidence }: Open, { ledger }: GateState): boolean {
  return evidence.class === 'B' && countedExits(ledger, evidence) >= repetition
}

/** Two pods with the same cause, or all pods of the new revision that have a node, or one pod once more. */
function hasQuorum(repeated: readonly Open[], subject: Subject, state: GateState): boolean {
  if (repeated.length === 0) return false
  const bad = new Set(repeated.map(({ evidence }) => evidence.uid))
  const sameCause = [...Map.groupBy(repeated, ({ evidence }) => evidence.code).values()].some(
    entries => new Set(entries.map(({ evidence }) => evidence.uid)).size >= 2,
  )
  if (sameCause) return true
  if (repeated.some(({ evidence }) => countedExits(state.ledger, evidence) > repetition)) return true
  const observed = countingPods(subject, state)
  return observed.length > 0 && observed.every(({ metadata }) => bad.has(metadata.uid ?? ''))
}

/** Pods of the current revision that were placed on a node and are not leaving. */
function countingPods({ live }: Subject, { store }: GateState): readonly Pod[] {
  if (live === undefined) return []
  return revisionPods(live, store.related).filter(
    pod => pod.spec.nodeName !== undefined && !isDiscounted(pod, store.related),
  )
}

/**
 * All that fails is on one node, and elsewhere the same revision runs well: the node is the suspect, not the release.
 * Nothing fails before another node shows it too; it stalls instead.
 */
export function suspectedNode(subject: Subject, state: GateState): Evidence | undefined {
  const bad = openEntries(state.ledger, subject.name).filter(
    entry => entry.evidence.node !== undefined && (entry.evidence.class === 'A1' || isRepeated(entry, state)),
  )
  const nodes = new Set(bad.map(({ evidence }) => evidence.node))
  const [node] = nodes
  if (node === undefined || nodes.size > 1 || subject.live === undefined) return undefined
  const troubled = new Set(openEntries(state.ledger, subject.name).map(({ evidence }) => evidence.uid))
  const wellElsewhere = countingPods(subject, state).some(
    pod =>
      pod.spec.nodeName !== node &&
      !troubled.has(pod.metadata.uid ?? '') &&
      condition(pod.status.conditions, 'Ready')?.status === 'True',
  )
  if (!wellElsewhere) return undefined
  const first = bad.reduce((a, b) => (a.openSince <= b.openSince ? a : b))
  return newEvidence('bad-node', {
    on: subject.live,
    subject: subject.name,
    at: first.openSince,
    node,
    text: first.evidence.text,
    facts: { node },
  })
}
