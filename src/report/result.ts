import type { Cause, Evidence } from '../health/model.ts'
import type { GateResult, ReleaseOutcome, RollbackOutcome } from '../rollout/model.ts'
import type { Place } from '../runtime/errors.ts'
import { isSuccess } from './release-view.ts'

/** Rises when a reader of the format before could stumble over the new one; new fields alone do not raise it. */
const resultVersion = 1

/** What the result says of the run, besides the outcome. */
export interface ResultFrame {
  readonly action: string
  readonly cluster: string
  readonly actor: string
  readonly runUrl: string
  /** Address of the page that explains causes. */
  readonly docs: string
  /** Where the object of the cause stands in the manifests. */
  readonly place?: Place
}

/**
 * A release for programs: docs/result.md and docs/result.schema.json describe it. What is not known, or does not
 * apply, is absent. Times are RFC 3339 in UTC. Pure.
 */
export function releaseResult(outcome: ReleaseOutcome, frame: ResultFrame): object {
  const { result, rollback } = outcome
  return defined({
    version: resultVersion,
    action: frame.action,
    application: outcome.application,
    namespace: outcome.namespace,
    cluster: frame.cluster,
    commit: outcome.commit,
    revision: outcome.revision,
    rollbackTo: outcome.rollbackTo,
    actor: frame.actor,
    runUrl: frame.runUrl,
    dryRun: outcome.dryRun,
    ...(result === undefined ? {} : judged(result, frame)),
    place: frame.place,
    images: outcome.images,
    changes: outcome.changes,
    rollback: rollback && rollbackOf(rollback, frame),
    noRollback: outcome.noRollback,
    notes: outcome.notes,
  })
}

function judged(result: GateResult, frame: ResultFrame): object {
  const { verdict, partial, cause, timeline, evidence, logs, events, waves } = result
  return {
    verdict,
    ok: isSuccess(verdict),
    partial,
    cause: cause && causeOf(cause, frame),
    startedAt: stamp(result.startedAt),
    readyAt: result.readyAt === undefined ? undefined : stamp(result.readyAt),
    endedAt: stamp(result.endedAt),
    seconds: (result.endedAt - result.startedAt) / 1000,
    waves: waves?.map(({ name, from, to }) => ({ name, from: stamp(from), to: stamp(to) })),
    timeline: timeline.map(({ at, ...entry }) => ({ at: stamp(at), ...entry })),
    evidence: evidence.map(evidenceOf),
    logs,
    events: events?.map(({ at, ...event }) => ({ at: stamp(at), ...event })),
  }
}

function causeOf(cause: Cause, { docs }: ResultFrame): object {
  const { code, blame, confidence, subject, container, says, next, firstSeen, lastSeen } = cause
  return defined({
    code,
    blame,
    confidence,
    subject,
    container,
    says,
    next,
    docs: `${docs}#${code}`,
    firstSeen: stamp(firstSeen),
    lastSeen: stamp(lastSeen),
  })
}

function evidenceOf({ code, class: proves, object, subject, container, node, count, at, text }: Evidence): object {
  return defined({ code, class: proves, object, subject, container, node, count, at: stamp(at), text })
}

function rollbackOf({ toRevision, toCommit, verdict, notes, result }: RollbackOutcome, frame: ResultFrame): object {
  return defined({ toRevision, toCommit, outcome: verdict, notes, ...judged(result, frame) })
}

function stamp(at: number): string {
  return new Date(at).toISOString()
}

function defined(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
