import { healthOptions } from '../health/options.ts'
import { eksDeploy, type EcrRepository, type Place } from '../identity/session-policy.ts'
import { connectEks } from '../kubernetes/eks.ts'
import type { KubeObject } from '../kubernetes/model.ts'
import { secondSources } from '../platform/second-sources.ts'
import { readManifests } from '../rollout/render/read-manifests.ts'
import { requireRoomToSoak } from '../rollout/stages.ts'
import type { SubjectQuery } from '../rollout/verify/subject-query.ts'
import { verify } from '../rollout/verify/verify.ts'
import { action } from '../runtime/action.ts'
import type { Context } from '../runtime/context.ts'
import { UserError } from '../runtime/errors.ts'
import { filesBelow } from '../runtime/files.ts'
import type { Given } from '../runtime/inputs.ts'
import { concludeRelease } from './conclude-release.ts'
import { openTrace } from './release-trace.ts'
import { openStepSession, placeOf, repositoriesAt, repositoriesOf } from './step-session.ts'
import { verify as contract } from './verify.contract.ts'

export const entry = action(contract, async (given, context, { outputs, summary }) => {
  requireRoomToSoak({ timeoutMs: given.timeout, soakMs: given.soak })
  const query = await queryOf(given, context)
  const place = placeOf(given)
  // What runs there is known only behind this session: images of any repository of the account may have to be looked up.
  const repositories = [...repositoriesAt(place, ['*']), ...elsewhere(given.expectedImages ?? [], place)]
  const asked = { alarms: given.alarms !== undefined, judged: true }
  const policy = eksDeploy({ ...place, cluster: given.cluster, repositories, ...asked })
  const session = await openStepSession(given, policy, context, summary)
  const cluster = await connectEks({
    cluster: given.cluster,
    session,
    namespace: given.namespace,
    writes: false,
    context,
  })
  const application = given.helmRelease ?? given.namespace
  const trace = openTrace({ ...given, application }, context)
  outputs.set({ trace: trace.path })
  const { namespace, expectedImages = [], timeout: timeoutMs, soak: soakMs } = given
  const outcome = await verify(
    { application, namespace, query, images: expectedImages, timeoutMs, soakMs, ...healthOptions(given) },
    { ...context, cluster, access: cluster.doctor, ...secondSources(session, given.alarms), trace },
  )
  return concludeRelease(outcome, { action: contract.name, cluster: given.cluster, context }, { outputs, summary })
})

/** Repositories of expected images that are in registries of other accounts or regions. */
function elsewhere(images: readonly string[], { account, region }: Place): readonly EcrRepository[] {
  return repositoriesOf(images).filter(one => one.account !== account || one.region !== region)
}

/** The one of the four inputs that says what to judge. */
async function queryOf(given: Given<typeof contract.inputs>, context: Context): Promise<SubjectQuery> {
  const { workloads, selector, helmRelease: release, fromManifests: paths } = given
  const asked: readonly SubjectQuery[] = [
    ...(workloads === undefined ? [] : [{ by: 'name' as const, workloads }]),
    ...(selector === undefined ? [] : [{ by: 'label' as const, selector }]),
    ...(release === undefined ? [] : [{ by: 'helm' as const, release }]),
    ...(paths === undefined ? [] : [{ by: 'manifest' as const, objects: await objectsIn(paths, given, context) }]),
  ]
  const [query, ...others] = asked
  if (query !== undefined && others.length === 0) return query
  throw new UserError(
    'input-workloads',
    `${asked.length === 0 ? 'None' : `${asked.length}`} of the inputs "workloads", "selector", "helm-release" and "from-manifests" ${asked.length === 0 ? 'is' : 'are'} given.`,
    { why: 'One of them says what to judge.', todo: 'Give exactly one, for example workloads: deployment/api.' },
  )
}

async function objectsIn(
  paths: readonly string[],
  { namespace }: Given<typeof contract.inputs>,
  context: Context,
): Promise<readonly KubeObject[]> {
  const request = { input: 'from-manifests', paths, values: [], application: namespace, namespace }
  return (await readManifests(request, { ...context, files: filesBelow(context.workspace) })).objects
}
