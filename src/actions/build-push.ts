import { parseRole } from '../identity/role.ts'
import { ecrPush } from '../identity/session-policy.ts'
import { openSession } from '../identity/session.ts'
import { buildAndPush } from '../image/build-push.ts'
import { buildSummary } from '../report/build-report.ts'
import { buildLines } from '../report/lines.ts'
import { action } from '../runtime/action.ts'
import { within } from '../runtime/deadline.ts'
import { defined } from '../runtime/defined.ts'
import { RemoteError } from '../runtime/errors.ts'
import { buildPush as contract } from './build-push.contract.ts'

export const entry = action(contract, async (given, context, { outputs, summary }) => {
  const { partition, accountId: account } = parseRole(given.role)
  const policy = ecrPush({ partition, account, region: given.region, repositories: [given.repository] })
  const session = await openSession({ role: given.role, region: given.region, policy }, context)
  const { repository, context: folder, dockerfile: file, target, buildArgs, labels, platforms, secrets } = given
  const { cacheFrom, cacheTo, provenance, tags, reuse } = given
  const source = { repository, context: folder, file, target, buildArgs, labels, platforms, secrets }
  const request = defined({ ...source, cacheFrom, cacheTo, provenance, tags, reuse })
  const work = (signal: AbortSignal): ReturnType<typeof buildAndPush> =>
    buildAndPush(request, { session, context: { ...context, signal } })
  const built = await within(given.timeout, () => tooSlow(given.timeout), context.clock, work, context.signal)
  outputs.set({
    image: built.image,
    digest: built.digest,
    tags: built.tags.join(','),
    repositoryUri: built.image.slice(0, built.image.indexOf('@')),
    skipped: built.skipped,
  })
  summary.add(buildSummary(built))
  return { ok: true, line: buildLines(built) }
})

function tooSlow(ms: number): RemoteError {
  return new RemoteError('build-timeout', `The build did not end within ${Math.round(ms / 1000)} s.`, {
    why: 'The step that was running is the last one in the log.',
    todo: 'Raise the input "timeout", or find what makes that step slow.',
  })
}
