import { awsError, refusal, type AwsError, type Refusal } from './aws-errors.ts'
import { firstDenial, type Authorizer } from './authorizer.ts'
import { callerOf } from './caller.ts'
import { readBody, send, type Answer, type Exchange, type Need } from './http.ts'
import type { Moto } from './moto.ts'
import { formOf, operationOf, protocolOf, serviceOf, type Operation } from './operations.ts'
import type { Session } from './sessions.ts'
import type { RawRequest } from './sigv4.ts'
import { handleSts } from './sts.ts'
import type { WebIdentityWorld } from './web-identity.ts'

/** What moto does not know or says wrong is answered here; undefined = moto answers. */
export type Override = (operation: Operation, session: Session) => Promise<Answer | undefined> | Answer | undefined
/** Completes an answer of moto's. */
export type Amend = (operation: Operation, answer: Answer) => Promise<Answer> | Answer

export interface AwsWorld extends WebIdentityWorld {
  readonly moto: Moto
  readonly authorizer: Authorizer
  readonly overrides: readonly Override[]
  readonly amends: readonly Amend[]
}

/** Every AWS host name but the registry's: who asks, may they, then the state answers. */
export async function handleAws(exchange: Exchange, world: AwsWorld): Promise<void> {
  const { request, url, host, note } = exchange
  const raw: RawRequest = {
    method: request.method ?? 'GET',
    url,
    headers: request.headers,
    body: await readBody(request),
  }
  const service = serviceOf(host)
  if (!service)
    return send(
      exchange,
      awsError('rest-json', { code: 'UnknownOperationException', message: `no service at ${host}`, status: 404 }),
    )
  note.service = service.iam
  const protocol = protocolOf(service, raw)
  const operation = operationOf(host, raw)
  if (operation) note.operation = operation.name
  if (service.iam === 'sts' && (await handleSts(exchange, raw, formOf(raw), world))) return

  const caller = callerOf(raw, world.sessions, world.now())
  if (caller.refusal !== undefined) return refuse(exchange, protocol, caller.refusal)
  note.principal = caller.session.arn
  if (!operation) {
    const unknown: AwsError = {
      code: 'UnknownOperationException',
      message: `${raw.method} ${url.pathname}`,
      status: 404,
    }
    return send(exchange, awsError(protocol, unknown))
  }
  const denial = await firstDenial(needsOf(operation), caller.session, exchange, world.authorizer)
  if (denial !== undefined) return refuse(exchange, protocol, 'denied', denial)
  send(exchange, await answerOf(operation, caller.session, raw, world))
}

function refuse(exchange: Exchange, protocol: Operation['protocol'], kind: Refusal, sentence?: string): void {
  const error = refusal(protocol, kind, sentence)
  exchange.note.code = error.code
  send(exchange, awsError(protocol, error))
}

/** IAM names a few actions unlike their operations. */
const actionNames: Readonly<Record<string, string>> = {
  's3:ListBuckets': 's3:ListAllMyBuckets',
  'secretsmanager:BatchGetSecretValue': 'secretsmanager:GetSecretValue',
}

/** Actions that an operation needs beside its own. */
const furtherActions: Readonly<Record<string, string>> = {
  'ecr-public:GetAuthorizationToken': 'sts:GetServiceBearerToken',
}

function needsOf({ service, name, resources }: Operation): readonly Need[] {
  const named = `${service}:${name}`
  const further = furtherActions[named]
  const own = resources.map(resource => ({ action: actionNames[named] ?? named, resource }))
  return further === undefined ? own : [...own, { action: further, resource: '*' }]
}

async function answerOf(operation: Operation, session: Session, raw: RawRequest, world: AwsWorld): Promise<Answer> {
  for (const override of world.overrides) {
    const answer = await override(operation, session)
    if (answer) return answer
  }
  // A policy that changes changes decisions.
  if (operation.service === 'iam' && !/^(Get|List)/.test(operation.name)) world.authorizer.clear()
  const headers = Object.entries(raw.headers).map(([name, value]) => [name, String(value)])
  let answer = await world.moto.forward(
    raw.method,
    raw.url.pathname + raw.url.search,
    Object.fromEntries(headers),
    raw.body,
  )
  for (const amend of world.amends) answer = await amend(operation, answer)
  return answer
}
