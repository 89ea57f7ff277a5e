import { randomUUID } from 'node:crypto'
import { account } from '../world.ts'
import { awsError, refusal, xmlAnswer } from './aws-errors.ts'
import { callerOf } from './caller.ts'
import { json, send, xml, type Answer, type Exchange } from './http.ts'
import type { RawRequest } from './sigv4.ts'
import { assumeRole, type AssumeRoleWorld } from './assume-role.ts'
import { Refused } from './refused.ts'
import type { Session } from './sessions.ts'
import { assumeRoleWithWebIdentity, type Assumed, type WebIdentityWorld } from './web-identity.ts'

export type StsWorld = WebIdentityWorld & AssumeRoleWorld

/** STS, but what a session may do with it: that is for the general path. Returns undefined for other operations. */
export async function handleSts(
  exchange: Exchange,
  raw: RawRequest,
  parameters: URLSearchParams,
  world: StsWorld,
): Promise<boolean> {
  const action = parameters.get('Action') ?? ''
  if (action === 'AssumeRoleWithWebIdentity') send(exchange, await webIdentity(exchange, parameters, world))
  else if (action === 'AssumeRole') send(exchange, await byCredentials(exchange, raw, parameters, world))
  else if (action === 'GetCallerIdentity') send(exchange, callerIdentity(exchange, raw, world))
  else return false
  return true
}

async function webIdentity(exchange: Exchange, parameters: URLSearchParams, world: WebIdentityWorld): Promise<Answer> {
  try {
    const assumed = await assumeRoleWithWebIdentity(parameters, world)
    exchange.note.principal = assumed.session.arn
    return stsAnswer('AssumeRoleWithWebIdentity', assumedXml(assumed))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    exchange.note.code = error.aws.code
    return awsError('query', error.aws)
  }
}

async function byCredentials(
  exchange: Exchange,
  raw: RawRequest,
  parameters: URLSearchParams,
  world: StsWorld,
): Promise<Answer> {
  const caller = callerOf(raw, world.sessions, world.now())
  try {
    if (caller.refusal !== undefined) return awsError('query', refusal('query', caller.refusal))
    const session = await assumeRole(parameters, caller.session, world)
    exchange.note.principal = caller.session.arn
    return stsAnswer('AssumeRole', element(sessionElements(session)))
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    exchange.note.code = error.aws.code
    return awsError('query', error.aws)
  }
}

function assumedXml({ session, providerArn, subject, audience, packedPolicySize }: Assumed): string {
  return element({
    ...sessionElements(session),
    SubjectFromWebIdentityToken: subject,
    Provider: providerArn,
    Audience: audience,
    ...(packedPolicySize === undefined ? {} : { PackedPolicySize: String(packedPolicySize) }),
  })
}

function sessionElements(session: Session): Elements {
  const token = session.sessionToken ?? ''
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: token,
      Expiration: isoSeconds(session.expires),
    },
    AssumedRoleUser: { AssumedRoleId: session.userId, Arn: session.arn },
    SessionTokenSize: String(token.length),
    SessionTokenUtilization: String(Math.ceil((100 * token.length) / 4096)),
  }
}

/** Also what aws-iam-authenticator asks, with the presigned URL of an EKS token and `Accept: application/json`. */
function callerIdentity(exchange: Exchange, raw: RawRequest, world: WebIdentityWorld): Answer {
  const caller = callerOf(raw, world.sessions, world.now())
  if (caller.refusal !== undefined) {
    const error = refusal('query', caller.refusal)
    exchange.note.code = error.code
    return awsError('query', error)
  }
  const { session } = caller
  exchange.note.principal = session.arn
  const result = { Arn: session.arn, UserId: session.userId, Account: account }
  if (!raw.headers.accept?.includes('application/json')) return stsAnswer('GetCallerIdentity', element(result))
  return json(200, {
    GetCallerIdentityResponse: { GetCallerIdentityResult: result, ResponseMetadata: { RequestId: randomUUID() } },
  })
}

function stsAnswer(action: string, result: string): Answer {
  return xmlAnswer(
    200,
    `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>${result}</${action}Result>` +
      `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`,
  )
}

interface Elements {
  readonly [name: string]: string | Elements
}

function element(parts: Elements): string {
  return Object.entries(parts)
    .map(([name, value]) => `<${name}>${typeof value === 'string' ? xml(value) : element(value)}</${name}>`)
    .join('')
}

function isoSeconds(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
