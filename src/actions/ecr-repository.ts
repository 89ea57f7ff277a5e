import { ecrRepository as repositoryPolicy, withinLimit } from '../identity/session-policy.ts'
import { ecrCall, repositoryAccount } from '../registry/repository/account.ts'
import { ensureRepositories } from '../registry/repository/ensure.ts'
import { indexChildren, lifecyclePreview } from '../registry/repository/preview.ts'
import { repositoryLines, repositorySummary } from '../report/repository-report.ts'
import { action } from '../runtime/action.ts'
import { desiredRepositories } from './desired-repositories.ts'
import { ecrRepository as contract } from './ecr-repository.contract.ts'
import { keptImages } from './kept-images.ts'
import { openStepSession, placeOf, repositoriesAt } from './step-session.ts'

export const entry = action(contract, async (given, context, { outputs, summary }) => {
  const { mode, repositorySettings, keepDigests = [], keepReleases = [] } = given
  const desired = desiredRepositories(repositorySettings)
  const names = desired.map(({ name }) => name)
  const place = placeOf(given)
  // Nobody looks for drift among images.
  const places = mode === 'drift' ? [] : keepReleases
  const clusters = [...new Set(places.map(({ cluster }) => cluster))]
  const keeps = keepDigests.length > 0 || clusters.length > 0
  const policy = withinLimit(repositoriesAt(place, names), repositories =>
    repositoryPolicy({ ...place, repositories, desired, mode, clusters, keeps }),
  )
  const session = await openStepSession(given, policy, context, summary)
  const kept = await keptImages({ digests: keepDigests, places }, session, context)
  const call = ecrCall(session, context)
  const ensured = await ensureRepositories(
    { desired, mode, kept },
    {
      account: repositoryAccount(session, call),
      preview: lifecyclePreview(call, context),
      children: indexChildren(call),
      log: context.log,
    },
  )
  const { verdict, repositories } = ensured
  outputs.set({
    verdict,
    changed: repositories
      .filter(({ exists, differences }) => !exists || differences.length > 0)
      .map(nameOf)
      .join(','),
    created: repositories
      .filter(({ exists }) => !exists)
      .map(nameOf)
      .join(','),
  })
  summary.add(repositorySummary(ensured))
  return { ok: verdict !== 'drifted' && verdict !== 'refused', line: repositoryLines(ensured) }
})

function nameOf({ name }: { readonly name: string }): string {
  return name
}
