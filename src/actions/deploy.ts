import { parseRole } from '../identity/role.ts'
import { eksDeploy } from '../identity/session-policy.ts'
import { openSession } from '../identity/session.ts'
import { connectEks } from '../kubernetes/eks.ts'
import { ecrImageCheck } from '../registry/image-check.ts'
import { ecrRepositoriesOf } from '../registry/reference.ts'
import { htmlPage } from '../report/html.ts'
import { releaseLines } from '../report/lines.ts'
import { releaseReport, releaseSummary } from '../report/release-report.ts'
import { deploy } from '../rollout/deploy.ts'
import { readManifests } from '../rollout/manifests.ts'
import { imagesOf } from '../rollout/pin.ts'
import { secretValues } from '../rollout/secrets.ts'
import { action } from '../runtime/action.ts'
import { filesBelow, writePage } from '../runtime/files.ts'
import { deploy as contract } from './deploy.contract.ts'
import { openTrace } from './release-trace.ts'
import { holderOf, outputsOf, planLines, succeeded, viewOf } from './release-view.ts'

export const entry = action(contract, async (given, context, { outputs, summary }) => {
  const objects = await readManifests(given.manifests, filesBelow(context.workspace))
  for (const secret of secretValues(objects)) context.mask(secret)
  const images = given.images ?? []
  const { partition, accountId: account } = parseRole(given.role)
  const place = { partition, account, region: given.region }
  const repositories = ecrRepositoriesOf([...images, ...imagesOf(objects)], place)
  const policy = eksDeploy({ ...place, cluster: given.cluster, repositories })
  const session = await openSession({ role: given.role, region: given.region, policy }, context)
  const cluster = await connectEks({ cluster: given.cluster, session, context })
  const trace = openTrace(given, context)
  outputs.set({ trace: trace.path })
  const outcome = await deploy(
    {
      application: given.application ?? given.namespace,
      namespace: given.namespace,
      objects,
      images,
      source: given.manifests.join(' '),
      commit: context.github.sha,
      actor: context.github.actor,
      holder: holderOf(context),
      timeoutMs: given.timeout,
      soakMs: given.soak,
      rollback: given.rollback,
      dryRun: given.dryRun,
      force: given.forceConflicts,
    },
    { ...context, cluster, images: ecrImageCheck(session), trace },
  )
  const { result, rollback } = outcome
  outputs.set({ ...outputsOf(outcome), rolledBack: rollback !== undefined && succeeded(rollback.result) })
  if (!result) return { ok: true, line: planLines(outcome) }
  const view = viewOf(outcome, result, context.github, given.cluster)
  summary.add(releaseSummary(view, context.troubleshooting))
  outputs.set({
    report: await writePage(context.tempFolder, 'release.html', htmlPage(releaseReport(view, context.troubleshooting))),
  })
  return { ok: succeeded(result), line: releaseLines(view, context.troubleshooting) }
})
