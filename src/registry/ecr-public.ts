import type { Session } from '../identity/model.ts'
import { DeniedError, RemoteError, SlipwayError, messageOf } from '../runtime/errors.ts'
import { awsJson, JsonError, type JsonPorts } from './aws-json.ts'
import { publicHost } from './login-targets.ts'
import { readLogin, type RegistryLogin } from './registry-login.ts'

/** Public ECR has one control plane. */
const service = {
  service: 'ecr-public',
  region: 'us-east-1',
  hostname: 'api.ecr-public.us-east-1.amazonaws.com',
  target: 'SpencerFrontendService',
} as const

export interface PublicPorts extends JsonPorts {
  mask(secret: string): void
}

/** A login for public.ecr.aws, by one call. Throws DeniedError or RemoteError. */
export async function publicLogin(session: Session, ports: PublicPorts): Promise<RegistryLogin> {
  try {
    return read(await awsJson('GetAuthorizationToken', {}, service, session, ports), ports)
  } catch (thrown) {
    ports.signal.throwIfAborted()
    if (thrown instanceof SlipwayError) throw thrown
    throw thrown instanceof JsonError ? refused(thrown, session.roleArn) : unavailable(messageOf(thrown), thrown)
  }
}

function read(answer: unknown, ports: PublicPorts): RegistryLogin {
  const { authorizationData } = answer as {
    authorizationData?: { authorizationToken?: string; expiresAt?: number }
  }
  const { authorizationToken: token, expiresAt } = authorizationData ?? {}
  const at = expiresAt === undefined ? undefined : new Date(expiresAt * 1_000)
  return readLogin({ token, expiresAt: at }, publicHost, secret => ports.mask(secret))
}

function refused({ name, message }: JsonError, roleArn: string): SlipwayError {
  if (/AccessDenied/.test(name)) {
    const action = message.includes('sts:GetServiceBearerToken')
      ? 'sts:GetServiceBearerToken'
      : 'ecr-public:GetAuthorizationToken'
    return new DeniedError('ecr-public-denied', `${roleArn} may not log in to public.ecr.aws: ${action} is missing.`, {
      why: message,
      todo: 'Allow ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken on "*" in the role\'s policy.',
    })
  }
  return unavailable(`${name}: ${message}`)
}

function unavailable(why: string, cause?: unknown): RemoteError {
  return new RemoteError('ecr-public-unavailable', 'Public ECR gave no login.', {
    why,
    todo: `Run the job again; check that the runner reaches ${service.hostname}.`,
    cause,
  })
}
