import type { Instant } from '../runtime/clock.ts'
import { causeEntry, rankOf, type CauseCode } from './causes.ts'
import type { Facts } from './wording.ts'
import type { Cause, Evidence, EvidenceClass } from './model.ts'
import { nameOf, oneLine } from './objects.ts'
import type { KubeObject } from '../kubernetes/model.ts'

interface Sighting {
  /** Object that shows it. */
  readonly on: KubeObject
  /** Top-level object of the release. */
  readonly subject: string
  readonly at: Instant
  readonly text?: string | undefined
  readonly container?: string
  readonly node?: string | undefined
  readonly count?: number
  readonly facts?: Facts
  readonly class?: EvidenceClass
  readonly patienceMs?: number
  readonly settlesAt?: Instant | undefined
}

/** One observation, with the catalogue's class unless the rule knows better. */
export function evidence(code: CauseCode, seen: Sighting): Evidence {
  const count = seen.count ?? 1
  const text = oneLine(seen.text)
  return {
    code,
    class: seen.class ?? causeEntry(code).class,
    object: nameOf(seen.on),
    uid: seen.on.metadata.uid ?? '',
    subject: seen.subject,
    count,
    at: seen.at,
    text,
    facts: {
      message: text,
      count: String(count),
      ...(seen.container === undefined ? {} : { container: seen.container }),
      ...seen.facts,
    },
    ...(seen.container === undefined ? {} : { container: seen.container }),
    ...(seen.node === undefined ? {} : { node: seen.node }),
    ...(seen.patienceMs === undefined ? {} : { patienceMs: seen.patienceMs }),
    ...(seen.settlesAt === undefined ? {} : { settlesAt: seen.settlesAt }),
  }
}

/** Worst first: what explains most, then what repeats most, then what was seen first. */
export function byRank(a: Evidence, b: Evidence): number {
  return rankOf(a.code) - rankOf(b.code) || b.count - a.count || a.at - b.at
}

interface CauseDetails {
  readonly subject: string
  readonly at: Instant
  readonly confidence?: Cause['confidence']
  readonly facts?: Facts
  readonly evidence?: readonly Evidence[]
}

/** A cause that stands by its code alone: timed out, cancelled, superseded, rollback failed … */
export function cause(code: CauseCode, details: CauseDetails): Cause {
  const entry = causeEntry(code)
  return {
    code,
    blame: entry.blame,
    confidence: details.confidence ?? 'certain',
    subject: details.subject,
    says: entry.says(details.facts ?? {}),
    next: entry.next,
    firstSeen: details.evidence?.[0]?.at ?? details.at,
    lastSeen: details.at,
    evidence: details.evidence ?? [],
  }
}

/**
 * The cause behind a set of evidence: the worst one speaks, the others stay as its company.
 * Undefined when there is none.
 */
export function causeBehind(found: readonly Evidence[], lastSeen: Instant): Cause | undefined {
  const ranked = found.toSorted(byRank)
  const worst = ranked[0]
  if (worst === undefined) return undefined
  const entry = causeEntry(worst.code)
  const same = ranked.filter(({ code, subject }) => code === worst.code && subject === worst.subject)
  return {
    code: worst.code,
    blame: entry.blame,
    confidence: confidenceOf(worst.class),
    subject: worst.subject,
    ...(worst.container === undefined ? {} : { container: worst.container }),
    says: entry.says(worst.facts),
    next: entry.next,
    firstSeen: Math.min(...same.map(({ at }) => at)),
    lastSeen,
    evidence: ranked,
  }
}

function confidenceOf(evidenceClass: EvidenceClass): Cause['confidence'] {
  if (evidenceClass === 'A0' || evidenceClass === 'B') return 'certain'
  return evidenceClass === 'A1' ? 'likely' : 'possible'
}
