import type { ReleaseView, RollbackView } from '../report/release-view.ts'
import { isSuccess } from '../report/release-view.ts'
import type { GateResult, ReleaseOutcome, RollbackOutcome } from '../rollout/model.ts'
import type { Context, GitHubRun } from '../runtime/context.ts'
import { sayPlace, type Place } from '../runtime/errors.ts'

/** Values of the outputs that every releasing action has. */
export interface ReleaseOutputs {
  readonly verdict?: string
  readonly cause?: string
  readonly release?: number
  readonly seconds?: string
}

export function outputsOf({ result, revision }: ReleaseOutcome): ReleaseOutputs {
  return {
    ...(revision === undefined ? {} : { release: revision }),
    ...(result
      ? { verdict: result.verdict, cause: result.cause?.code ?? '', seconds: secondsOf(result).toFixed(1) }
      : {}),
  }
}

export function succeeded(result: GateResult | undefined): boolean {
  return result !== undefined && isSuccess(result.verdict)
}

/**
 * Who holds the lock of an application, for the people and runs that wait for it. Legs of a matrix share run, attempt
 * and job: a few random letters tell them apart.
 */
export function holderOf({ github, random }: Pick<Context, 'github' | 'random'>): string {
  const { runUrl, runAttempt, job } = github
  return `${runUrl}/attempts/${runAttempt} (${job} ${random().toString(36).slice(2, 8)})`
}

/** The line of a file, and its web page at the commit of this run; files that the job made itself have none. */
export function placeView(place: Place, { repository, runUrl, sha }: GitHubRun): NonNullable<ReleaseView['place']> {
  const text = sayPlace(place)
  if (repository === '' || sha === '') return { text }
  const file = place.file.split('/').map(encodeURIComponent).join('/')
  const anchor = place.line === undefined ? '' : `#L${place.line}`
  return { text, link: `${runUrl.split('/actions/')[0]}/blob/${sha}/${file}${anchor}` }
}

/** A judged release as the report shows it. */
export function viewOf(outcome: ReleaseOutcome, result: GateResult, run: GitHubRun, cluster: string): ReleaseView {
  return {
    application: outcome.application,
    verdict: result.verdict,
    startedAt: result.startedAt,
    seconds: secondsOf(result),
    timeline: result.timeline,
    logs: result.logs,
    ...(result.events === undefined ? {} : { events: result.events }),
    ...(result.waves === undefined ? {} : { waves: result.waves }),
    ...(result.readyAt === undefined ? {} : { readyAt: result.readyAt }),
    images: outcome.images,
    changes: outcome.changes.filter(({ change }) => change !== 'none'),
    namespace: outcome.namespace,
    cluster,
    actor: run.actor,
    runUrl: run.runUrl,
    ...(outcome.commit === undefined ? {} : { commit: outcome.commit }),
    ...(outcome.revision === undefined ? {} : { revision: outcome.revision }),
    ...(result.partial === undefined ? {} : { partial: result.partial }),
    ...(result.cause === undefined ? {} : { cause: result.cause }),
    ...(outcome.rollback === undefined ? {} : { rollback: rollbackOf(outcome.rollback) }),
    ...(outcome.noRollback === undefined ? {} : { noRollback: outcome.noRollback }),
  }
}

function rollbackOf({ toRevision, toCommit, result, notes }: RollbackOutcome): RollbackView {
  return {
    verdict: result.verdict,
    startedAt: result.startedAt,
    seconds: secondsOf(result),
    toRevision,
    ...(toCommit === undefined ? {} : { toCommit }),
    ...(result.cause === undefined ? {} : { cause: result.cause.says }),
    ...(notes === undefined ? {} : { notes }),
  }
}

function secondsOf({ startedAt, endedAt }: GateResult): number {
  return (endedAt - startedAt) / 1000
}
