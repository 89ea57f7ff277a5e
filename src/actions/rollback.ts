import { healthOptions } from '../health/options.ts'
import { eksDeploy } from '../identity/session-policy.ts'
import { connectEks } from '../kubernetes/eks.ts'
import { secondSources } from '../platform/second-sources.ts'
import { rollback } from '../rollout/way-back/rollback.ts'
import { action } from '../runtime/action.ts'
import { concludeRelease } from './conclude-release.ts'
import { rollback as contract } from './rollback.contract.ts'
import { returnShownOnGitHub } from './github-deployment.ts'
import { openTrace } from './release-trace.ts'
import { holderOf } from './release-view.ts'
import { openStepSession, placeOf, repositoriesAt } from './step-session.ts'

export const entry = action(contract, async (given, context, { outputs, summary }) => {
  const place = placeOf(given)
  // Which images the target has is known only from its record, behind this session: any repository of the account.
  const repositories = repositoriesAt(place, ['*'])
  const asked = { alarms: given.alarms !== undefined, judged: !given.dryRun }
  const policy = eksDeploy({ ...place, cluster: given.cluster, repositories, ...asked })
  const session = await openStepSession(given, policy, context, summary)
  const cluster = await connectEks({ cluster: given.cluster, session, namespace: given.namespace, context })
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
      ...healthOptions(given),
      dryRun: given.dryRun,
    },
    { ...context, cluster, access: cluster.doctor, ...secondSources(session, given.alarms), trace },
  )
  outputs.set({ to: outcome.rollbackTo })
  if (!given.dryRun) await returnShownOnGitHub(given, context, outcome)
  const end = { action: contract.name, cluster: given.cluster, context, url: given.environmentUrl }
  return concludeRelease(outcome, end, { outputs, summary })
})
