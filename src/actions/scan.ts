import { ecrScan } from '../identity/session-policy.ts'
import { htmlPage } from '../report/html.ts'
import { scanLines } from '../report/lines.ts'
import { scanReport, scanSummary } from '../report/scan-report.ts'
import { action } from '../runtime/action.ts'
import { defined } from '../runtime/defined.ts'
import { writePage } from '../runtime/files.ts'
import { requireEcrImage, scanImage } from '../scan/scan-image.ts'
import { scan as contract } from './scan.contract.ts'
import { checkCommit } from './scan-check.ts'
import { commentOnPullRequest } from './scan-comment.ts'
import { waiversOf } from './scan-waivers.ts'
import { prepareReportFiles, writeReportFiles } from './scan-report-files.ts'
import { openStepSession, repositoriesOf } from './step-session.ts'

export const entry = action(contract, async (given, context, { outputs, summary }) => {
  const { image, failOn, unrated, timeout: timeoutMs, compareWith } = given
  requireEcrImage(image)
  const waivers = await waiversOf(given, context)
  const files = await prepareReportFiles(given.reports ?? {}, context.workspace)
  const session = await openStepSession(given, ecrScan(repositoriesOf([image])), context, summary)
  const result = await scanImage(
    { image, failOn, unrated, timeoutMs, waivers, ...defined({ compareWith }) },
    { session, context },
  )
  const report = await writePage(context.tempFolder, 'scan.html', htmlPage(scanReport(result, context.troubleshooting)))
  outputs.set({
    report,
    ...(await writeReportFiles(files, result, text => context.hide(text))),
    verdict: result.verdict,
    critical: result.counts.critical,
    high: result.counts.high,
    total: result.findings.length,
    seconds: result.seconds.toFixed(1),
  })
  summary.add(scanSummary(result, context.troubleshooting))
  await checkCommit(given, result, context)
  await commentOnPullRequest(given, result, context)
  return { ok: result.verdict === 'pass', line: scanLines(result, context.troubleshooting) }
})
