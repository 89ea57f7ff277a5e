import type { Evidence } from '../../health/model.ts'
import { instant } from '../../health/objects.ts'
import type { KubeObject } from '../../kubernetes/model.ts'
import type { Instant } from '../../runtime/clock.ts'

/** One piece of evidence through time. Entries are never removed; `openSince` says whether it still holds. */
export interface Entry {
  /** As last seen. */
  readonly evidence: Evidence
  readonly firstSeen: Instant
  readonly lastSeen: Instant
  /** Since when it holds without a break; undefined when it no longer does. */
  readonly openSince?: Instant
  /** How many times it came back, plus one. */
  readonly occurrences: number
  /** Repetitions that it showed when first seen: an event counts on from before the release. */
  readonly firstCount: number
}

/** Append-only record of what was seen about the release. */
export interface Ledger {
  readonly entries: ReadonlyMap<string, Entry>
  /** Exits per container (`uid/container`) that no longer count: from before the release, or forgiven by a long run. */
  readonly forgiven: ReadonlyMap<string, number>
}

export const emptyLedger: Ledger = { entries: new Map(), forgiven: new Map() }

interface Scene {
  readonly startLine: Instant
  /** By subject, where each has its own. */
  readonly ownLines: ReadonlyMap<string, Instant>
  readonly pods: readonly KubeObject[]
  readonly now: Instant
}

/** Evidence that a controller leaves standing from an earlier rollout: it counts only when it is dated after the start line. */
const lingering = new Set(['progress-deadline', 'names-not-accepted'])

/** Pure: the ledger after this look at the cluster. */
export function record(ledger: Ledger, found: readonly Evidence[], scene: Scene): Ledger {
  const forgiven = new Map(ledger.forgiven)
  const seen = found.filter(evidence => !isInert(evidence, scene, forgiven))
  const entries = new Map(ledger.entries)
  const keys = new Set(seen.map(keyOf))
  for (const [key, entry] of entries) {
    if (entry.openSince === undefined || keys.has(key)) continue
    entries.set(key, closed(entry))
    if (entry.evidence.class === 'B' && !stillCounts(entry.evidence, seen))
      forgive(entry.evidence, entry.evidence.count, forgiven)
  }
  for (const evidence of seen) entries.set(keyOf(evidence), merged(entries.get(keyOf(evidence)), evidence, scene.now))
  return { entries, forgiven }
}

function keyOf({ uid, subject, container, code, class: evidenceClass }: Evidence): string {
  return [uid, subject, container ?? '', code, evidenceClass].join('|')
}

const slotKey = ({ uid, container }: Evidence): string => `${uid}/${container ?? ''}`

function isInert(evidence: Evidence, scene: Scene, forgiven: Map<string, number>): boolean {
  const { startLine, ownLines, pods } = scene
  const line = ownLines.get(evidence.subject) ?? startLine
  if (lingering.has(evidence.code)) return evidence.at < line
  if (evidence.class !== 'B') return false
  if (evidence.at < line) {
    forgive(evidence, evidence.count, forgiven)
    return true
  }
  if (!forgiven.has(slotKey(evidence)) && isOlder(evidence.uid, pods, line))
    forgive(evidence, evidence.count - 1, forgiven)
  return false
}

/** A pod from before the release brings restarts from before the release: only what comes now counts. */
function isOlder(uid: string, pods: readonly KubeObject[], line: Instant): boolean {
  const created = instant(pods.find(({ metadata }) => metadata.uid === uid)?.metadata.creationTimestamp)
  return created !== undefined && created < line
}

function forgive(evidence: Evidence, count: number, forgiven: Map<string, number>): void {
  const key = slotKey(evidence)
  forgiven.set(key, Math.max(count, forgiven.get(key) ?? 0))
}

/** The same exits under another name: the last one was an OOM kill, say. */
function stillCounts(evidence: Evidence, seen: readonly Evidence[]): boolean {
  return seen.some(other => other.class === 'B' && slotKey(other) === slotKey(evidence))
}

function closed({ openSince: _, ...entry }: Entry): Entry {
  return entry
}

function merged(entry: Entry | undefined, evidence: Evidence, now: Instant): Entry {
  if (entry === undefined)
    return { evidence, firstSeen: now, lastSeen: now, openSince: now, occurrences: 1, firstCount: evidence.count }
  const returned = entry.openSince === undefined
  return {
    // The first time and the fuller text stay: older kubelets repeat a failed pull without its reason.
    evidence: { ...evidence, at: evidence.class === 'B' ? evidence.at : entry.evidence.at },
    firstSeen: entry.firstSeen,
    lastSeen: now,
    openSince: entry.openSince ?? now,
    occurrences: entry.occurrences + (returned ? 1 : 0),
    firstCount: entry.firstCount,
  }
}

/** Exits that count against this release. */
export function countedExits(ledger: Ledger, evidence: Evidence): number {
  return evidence.count - (ledger.forgiven.get(slotKey(evidence)) ?? 0)
}

type OpenEntry = Entry & { readonly openSince: Instant }

// Asked for each subject in turn: of hundreds of subjects each would else go through the entries of all.
const openBySubject = new WeakMap<Ledger['entries'], ReadonlyMap<string, readonly OpenEntry[]>>()

/** Entries that hold now, of one subject or of all. */
export function openEntries({ entries }: Ledger, subject?: string): readonly OpenEntry[] {
  const open = (): OpenEntry[] =>
    [...entries.values()].filter((entry): entry is OpenEntry => entry.openSince !== undefined)
  if (subject === undefined) return open()
  const known = openBySubject.get(entries) ?? Map.groupBy(open(), ({ evidence }) => evidence.subject)
  openBySubject.set(entries, known)
  return known.get(subject) ?? []
}
