import { eksToken } from '../identity/eks-token.ts'
import { parseHelperRequest, type HelperRequest } from '../identity/expose/helper-request.ts'
import { openSession } from '../identity/session.ts'
import type { Session } from '../identity/model.ts'
import { UserError } from '../runtime/errors.ts'
import type { Command } from '../runtime/run-command.ts'

/**
 * Stands behind the profile and the kubeconfig that assume-role leaves: gets the session anew each time, from the OIDC
 * token of the job that runs, and prints it for the tool that asked.
 *
 * - `credentials aws FILE`: as `credential_process` of an AWS profile prints it (AWS SDK reference, "Process credential
 *   provider")
 * - `credentials eks FILE CLUSTER`: as an exec plugin of kubectl does (client.authentication.k8s.io/v1)
 */
export const command: Command = async (args, ports) => {
  const [form, file, cluster, ...rest] = args
  const wanted = form === 'eks' ? cluster !== undefined : form === 'aws' && cluster === undefined
  if (!wanted || file === undefined || rest.length > 0) throw usage()
  const text = [...(await ports.readLines(file))].join('\n')
  const session = await openAgain(parseHelperRequest(text, file), ports)
  const credentials = await session.credentials()
  ports.write(
    `${JSON.stringify(form === 'eks' ? await execCredential(session, cluster ?? '', ports) : processCredentials(credentials))}\n`,
  )
  return 0
}

async function openAgain({ request, environment }: HelperRequest, ports: Parameters<Command>[1]): Promise<Session> {
  return openSession(request, await ports.context(environment))
}

function processCredentials(credentials: Awaited<ReturnType<Session['credentials']>>): object {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = credentials
  return {
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: expiration.toISOString(),
  }
}

async function execCredential(session: Session, cluster: string, ports: Parameters<Command>[1]): Promise<object> {
  const { region, partition } = session
  const credentials = await session.credentials()
  const { token, expiresAt } = await eksToken({ credentials, region, partition, cluster, now: ports.now() })
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token, expirationTimestamp: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z') },
  }
}

function usage(): UserError {
  return new UserError('credentials-usage', 'credentials is called by the AWS CLI and kubectl, not by people.', {
    why: 'It prints credentials: assume-role leaves a profile and a kubeconfig that call it.',
    todo: 'Use the profile or the kubeconfig that assume-role leaves.',
  })
}
