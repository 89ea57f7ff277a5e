import type { PolicyDocument } from '../identity/model.ts'
import { ecrLogin as loginPolicy, withinLimit, type EcrRepository, type Place } from '../identity/session-policy.ts'
import { openSession } from '../identity/session.ts'
import { leaveLogins } from '../registry/leave-logins.ts'
import { logIn } from '../registry/log-in.ts'
import { loginTargets, type LoginTarget } from '../registry/login-targets.ts'
import { loginLine, loginSummary } from '../report/login-report.ts'
import { action } from '../runtime/action.ts'
import { UserError } from '../runtime/errors.ts'
import type { Given } from '../runtime/inputs.ts'
import { ecrLogin as contract } from './ecr-login.contract.ts'
import { folderState, variablesState } from './ecr-login.post.ts'
import { openStepSession, placeOf, requestOf } from './step-session.ts'

export const entry = action(contract, async (given, context, { outputs, summary, state, later }) => {
  const { access } = given
  const place = placeOf(given)
  const targets = loginTargets(given.registries ?? [], place)
  const policy = policyOf(targets, given, place)
  const session = await (policy === undefined
    ? openSession(await requestOf(given, context), context)
    : openStepSession(given, policy, context, summary))
  const logins = await logIn(targets, session, context)
  const left = await leaveLogins(logins, context)
  state.save(folderState, left.folder)
  state.save(variablesState, JSON.stringify(left.before))
  for (const [name, value] of Object.entries(left.variables)) later.exportVariable(name, value)
  const hosts = targets.map(({ host }) => host)
  const expiresAt = new Date(Math.min(...logins.map(login => login.expiresAt.getTime())))
  outputs.set({
    registry: hosts[0],
    registries: hosts.join(','),
    dockerConfig: left.folder,
    expiresAt: expiresAt.toISOString(),
  })
  const view = { registries: hosts, access, expiresAt }
  summary.add(loginSummary(view))
  return { ok: true, line: loginLine(view) }
})

/** What the login is for: a password may do what the session that asked for it may. */
function policyOf(
  targets: readonly LoginTarget[],
  { access, repositories: names }: Given<typeof contract.inputs>,
  { account: own }: Place,
): PolicyDocument | undefined {
  if (access === 'role') {
    if (names.join() === contract.inputs.repositories.default) return undefined
    throw new UserError('input-repositories', 'repositories is given, and access is "role".', {
      why: 'All that the role may is not about certain repositories.',
      todo: 'Set access to pull or push, or leave repositories out.',
    })
  }
  const repositories = targets.flatMap((target): readonly EcrRepository[] => {
    if (target.kind === 'public') return []
    const { partition, region, account } = target
    return names.map(name => ({ partition, region, account, name }))
  })
  const inPublic = targets.some(({ kind }) => kind === 'public') ? { inPublic: { account: own, names } } : {}
  return withinLimit(repositories, fitting => loginPolicy({ repositories: fitting, access, ...inPublic }))
}
