import { htmlPage } from '../report/html.ts'
import { releaseLines } from '../report/lines.ts'
import { planLines, planSummary } from '../report/plan-report.ts'
import { releaseReport, releaseSummary } from '../report/release-report.ts'
import { releaseResult } from '../report/result.ts'
import type { ReleaseOutcome } from '../rollout/model.ts'
import type { Outcome } from '../runtime/action.ts'
import type { Context } from '../runtime/context.ts'
import type { Place } from '../runtime/errors.ts'
import { writePage } from '../runtime/files.ts'
import type { Outputs, Summary } from '../runtime/outputs.ts'
import { outputsOf, placeView, succeeded, viewOf } from './release-view.ts'
import type { releaseOutputs } from './shared-inputs.ts'
import { hideIn } from './hide-in.ts'

interface Frame {
  readonly action: string
  readonly cluster: string
  readonly context: Context
  /** The line of the manifests that the cause is about. */
  readonly at?: Place | undefined
  /** Where the application answers. */
  readonly url?: string | undefined
}

interface Leave {
  readonly outputs: Outputs<typeof releaseOutputs>
  readonly summary: Summary
}

/** Leaves what every action with a verdict leaves (outputs, result for programs, report for people), and ends with it. */
export async function concludeRelease(raw: ReleaseOutcome, given: Frame, leave: Leave): Promise<Outcome> {
  const { action, context, cluster, at, url } = given
  const { tempFolder, troubleshooting: docs } = context
  // Files are not masked by anybody else: what a container printed goes into them too.
  const outcome = hideIn(raw, text => context.hide(text))
  const { actor, runUrl } = context.github
  const frame = { action, cluster, actor, runUrl, docs, ...(at && { place: at }) }
  const result = `${JSON.stringify(releaseResult(outcome, frame), undefined, 2)}\n`
  leave.outputs.set({ ...outputsOf(outcome), result: await writePage(tempFolder, 'result.json', result) })
  if (!outcome.result) {
    leave.summary.add(planSummary(outcome))
    return { ok: true, line: planLines(outcome) }
  }
  const judged = viewOf(outcome, outcome.result, context.github, cluster)
  const view = { ...judged, ...(at && { place: placeView(at, context.github) }), ...(url && { url }) }
  leave.summary.add(releaseSummary(view, docs))
  leave.outputs.set({ report: await writePage(tempFolder, 'release.html', htmlPage(releaseReport(view, docs))) })
  return { ok: succeeded(outcome.result), line: releaseLines(view, docs), ...(at && { annotation: at }) }
}
