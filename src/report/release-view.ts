import type { Cause, Verdict } from '../health/model.ts'
import type { LogExcerpt, ObjectEvent, TimelineEntry, WaveSpan } from '../rollout/model.ts'
import type { Instant } from '../runtime/clock.ts'
import type { Tone } from './document.ts'

/** A release as a report shows it. Plain data; the caller makes it from the gate's result and the release record. */
export interface ReleaseView {
  readonly application: string
  /** Full or short commit. */
  readonly commit?: string
  readonly verdict: Verdict
  /** Why a success is only partial. */
  readonly partial?: string
  /** Present unless the verdict is a success. */
  readonly cause?: Pick<Cause, 'code' | 'blame' | 'confidence' | 'subject' | 'container' | 'says' | 'next'>
  readonly startedAt: Instant
  /** From the start to the verdict. */
  readonly seconds: number
  readonly timeline: readonly TimelineEntry[]
  readonly logs: readonly LogExcerpt[]
  /** The last warnings about the objects of the cause, oldest first. */
  readonly events?: readonly ObjectEvent[]
  readonly waves?: readonly WaveSpan[]
  /** When everything was ready for the last time. */
  readonly readyAt?: Instant
  readonly rollback?: RollbackView
  /** Why the release before was not brought back, a sentence; absent after a success. */
  readonly noRollback?: string
  /** Requests that a probe sent while the release ran. */
  readonly requests?: { readonly total: number; readonly failed: number }
  /** The release that ran before. */
  readonly previous?: { readonly revision: number; readonly commit?: string }
  readonly revision?: number
  readonly cluster?: string
  readonly namespace?: string
  /** As deployed, by digest. */
  readonly images?: readonly string[]
  /** What the apply did to each object. */
  readonly changes?: readonly { readonly object: string; readonly change: string }[]
  readonly actor?: string
  readonly runUrl?: string
  /** The line of the manifests that the cause is about, `k8s/api.yaml:12`, and its web page. */
  readonly place?: { readonly text: string; readonly link?: string }
  /** Where the application answers. */
  readonly url?: string
}

/** How the way back went. */
export interface RollbackView {
  readonly verdict: Verdict
  readonly startedAt: Instant
  readonly seconds: number
  /** 0 for what stood before the first release. */
  readonly toRevision: number
  readonly toCommit?: string
  /** One sentence, unless it is healthy. */
  readonly cause?: string
  /** What could not go back, a sentence each. */
  readonly notes?: readonly string[]
}

/** Where the texts of causes are explained; a path of this repository unless the caller has an address. */
export const troubleshooting = 'docs/troubleshooting.md'

/** Success is only what the gate saw to be healthy. */
export function isSuccess(verdict: Verdict): boolean {
  return verdict === 'healthy' || verdict === 'healthy-partial'
}

/** `Deployment shop/api` → `api` */
export function shortSubject(subject: string): string {
  return subject.slice(Math.max(subject.lastIndexOf('/'), subject.lastIndexOf(' ')) + 1)
}

/** The verdict as a part of a sentence. */
export function sayVerdict(verdict: Verdict): string {
  return verdict === 'healthy-partial' ? 'healthy in part' : verdict
}

/** How a verdict feels at first sight. */
export function toneOf(verdict: Verdict): Tone {
  if (verdict === 'healthy') return 'good'
  if (verdict === 'failed' || verdict === 'stalled') return 'bad'
  return verdict === 'superseded' || verdict === 'cancelled' ? 'neutral' : 'warn'
}
