/** Fuzzed runs of the built assume-role: STS and GitHub say anything, and repeat the secrets that they were sent. */
import { jwt, mainClaims } from '../unit/identity/jwt.ts'
import { Chance } from '../world/chance.ts'
import { secretOf, spoken, type LeakFound } from './leaks.ts'
import { startLoopback } from './loopback.ts'
import { runBundle } from './run-bundle.ts'

const codes = [
  'AccessDenied',
  'ValidationError',
  'MalformedPolicyDocument',
  'InvalidIdentityToken',
  'RegionDisabledException',
] as const

/** Undefined when nothing is wrong. */
export async function fuzzedBundleRun(seed: number): Promise<LeakFound | undefined> {
  const chance = new Chance(seed)
  const token = jwt({ ...mainClaims, sub: `repo:acme/shop:ref:refs/heads/${secretOf(chance).replaceAll(/\s/g, '-')}` })
  const key = secretOf(chance).replaceAll(/\s/g, '-')
  const bearer = secretOf(chance).replaceAll(/[^\x21-\x7E]/g, 'x')
  const succeeds = chance.sometimes(0.4)
  const echo = spoken(chance.one([token, bearer, key]), chance)
  const sts = await startLoopback((_, response) =>
    succeeds
      ? void response.writeHead(200, { 'content-type': 'text/xml' }).end(credentials(key))
      : void response.writeHead(400, { 'content-type': 'text/xml' }).end(error(chance.one(codes), echo)),
  )
  const oidc = await startLoopback((_, response) => {
    if (chance.sometimes(0.1)) response.writeHead(403).end(echo)
    else response.end(JSON.stringify({ value: token }))
  })
  try {
    const inputs = {
      role: 'arn:aws:iam::111122223333:role/deploy',
      region: 'eu-west-1',
      'sts-endpoint': sts.url,
      expose: succeeds ? 'profile' : 'none',
      'web-identity-token-file': '',
    }
    const run = await runBundle(
      'assume-role',
      inputs,
      {},
      {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${oidc.url}/t?a=b`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
        GITHUB_EVENT_NAME: 'push',
        RUNNER_DEBUG: '1',
      },
    )
    const lines = run.stdout.split('\n')
    const visible = lines.filter(line => !line.startsWith('::add-mask::')).join('\n')
    const left = [visible, run.stderr, run.output, run.summary, run.state, run.env].join('\n')
    // Claims of a token are public, its parts are not.
    const hidden = [...token.split('.').slice(1), bearer, ...(succeeds ? [key] : [])]
    const shown = hidden.find(secret => left.includes(secret))
    if (shown !== undefined) return { seed, where: 'bundle', what: `shows ${JSON.stringify(shown)}` }
    const foreign = lines.filter(
      line => /^[\s\u0085]*::/.test(line) && !/^::(?:add-mask|debug|error|warning|group|endgroup)[ :]/.test(line),
    )
    return foreign.length === 0 ? undefined : { seed, where: 'bundle', what: `a command ${JSON.stringify(foreign[0])}` }
  } finally {
    await Promise.all([sts.close(), oidc.close()])
  }
}

function xml(text: string): string {
  // Control characters cannot be in XML at all.
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[^\t\n\r\u0020-\uFFFD]/gu, '?')
}

function error(code: string, message: string): string {
  return `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${xml(message)}</Message></Error><RequestId>1</RequestId></ErrorResponse>`
}

function credentials(key: string): string {
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA${'X'.repeat(16)}</AccessKeyId><SecretAccessKey>${xml(key)}</SecretAccessKey><SessionToken>${xml(key)}</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
}
