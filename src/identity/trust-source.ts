import { readFile } from 'node:fs/promises'
import { isAbsolute, resolve } from 'node:path'
import type { AmbientCredentials, Context } from '../runtime/context.ts'
import { within } from '../runtime/deadline.ts'
import { UserError, messageOf } from '../runtime/errors.ts'
import { httpSend, type HttpAnswer, type HttpSend } from '../runtime/http.ts'
import type { Role } from './role.ts'
import { NoTrustPolicy, parseTrustPolicy, type TrustPolicy } from './trust/policy.ts'

/** A trust policy that a workflow gives as a file. */
export interface TrustPolicyFile {
  /** As given. */
  readonly path: string
  readonly policy: TrustPolicy
}

/** What is known of a role's trust policy. */
export type TrustRead =
  | { readonly from: 'file'; readonly path: string; readonly policy: TrustPolicy }
  | { readonly from: 'iam'; readonly policy: TrustPolicy }
  /** IAM says that there is no such role in its account. */
  | { readonly from: 'no-role' }
  /** `why` is the end of a sentence. */
  | { readonly from: 'nowhere'; readonly why: string }

/** Reads the file of the input `trust-policy`. Throws UserError: a wrong file is found before any call. */
export async function readTrustPolicyFile(path: string, workspace: string): Promise<TrustPolicyFile> {
  const file = isAbsolute(path) ? path : resolve(workspace, path)
  try {
    return { path, policy: parseTrustPolicy(await readFile(file, 'utf8')) }
  } catch (thrown) {
    const why = thrown instanceof NoTrustPolicy ? thrown.message : unreadable(thrown)
    throw new UserError('input-trust-policy', `trust-policy "${path}" is no trust policy of a role: ${why}.`, {
      todo: 'Give the JSON of the role\'s trust policy ("AssumeRolePolicyDocument"), as `aws iam get-role` shows it.',
      cause: thrown,
    })
  }
}

function unreadable(thrown: unknown): string {
  const absent = typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'ENOENT'
  return absent ? 'there is no such file in the checkout' : `it cannot be read (${messageOf(thrown)})`
}

/** In all: a refusal is explained within three seconds. */
const patienceMs = 1_500

/**
 * The trust policy of `role`: the given file's; else IAM's, when the environment has AWS credentials that may ask
 * (iam:GetRole). One try. Never throws: what is not known is said.
 */
export async function readTrust(
  role: Role,
  given: TrustPolicyFile | undefined,
  { ambientCredentials, clock, signal, mask }: Pick<Context, 'ambientCredentials' | 'clock' | 'signal' | 'mask'>,
  send: HttpSend = httpSend,
): Promise<TrustRead> {
  if (given) return { from: 'file', ...given }
  if (!ambientCredentials)
    return { from: 'nowhere', why: 'no file is given, and this step has no AWS credentials to ask IAM with' }
  mask(ambientCredentials.secretAccessKey)
  if (ambientCredentials.sessionToken !== undefined) mask(ambientCredentials.sessionToken)
  const late = (): Error => new Error(`IAM did not answer within ${patienceMs / 1_000} s`)
  try {
    return await within(
      patienceMs,
      late,
      clock,
      limit => askIam(role, ambientCredentials, clock.now(), send, limit),
      signal,
    )
  } catch (thrown) {
    return { from: 'nowhere', why: `IAM could not be asked: ${messageOf(thrown)}` }
  }
}

async function askIam(
  role: Role,
  credentials: AmbientCredentials,
  now: number,
  send: HttpSend,
  signal: AbortSignal,
): Promise<TrustRead> {
  const { iam, sts, region } = endpointsOf(role.partition)
  const call = (service: string, host: string, query: Readonly<Record<string, string>>): Promise<HttpAnswer> =>
    signedGet({ service, host, region, query, credentials, now }, send, signal)
  const answer = await call('iam', iam, { Action: 'GetRole', RoleName: role.name, Version: '2010-05-08' })
  if (answer.status === 200) return trustIn(answer.body, role)
  const code = textOf(answer.body, 'Code') ?? `HTTP ${answer.status}`
  if (code === 'NoSuchEntity') {
    const caller = await call('sts', sts, { Action: 'GetCallerIdentity', Version: '2011-06-15' })
    // Another account has no such role either.
    if (textOf(caller.body, 'Account') === role.accountId) return { from: 'no-role' }
    return { from: 'nowhere', why: `the AWS credentials of this step belong to another account than ${role.accountId}` }
  }
  const why = code.startsWith('AccessDenied') ? 'they may not call iam:GetRole' : `IAM answers ${code}`
  return { from: 'nowhere', why: `the AWS credentials of this step do not help: ${why}` }
}

function trustIn(body: string, role: Role): TrustRead {
  const document = textOf(body, 'AssumeRolePolicyDocument')
  if (document === undefined || textOf(body, 'Arn') !== role.arn)
    return { from: 'nowhere', why: `IAM knows role ${role.name} under another ARN, so in another account or path` }
  // Text in a query answer is escaped for a URL (RFC 3986), says the IAM reference of GetRole.
  return { from: 'iam', policy: parseTrustPolicy(decodeURIComponent(document)) }
}

interface SignedGet {
  readonly service: string
  readonly host: string
  readonly region: string
  readonly query: Readonly<Record<string, string>>
  readonly credentials: AmbientCredentials
  readonly now: number
}

/** Signed by hand: a client of the AWS SDK for this one question would be larger than the question is worth. */
async function signedGet(
  { service, host, region, query, credentials, now }: SignedGet,
  send: HttpSend,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-crypto/sha256-js'),
  ])
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 })
  const request = { method: 'GET', protocol: 'https:', hostname: host, path: '/', query, headers: { host } }
  const { headers } = await signer.sign(request, { signingDate: new Date(now) })
  return send({ method: 'GET', url: `https://${host}/?${new URLSearchParams(query).toString()}`, headers }, signal)
}

interface Endpoints {
  readonly iam: string
  readonly sts: string
  /** For which both are signed. */
  readonly region: string
}

/** IAM has one endpoint a partition (AWS General Reference, "IAM endpoints and quotas"). */
function endpointsOf(partition: string): Endpoints {
  const at = (region: string, suffix: string, iam = `iam.${region}`): Endpoints => ({
    iam: `${iam}.${suffix}`,
    sts: `sts.${region}.${suffix}`,
    region,
  })
  const others: Readonly<Record<string, Endpoints>> = {
    'aws-cn': at('cn-north-1', 'amazonaws.com.cn'),
    'aws-us-gov': at('us-gov-west-1', 'amazonaws.com', 'iam.us-gov'),
    'aws-eusc': at('eusc-de-east-1', 'amazonaws.eu'),
    'aws-iso': at('us-iso-east-1', 'c2s.ic.gov'),
    'aws-iso-b': at('us-isob-east-1', 'sc2s.sgov.gov'),
    'aws-iso-e': at('eu-isoe-west-1', 'cloud.adc-e.uk'),
    'aws-iso-f': at('us-isof-south-1', 'csp.hci.ic.gov'),
  }
  return others[partition] ?? at('us-east-1', 'amazonaws.com', 'iam')
}

/** Text of the first element `name` in XML; these names occur with text only. */
function textOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text?.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
