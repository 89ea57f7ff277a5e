import { parseRole } from '../identity/role.ts'
import { ecrScan } from '../identity/session-policy.ts'
import { openSession } from '../identity/session.ts'
import { parseReference } from '../registry/reference.ts'
import { htmlPage } from '../report/html.ts'
import { scanLines } from '../report/lines.ts'
import { scanReport, scanSummary } from '../report/scan-report.ts'
import { action } from '../runtime/action.ts'
import { writePage } from '../runtime/files.ts'
import { scanImage } from '../scan/scan-image.ts'
import { scan as contract } from './scan.contract.ts'

export const entry = action(contract, async (given, context, { outputs, summary }) => {
  const { partition, accountId: account } = parseRole(given.role)
  const { repository } = parseReference(given.image)
  const policy = ecrScan({ partition, account, region: given.region, repositories: [repository] })
  const session = await openSession({ role: given.role, region: given.region, policy }, context)
  const { image, failOn, unrated, timeout: timeoutMs } = given
  const result = await scanImage({ image, failOn, unrated, timeoutMs }, { session, context })
  const report = await writePage(context.tempFolder, 'scan.html', htmlPage(scanReport(result, context.troubleshooting)))
  outputs.set({
    report,
    verdict: result.verdict,
    critical: result.counts.critical,
    high: result.counts.high,
    total: result.findings.length,
    seconds: result.seconds.toFixed(1),
  })
  summary.add(scanSummary(result, context.troubleshooting))
  return { ok: result.verdict === 'pass', line: scanLines(result, context.troubleshooting) }
})
