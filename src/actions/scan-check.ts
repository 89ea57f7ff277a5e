import { createHash } from 'node:crypto'
import { keepCheckRun } from '../github/check-run.ts'
import { scanCheck } from '../report/scan-check.ts'
import type { Context } from '../runtime/context.ts'
import { messageOf } from '../runtime/errors.ts'
import type { ScanResult } from '../scan/model.ts'
import { adviceOn, repositoryClient } from './repository-client.ts'

interface Given {
  readonly check: 'auto' | 'always' | 'off'
  readonly githubToken: string
}

type CheckContext = Pick<Context, 'clock' | 'github' | 'hide' | 'log' | 'mask' | 'random' | 'troubleshooting'>

/**
 * Shows the verdict as a check of the commit, with notes on the lines of the Dockerfile. Never fails the step: what
 * GitHub refuses is told, and the summary of the run has it all.
 */
export async function checkCommit(given: Given, result: ScanResult, context: CheckContext): Promise<void> {
  const { github, log } = context
  const { check, githubToken: token } = given
  const wanted = check === 'always' || (check === 'auto' && github.pullRequest !== undefined)
  if (!wanted || token === '') return
  const client = repositoryClient(token, context)
  const shown = scanCheck(result, context.troubleshooting)
  // The same job that scans the same image again has the same check. Another image never takes it over: a pass of one
  // target, tag or leg of a matrix would hide the failure of the other.
  const identity = [github.workflow, github.job, result.repository, result.digest].join('\n')
  const externalId = `slipway-scan-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`
  try {
    const outcome = await keepCheckRun(client, {
      ...shown,
      title: context.hide(shown.title),
      summary: context.hide(shown.summary),
      annotations: shown.annotations.map(one => ({
        ...one,
        title: context.hide(one.title),
        message: context.hide(one.message),
      })),
      headSha: github.headSha ?? github.sha,
      externalId,
      detailsUrl: github.runUrl,
    })
    log.debug(`check of ${github.headSha ?? github.sha}: ${outcome}`)
  } catch (thrown) {
    const advice = adviceOn(thrown, 'checks', 'check')
    log.warn(`The commit gets no check of the scan (${messageOf(thrown)}): the report is in the summary.${advice}`)
  }
}
