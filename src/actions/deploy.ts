import { healthOptions } from '../health/options.ts'
import { eksDeploy, withinLimit } from '../identity/session-policy.ts'
import { connectEks } from '../kubernetes/eks.ts'
import { secondSources } from '../platform/second-sources.ts'
import { deploy } from '../rollout/deploy.ts'
import type { ReleaseOutcome } from '../rollout/model.ts'
import { imagesOf } from '../rollout/set/pin.ts'
import { placeOfCause } from '../rollout/render/cause-place.ts'
import { withPlaces } from '../rollout/render/error-places.ts'
import type { ManifestRequest } from '../rollout/render/model.ts'
import { readManifests } from '../rollout/render/read-manifests.ts'
import { secretValues } from '../rollout/set/secrets.ts'
import { requireRoomToSoak } from '../rollout/stages.ts'
import { action } from '../runtime/action.ts'
import { filesBelow } from '../runtime/files.ts'
import type { Given } from '../runtime/inputs.ts'
import { concludeRelease } from './conclude-release.ts'
import { deploy as contract } from './deploy.contract.ts'
import { shownOnGitHub } from './github-deployment.ts'
import { openTrace } from './release-trace.ts'
import { holderOf, succeeded } from './release-view.ts'
import { openStepSession, placeOf, repositoriesOf } from './step-session.ts'

export const entry = action(contract, async (given, context, { outputs, summary }) => {
  const offline = await readManifests(manifestsOf(given), { ...context, files: filesBelow(context.workspace) })
  for (const secret of secretValues(offline.objects)) context.mask(secret)
  const images = given.images ?? []
  const place = { ...placeOf(given), cluster: given.cluster }
  const asked = { alarms: given.alarms !== undefined, judged: !given.dryRun }
  const policy = withinLimit(repositoriesOf([...images, ...imagesOf(offline.objects)]), repositories =>
    eksDeploy({ ...place, repositories, ...asked }),
  )
  const session = await openStepSession(given, policy, context, summary)
  const cluster = await connectEks({ cluster: given.cluster, session, namespace: given.namespace, context })
  const trace = openTrace(given, context)
  outputs.set({ trace: trace.path })
  const { manifests, objects } = await offline.forVersion(() => cluster.version(context.signal))
  for (const secret of secretValues(objects)) context.mask(secret)
  const release = (): Promise<ReleaseOutcome> =>
    deploy(
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
        ...healthOptions(given),
        rollback: given.rollback,
        dryRun: given.dryRun,
        force: given.forceConflicts,
        takeOwnership: given.takeOwnership,
      },
      { ...context, cluster, access: cluster.doctor, ...secondSources(session, given.alarms), trace },
    )
  const placed = (): Promise<ReleaseOutcome> => withPlaces(manifests, given.namespace, release)
  const outcome = given.dryRun ? await placed() : await shownOnGitHub(given, context, placed)
  const { result, rollback } = outcome
  outputs.set({
    rolledBack: rollback !== undefined && succeeded(rollback.result),
    rollback: rollback?.verdict ?? '',
  })
  const at = placeOfCause(result?.cause, manifests, given.namespace)
  const end = { action: contract.name, cluster: given.cluster, context, at, url: given.environmentUrl }
  return concludeRelease(outcome, end, { outputs, summary })
})

/** What to read, and what it is held against before anybody is asked. */
function manifestsOf(given: Given<typeof contract.inputs>): ManifestRequest {
  const { timeout: timeoutMs, soak: soakMs, namespace, values = [], otherNamespaces = [] } = given
  requireRoomToSoak({ timeoutMs, soakMs })
  const application = given.application ?? namespace
  const check = { otherNamespaces, timeoutMs, soakMs }
  return { input: 'manifests', paths: given.manifests, values, application, namespace, check }
}
