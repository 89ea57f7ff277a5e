import type { PolicyDocument } from '../identity/model.ts'
import { ecrPush, withinLimit } from '../identity/session-policy.ts'
import { buildAndPush } from '../image/build-push.ts'
import type { BuildRequest } from '../image/model.ts'
import { repositoriesOfBuild } from '../image/repositories.ts'
import { ecrHost } from '../registry/reference.ts'
import { buildSummary } from '../report/build-report.ts'
import { imageResult } from '../report/image-result.ts'
import { buildLines } from '../report/lines.ts'
import { action } from '../runtime/action.ts'
import { within } from '../runtime/deadline.ts'
import type { Context } from '../runtime/context.ts'
import { defined } from '../runtime/defined.ts'
import { RemoteError } from '../runtime/errors.ts'
import { filesBelow, writePage } from '../runtime/files.ts'
import { buildPush as contract } from './build-push.contract.ts'
import { openStepSession, placeOf, repositoriesAt, type StepPlace } from './step-session.ts'

export const entry = action(contract, async (given, context, { outputs, summary }) => {
  const { repository, context: folder, dockerfile: file, target, buildArgs, labels, platforms, secrets } = given
  const { cacheFrom, cacheTo, provenance, tags, reuse, onConflict } = given
  const source = { repository, context: folder, file, target, buildArgs, labels, platforms, secrets }
  const request = defined({ ...source, cacheFrom, cacheTo, provenance, tags, reuse, onConflict })
  const session = await openStepSession(given, await policyOf(request, given, context), context, summary)
  const work = (signal: AbortSignal): ReturnType<typeof buildAndPush> =>
    buildAndPush(request, { session, context: { ...context, signal } })
  const built = await within(given.timeout, () => tooSlow(given.timeout), context.clock, work, context.signal)
  outputs.set({
    image: built.image,
    digest: built.digest,
    tags: built.tags.join(','),
    repositoryUri: built.image.slice(0, built.image.indexOf('@')),
    skipped: built.skipped,
    pushed: built.pushed?.tags.some(({ pushed }) => pushed) ?? !built.skipped,
    digests: JSON.stringify(built.digests),
    result: await writePage(context.tempFolder, 'image.json', `${JSON.stringify(imageResult(built), undefined, 2)}\n`),
  })
  summary.add(buildSummary(built))
  return { ok: true, line: buildLines(built) }
})

/** The login of a build opens one registry: its own repository, and what Dockerfile and caches name there beside it. */
async function policyOf(request: BuildRequest, given: StepPlace, { workspace }: Context): Promise<PolicyDocument> {
  const place = placeOf(given)
  const host = ecrHost(place.account, place.region)
  const { push, pull } = await repositoriesOfBuild(request, host, filesBelow(workspace))
  const written = repositoriesAt(place, push)
  return withinLimit(repositoriesAt(place, pull), read => ecrPush({ push: written, pull: read }))
}

function tooSlow(ms: number): RemoteError {
  return new RemoteError('build-timeout', `The build did not end within ${Math.round(ms / 1000)} s.`, {
    why: 'The step that was running is the last one in the log.',
    todo: 'Raise the input "timeout", or find what makes that step slow.',
  })
}
