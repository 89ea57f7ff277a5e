import { describeEksCluster } from '../identity/eks-cluster.ts'
import { exportAll, exposeSession, type Exposed } from '../identity/expose/expose.ts'
import { parseRole } from '../identity/role.ts'
import { defaultSessionName } from '../identity/session-context.ts'
import { openSession } from '../identity/session.ts'
import { action } from '../runtime/action.ts'
import { defined } from '../runtime/defined.ts'
import { sessionRequest } from './assume-role-request.ts'
import { assumeRole as contract } from './assume-role.contract.ts'
import { fingerprintOf, folderState, keyState, variablesState } from './assume-role.post.ts'

export const entry = action(contract, async (given, context, { outputs, state, later }) => {
  const { region, expose: exposure, profile } = given
  const sessionName = given.sessionName ?? defaultSessionName(context.github)
  const request = { ...(await sessionRequest(given, context)), sessionName }
  const session = await openSession(request, context)
  const cluster =
    given.eksCluster === undefined ? undefined : await describeEksCluster(given.eksCluster, session, context.signal)
  const exposed = await exposeSession({ session, request, exposure, profile, ...defined({ cluster }) }, context)
  // Before the first variable: a clean-up must find what a step that is killed has left.
  for (const [name, value] of await stateOf(exposed)) state.save(name, value)
  exportAll(later, exposed.variables)
  outputs.set({
    accountId: session.accountId,
    region,
    assumedRoleArn: sessionArn(session.roleArn, sessionName),
    profile: exposure === 'profile' ? profile : '',
    kubeconfig: exposed.kubeconfig ?? '',
  })
  const kubectl = cluster === undefined ? '' : `, and kubectl reaches cluster ${cluster.name}`
  return { ok: true, line: `✓ assumed ${session.roleArn} · ${sayExposure[exposure](profile)}${kubectl}` }
})

async function stateOf({ folder, before, variables }: Exposed): Promise<readonly (readonly [string, string])[]> {
  const key = variables['AWS_ACCESS_KEY_ID']
  return [
    ...(folder === undefined ? [] : [[folderState, folder] as const]),
    [variablesState, JSON.stringify(before)],
    ...(key === undefined ? [] : [[keyState, await fingerprintOf(key)] as const]),
  ]
}

/** As GetCallerIdentity would say it: the path of the role is left out. */
function sessionArn(role: string, sessionName: string): string {
  const { partition, accountId } = parseRole(role)
  return `arn:${partition}:sts::${accountId}:assumed-role/${role.slice(role.lastIndexOf('/') + 1)}/${sessionName}`
}

const sayExposure = {
  profile: (name: string) => `later steps of this job use the AWS profile "${name}"`,
  env: () => 'later steps of this job find the credentials in their environment',
  none: () => 'no credentials are handed to later steps',
} as const
