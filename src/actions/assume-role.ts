import { dirname } from 'node:path'
import { exposeSession } from '../identity/expose.ts'
import { parseRole } from '../identity/role.ts'
import { defaultSessionName } from '../identity/session-context.ts'
import { openSession } from '../identity/session.ts'
import { action } from '../runtime/action.ts'
import { sessionRequest } from './assume-role-request.ts'
import { assumeRole as contract } from './assume-role.contract.ts'
import { folderState } from './assume-role.post.ts'

export const entry = action(contract, async (given, context, { outputs, state, later }) => {
  const { region, expose, profile } = given
  const sessionName = given.sessionName ?? defaultSessionName(context.github)
  const request = { ...(await sessionRequest(given, context)), sessionName }
  const session = await openSession(request, context)
  const [file] = await exposeSession(session, expose, { later, tempFolder: context.tempFolder, profile })
  if (file !== undefined) state.save(folderState, dirname(file))
  outputs.set({
    accountId: session.accountId,
    region,
    assumedRoleArn: sessionArn(session.roleArn, sessionName),
    profile: expose === 'profile' ? profile : '',
  })
  return { ok: true, line: `✓ assumed ${session.roleArn} · ${sayExposure[expose](profile)}` }
})

/** As GetCallerIdentity would say it: the path of the role is left out. */
function sessionArn(role: string, sessionName: string): string {
  const { partition, accountId } = parseRole(role)
  return `arn:${partition}:sts::${accountId}:assumed-role/${role.slice(role.lastIndexOf('/') + 1)}/${sessionName}`
}

const sayExposure = {
  profile: (name: string) => `later steps of this job use the AWS profile "${name}"`,
  env: () => 'later steps of this job find the credentials in their environment',
  none: () => 'nothing is handed to later steps',
} as const
