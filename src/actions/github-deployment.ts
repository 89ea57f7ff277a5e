import { decodeClaims } from '../identity/claims.ts'
import { defaultAudience, parseRole } from '../identity/role.ts'
import { githubClient } from '../github/client.ts'
import type { GitHubClient } from '../github/client.ts'
import { showDeployment, showReturn } from '../github/deployments.ts'
import type { DeploymentEnd, DeploymentRequest, DeploymentState } from '../github/deployments.ts'
import { isSuccess } from '../report/release-view.ts'
import type { GateResult, ReleaseOutcome } from '../rollout/model.ts'
import type { Context } from '../runtime/context.ts'
import { messageOf } from '../runtime/errors.ts'
import { httpSend } from '../runtime/http.ts'

/** What an action was given that has to do with showing its release on GitHub. */
interface Shown {
  readonly role: string
  readonly githubToken: string
  readonly environment?: string | undefined
  readonly environmentUrl?: string | undefined
  readonly cluster: string
  readonly namespace: string
  readonly application?: string | undefined
}

/** Bound on one call; the first one has the whole release to be made in. */
const patienceMs = 60_000
/** A release that is over does not wait for GitHub longer than this. */
const endMs = 20_000
/** A runner kills a cancelled job 10 s after it was told to end. */
const cancelledEndMs = 5_000

/**
 * Does `work`, shown as a GitHub Deployment that is in progress, and then as what it came to. GitHub is spoken to beside
 * the work, which neither waits for it nor fails with it.
 */
export async function shownOnGitHub(
  given: Shown,
  context: Context,
  work: () => Promise<ReleaseOutcome>,
): Promise<ReleaseOutcome> {
  const begun = clientFor(given, context).then(
    client => client && showDeployment(requestOf(given, context, context.github.sha), client, context.log),
  )
  const end = (how: DeploymentEnd): Promise<void> =>
    inTime(
      begun.then(shown => shown?.end(how)),
      context,
    )
  try {
    const outcome = await work()
    await end(hidden(endOf(outcome), context))
    return outcome
  } catch (thrown) {
    const state = context.signal.aborted ? 'inactive' : 'error'
    await end(hidden({ state, description: messageOf(thrown) }, context))
    throw thrown
  }
}

async function inTime(work: Promise<void>, { clock, log, signal }: Context): Promise<void> {
  const over = new AbortController()
  const late = clock.sleep(signal.aborted ? cancelledEndMs : endMs, over.signal).then(
    () => log.info('GitHub has not answered in time: its page of deployments may not show how this release ended.'),
    () => undefined,
  )
  await Promise.race([work, late])
  over.abort(new Error('GitHub has answered'))
}

function hidden(end: DeploymentEnd, context: Context): DeploymentEnd {
  return { ...end, description: context.hide(end.description) }
}

/** The same for a rollback on demand, which knows only at its end what it brought back. */
export async function returnShownOnGitHub(given: Shown, context: Context, outcome: ReleaseOutcome): Promise<void> {
  const { commit, result } = outcome
  if (commit === undefined || result === undefined) return
  const client = await clientFor(given, context)
  if (client === undefined) return
  const end = {
    state: stateOf(result),
    description: context.hide(`brought back as r${outcome.revision ?? '?'}: ${sentenceOn(result)}`),
  }
  await inTime(showReturn(requestOf(given, context, commit), end, client, context.log), context)
}

/**
 * Undefined when there is no token, or nothing to add: GitHub itself makes a deployment for a job that names an
 * `environment:`, with the end of the job as its status. The job's OIDC token says so (claim `environment`).
 */
async function clientFor({ githubToken: token, role }: Shown, context: Context): Promise<GitHubClient | undefined> {
  const { github, log, clock } = context
  if (token === '') return undefined
  context.mask(token)
  const environment = await environmentOfJob(role, context)
  if (environment !== undefined) {
    log.info(`GitHub shows this job as a deployment to "${environment}" itself; no second one is made.`)
    return undefined
  }
  const { apiUrl, repository } = github
  const ports = { clock, send: httpSend, random: () => context.random() }
  return githubClient({ apiUrl, repository, token, patienceMs }, ports)
}

async function environmentOfJob(role: string, { oidc, signal, log }: Context): Promise<string | undefined> {
  try {
    const token = await oidc.token(defaultAudience(parseRole(role).partition), signal)
    return decodeClaims(token)?.environment
  } catch (thrown) {
    log.debug(`whether this job names an environment is not known: ${messageOf(thrown)}`)
    return undefined
  }
}

function requestOf(given: Shown, { github }: Context, sha: string): DeploymentRequest {
  const { cluster, namespace, environmentUrl, application = namespace } = given
  return {
    application,
    environment: given.environment ?? `${cluster}/${namespace}`,
    sha,
    run: `${github.runId}/${github.runAttempt}/${github.job}/${application}`,
    logUrl: github.runUrl,
    ...(environmentUrl === undefined ? {} : { environmentUrl }),
  }
}

function endOf({ result, rollback }: ReleaseOutcome): DeploymentEnd {
  if (result === undefined) return { state: 'inactive', description: 'nothing was changed' }
  const end = { state: stateOf(result), description: sentenceOn(result) }
  if (rollback === undefined) return end
  const to = `r${rollback.toRevision}`
  if (!isSuccess(rollback.result.verdict))
    return { ...end, description: `NOT rolled back to ${to} · ${end.description}` }
  const told = { ...end, description: `rolled back to ${to} · ${end.description}` }
  return rollback.toCommit === undefined
    ? told
    : { ...told, broughtBack: { sha: rollback.toCommit, description: `active again as ${to}` } }
}

function stateOf({ verdict }: GateResult): DeploymentState {
  if (isSuccess(verdict)) return 'success'
  if (verdict === 'failed' || verdict === 'stalled') return 'failure'
  return verdict === 'unknown' ? 'error' : 'inactive'
}

function sentenceOn({ verdict, cause, startedAt, endedAt }: GateResult): string {
  const after = `${verdict} after ${((endedAt - startedAt) / 1000).toFixed(1)} s`
  return cause === undefined ? after : `${after}: ${cause.says} (${cause.code})`
}
