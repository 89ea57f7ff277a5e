import { parseRole } from '../identity/role.ts'
import { eksDeploy } from '../identity/session-policy.ts'
import { openSession } from '../identity/session.ts'
import { connectEks } from '../kubernetes/eks.ts'
import { secondSources } from '../platform/second-sources.ts'
import { htmlPage } from '../report/html.ts'
import { releaseLines } from '../report/lines.ts'
import { planLines, planSummary } from '../report/plan-report.ts'
import { releaseReport, releaseSummary } from '../report/release-report.ts'
import { rollback } from '../rollout/rollback.ts'
import { action } from '../runtime/action.ts'
import { writePage } from '../runtime/files.ts'
import { rollback as contract } from './rollback.contract.ts'
import { openTrace } from './release-trace.ts'
import { holderOf, outputsOf, succeeded, viewOf } from './release-view.ts'

export const entry = action(contract, async (given, context, { outputs, summary }) => {
  const { partition, accountId: account } = parseRole(given.role)
  // Which images the target has is known only from its record, behind this session: any repository of the account.
  const place = { partition, account, region: given.region }
  const alarms = given.alarms !== undefined
  const policy = eksDeploy({ ...place, cluster: given.cluster, repositories: ['*'], alarms })
  const session = await openSession({ role: given.role, region: given.region, policy }, context)
  const cluster = await connectEks({ cluster: given.cluster, session, context })
  const trace = openTrace(given, context)
  outputs.set({ trace: trace.path })
  const outcome = await rollback(
    {
      application: given.application ?? given.namespace,
      namespace: given.namespace,
      ...(given.to === undefined ? {} : { to: given.to }),
      actor: context.github.actor,
      holder: holderOf(context),
      timeoutMs: given.timeout,
      soakMs: given.soak,
      dryRun: given.dryRun,
    },
    { ...context, cluster, ...secondSources(session, given.alarms), trace },
  )
  outputs.set({ ...outputsOf(outcome), to: outcome.rollbackTo })
  if (!outcome.result) {
    summary.add(planSummary(outcome))
    return { ok: true, line: planLines(outcome) }
  }
  const view = viewOf(outcome, outcome.result, context.github, given.cluster)
  summary.add(releaseSummary(view, context.troubleshooting))
  outputs.set({
    report: await writePage(context.tempFolder, 'release.html', htmlPage(releaseReport(view, context.troubleshooting))),
  })
  return { ok: succeeded(outcome.result), line: releaseLines(view, context.troubleshooting) }
})
