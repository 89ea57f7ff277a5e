/** Trouble on the way to a session, played by real servers on the loopback device against the built action. */
import type { ServerResponse } from 'node:http'
import { startLoopback, type Loopback } from './loopback.ts'
import { runBundle, type BundleRun } from './run-bundle.ts'
import { jwt } from '../unit/identity/jwt.ts'

type Answer = (response: ServerResponse, count: number) => void

export interface IdentityFault {
  readonly name: string
  /** Code of the error, or `ok`. */
  readonly expected: string
  /** What the error must say as well. */
  readonly says?: RegExp
  /** Bound from the start of the step to its end, seconds. */
  readonly within: number
  /** Answers of STS; those that end well unless given. */
  readonly sts?: Answer
  readonly oidc?: Answer
  readonly env?: Readonly<Record<string, string>>
  readonly inputs?: Readonly<Record<string, string>>
  /** Requests that must have been made: to GitHub, to STS. */
  readonly calls?: readonly [oidc: number, sts: number]
}

const ok: Answer = response =>
  void response
    .writeHead(200, { 'content-type': 'text/xml' })
    .end(
      `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAFAULTS</AccessKeyId><SecretAccessKey>secret-of-faults</SecretAccessKey><SessionToken>token-of-faults</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/deploy/x</Arn><AssumedRoleId>A:x</AssumedRoleId></AssumedRoleUser></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
    )

function error(status: number, code: string, message: string): Answer {
  return response =>
    void response
      .writeHead(status, { 'content-type': 'text/xml' })
      .end(
        `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`,
      )
}

/** The first `times` requests get `trouble`. */
function first(times: number, trouble: Answer): Answer {
  return (response, count) => (count <= times ? trouble : ok)(response, count)
}

const silent: Answer = () => undefined
const reset: Answer = response => void response.socket?.resetAndDestroy()
const slow: Answer = (response, count) => void setTimeout(() => ok(response, count), 3_000)
const key =
  "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements"
const token: Answer = (response, count) =>
  void response.end(
    JSON.stringify({
      value: jwt({
        iss: 'https://token.actions.githubusercontent.com',
        sub: 'repo:acme/shop:ref:refs/heads/main',
        aud: 'sts.amazonaws.com',
        jti: count,
      }),
    }),
  )
const refusedToken: Answer = response => void response.writeHead(403).end('{}')
const brokenToken: Answer = response => void response.writeHead(500).end('oops')

export const identityFaults: readonly IdentityFault[] = [
  { name: 'nothing is wrong', expected: 'ok', within: 3, calls: [1, 1] },
  {
    name: 'STS answers 500 twice',
    expected: 'ok',
    within: 10,
    sts: first(2, error(500, 'InternalFailure', 'oops')),
    calls: [1, 3],
  },
  {
    name: 'STS answers 503 for ever',
    expected: 'sts-unreachable',
    says: /It was tried several times\./,
    within: 35,
    sts: error(503, 'ServiceUnavailable', 'busy'),
  },
  { name: 'STS throttles twice', expected: 'ok', within: 10, sts: first(2, error(400, 'Throttling', 'Rate exceeded')) },
  {
    name: 'STS throttles for ever',
    expected: 'sts-unreachable',
    says: /Rate exceeded/,
    within: 35,
    sts: error(400, 'Throttling', 'Rate exceeded'),
  },
  { name: 'STS takes the connection and is silent', expected: 'sts-unreachable', within: 35, sts: silent },
  { name: 'STS resets the connection twice', expected: 'ok', within: 10, sts: first(2, reset), calls: [1, 3] },
  { name: 'STS takes three seconds', expected: 'ok', within: 6, sts: slow, calls: [1, 1] },
  {
    name: 'STS cannot fetch the keys of GitHub twice',
    expected: 'ok',
    within: 10,
    sts: first(2, error(400, 'InvalidIdentityToken', key)),
    calls: [1, 3],
  },
  {
    name: 'the token ended while STS was busy',
    expected: 'ok',
    within: 5,
    sts: first(1, error(400, 'ExpiredTokenException', 'Token expired')),
    calls: [2, 2],
  },
  {
    name: 'the role refuses',
    expected: 'role-denied',
    says: /sub=repo:acme\/shop:ref:refs\/heads\/main/,
    within: 4,
    sts: error(403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity'),
    calls: [2, 2],
  },
  {
    name: 'the audience is not known',
    expected: 'oidc-audience',
    within: 3,
    sts: error(400, 'InvalidIdentityToken', 'Incorrect token audience'),
    calls: [1, 1],
  },
  {
    name: 'the session policy is malformed',
    expected: 'session-policy',
    within: 3,
    sts: error(400, 'MalformedPolicyDocument', 'Syntax errors in policy.'),
    calls: [1, 1],
  },
  {
    name: 'GitHub answers 500 twice',
    expected: 'ok',
    within: 10,
    oidc: (response, count) => (count <= 2 ? brokenToken : token)(response, count),
    calls: [3, 1],
  },
  { name: 'GitHub is silent', expected: 'oidc-unreachable', within: 35, oidc: silent, calls: [-1, 0] },
  { name: 'GitHub refuses', expected: 'oidc-refused', within: 3, oidc: refusedToken, calls: [1, 0] },
  {
    name: 'the role of the machine is at hand, and the job may ask for no token',
    expected: 'oidc-permission',
    within: 3,
    env: { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' },
    calls: [0, 0],
  },
  {
    name: 'nothing listens at the proxy',
    expected: 'sts-unreachable',
    says: /through the proxy http:\/\/127\.0\.0\.1:9/,
    within: 35,
    env: { HTTPS_PROXY: 'http://user:pass-of-proxy@127.0.0.1:9' },
    inputs: { 'sts-endpoint': '' },
  },
]

export interface PlayedFault {
  readonly run: BundleRun
  readonly seconds: number
  readonly calls: readonly [oidc: number, sts: number]
  /** Requests to the metadata service of the machine: nobody asked for its role. */
  readonly imds: number
  /** What was not as it must be. */
  readonly wrong: string | undefined
}

/** Runs the built action in front of the servers of a fault. `now` in milliseconds. */
export async function playFault(fault: IdentityFault, now: () => number): Promise<PlayedFault> {
  const counted = (answer: Answer): Promise<Loopback> => {
    let count = 0
    return startLoopback((_, response) => answer(response, ++count))
  }
  const [oidc, sts, imds] = await Promise.all([
    counted(fault.oidc ?? token),
    counted(fault.sts ?? ok),
    counted(response => void response.end('x')),
  ])
  try {
    const since = now()
    const inputs = {
      role: 'arn:aws:iam::111122223333:role/deploy',
      region: 'eu-west-1',
      expose: 'none',
      'sts-endpoint': sts.url,
      ...fault.inputs,
    }
    const run = await runBundle(
      'assume-role',
      inputs,
      {},
      {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${oidc.url}/token?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'bearer-of-faults',
        AWS_EC2_METADATA_SERVICE_ENDPOINT: imds.url,
        GITHUB_ACTIONS: 'true',
        GITHUB_EVENT_NAME: 'push',
        ...fault.env,
      },
    )
    const seconds = (now() - since) / 1_000
    const calls = [oidc.requests.length, sts.requests.length] as const
    const played = { run, seconds, calls, imds: imds.requests.length }
    return { ...played, wrong: wrongIn(fault, played) }
  } finally {
    await Promise.all([oidc, sts, imds].map(server => server.close()))
  }
}

function wrongIn(fault: IdentityFault, { run, seconds, calls, imds }: Omit<PlayedFault, 'wrong'>): string | undefined {
  const text = run.errors.join('\n')
  const code = run.code === 0 ? 'ok' : (/^([a-z-]+): docs\//m.exec(text)?.[1] ?? 'no code')
  if (code !== fault.expected) return `${code} instead of ${fault.expected}: ${text.split('\n')[0] ?? ''}`
  if (fault.says !== undefined && !fault.says.test(text)) return `does not say ${String(fault.says)}: ${text}`
  if (seconds > fault.within) return `after ${seconds.toFixed(1)} s, not within ${fault.within} s`
  if (imds > 0) return 'the metadata service of the machine was asked'
  const visible =
    run.stdout
      .split('\n')
      .filter(line => !line.startsWith('::add-mask::'))
      .join('\n') +
    run.stderr +
    run.output +
    run.summary
  if (/of-faults|pass-of-proxy|eyJ/.test(visible)) return 'a secret is printed'
  const wanted = fault.calls ?? [-1, -1]
  const differs = wanted.some((count, index) => count >= 0 && count !== calls[index])
  return differs ? `${calls.join(' + ')} calls instead of ${wanted.join(' + ')}` : undefined
}
