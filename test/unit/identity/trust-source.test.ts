import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { parseRole } from '../../../src/identity/role.ts'
import { readTrust, readTrustPolicyFile } from '../../../src/identity/trust-source.ts'
import type { HttpRequest, HttpSend } from '../../../src/runtime/http.ts'
import { SkippingClock } from '../../support/manual-clock.ts'

const role = parseRole('arn:aws:iam::111122223333:role/ci/deploy')
const policy = {
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Principal: { Federated: 'p' }, Action: 'sts:AssumeRoleWithWebIdentity' },
}
const ambientCredentials = { accessKeyId: 'AKIA1', secretAccessKey: 'secret1', sessionToken: 'token1' }

/** Answers by the action of the query. */
function answering(byAction: Readonly<Record<string, readonly [number, string]>>): {
  readonly send: HttpSend
  readonly seen: readonly HttpRequest[]
} {
  const seen: HttpRequest[] = []
  const send: HttpSend = async request => {
    seen.push(request)
    const [status, body] = byAction[new URL(request.url).searchParams.get('Action') ?? ''] ?? [500, '']
    return { status, headers: {}, body }
  }
  return { send, seen }
}

function asking(send: HttpSend, of = role): ReturnType<typeof readTrust> {
  const masked: string[] = []
  const context = {
    ambientCredentials,
    clock: new SkippingClock(),
    signal: new AbortController().signal,
    mask: (secret: string): void => void masked.push(secret),
  }
  return readTrust(of, undefined, context, send).then(read => {
    expect(masked).toEqual(['secret1', 'token1'])
    return read
  })
}

const getRole = (arn: string): string =>
  `<GetRoleResponse><GetRoleResult><Role><Path>/ci/</Path><Arn>${arn}</Arn><AssumeRolePolicyDocument>${encodeURIComponent(JSON.stringify(policy))}</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`
const failed = (code: string): string => `<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`
const callerIn = (account: string): string =>
  `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`

describe("asking IAM for a role's trust policy", () => {
  beforeAll(async () => {
    // jest refuses an import between tests.
    await Promise.all([import('@smithy/signature-v4'), import('@aws-crypto/sha256-js')])
  })

  test('is one signed GET, to the endpoint of the partition', async () => {
    const { send, seen } = answering({ GetRole: [200, getRole(role.arn)] })
    expect(await asking(send)).toMatchObject({
      from: 'iam',
      policy: { statements: [{ principals: { Federated: ['p'] } }] },
    })
    expect(seen).toMatchObject([
      {
        method: 'GET',
        url: 'https://iam.amazonaws.com/?Action=GetRole&RoleName=deploy&Version=2010-05-08',
        headers: {
          authorization: expect.stringMatching(/^AWS4-HMAC-SHA256 Credential=AKIA1\/\d+\/us-east-1\/iam\/aws4_request/),
          'x-amz-security-token': 'token1',
        },
      },
    ])
  })

  test.each([
    ['aws-cn', 'iam.cn-north-1.amazonaws.com.cn'],
    ['aws-us-gov', 'iam.us-gov.amazonaws.com'],
    ['aws-eusc', 'iam.eusc-de-east-1.amazonaws.eu'],
    ['aws-iso-b', 'iam.us-isob-east-1.sc2s.sgov.gov'],
  ])('%s has it at %s', async (partition, host) => {
    const { send, seen } = answering({ GetRole: [403, failed('AccessDenied')] })
    await asking(send, parseRole(role.arn.replace('arn:aws:', `arn:${partition}:`)))
    expect(seen.map(({ url }) => new URL(url).host)).toEqual([host])
  })

  test('finds that there is no such role, in the account of the credentials', async () => {
    const missing = { GetRole: [404, failed('NoSuchEntity')] } as const
    const here = answering({ ...missing, GetCallerIdentity: [200, callerIn('111122223333')] })
    expect(await asking(here.send)).toEqual({ from: 'no-role' })
    const elsewhere = answering({ ...missing, GetCallerIdentity: [200, callerIn('999900001111')] })
    expect(await asking(elsewhere.send)).toMatchObject({
      from: 'nowhere',
      why: expect.stringContaining('another account'),
    })
  })

  test.each<[string, readonly [number, string], string]>([
    ['it may not', [403, failed('AccessDenied')], 'they may not call iam:GetRole'],
    ['the credentials are over', [403, failed('ExpiredToken')], 'IAM answers ExpiredToken'],
    ['something else answers', [502, 'Bad Gateway'], 'IAM answers HTTP 502'],
    [
      'the role of that name is another one',
      [200, getRole('arn:aws:iam::999900001111:role/deploy')],
      'under another ARN',
    ],
    ['the document is none', [200, getRole(role.arn).replace(/%7B.*%7D/, 'x')], 'not JSON'],
  ])('says why it does not know: %s', async (_, answer, why) => {
    const { send } = answering({ GetRole: answer })
    expect(await asking(send)).toMatchObject({ from: 'nowhere', why: expect.stringContaining(why) })
  })

  test('waits no longer than 1.5 s', async () => {
    const never: HttpSend = async (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
    expect(await asking(never)).toEqual({
      from: 'nowhere',
      why: 'IAM could not be asked: IAM did not answer within 1.5 s',
    })
  })

  test('needs credentials', async () => {
    const context = { clock: new SkippingClock(), signal: new AbortController().signal, mask: () => undefined }
    expect(await readTrust(role, undefined, context)).toMatchObject({ from: 'nowhere' })
  })
})

describe('the file of the input trust-policy', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slipway-trust-'))
    await writeFile(join(folder, 'trust.json'), JSON.stringify(policy))
    await writeFile(join(folder, 'wrong.json'), '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}')
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('is asked before IAM', async () => {
    const file = await readTrustPolicyFile('trust.json', folder)
    const { send, seen } = answering({})
    const context = {
      ambientCredentials,
      clock: new SkippingClock(),
      signal: new AbortController().signal,
      mask: () => undefined,
    }
    expect(await readTrust(role, file, context, send)).toMatchObject({ from: 'file', path: 'trust.json' })
    expect(seen).toEqual([])
  })

  test.each([
    ['nowhere.json', /no such file/],
    ['wrong.json', /has no "Principal"/],
  ])('%s is an error of the input', async (path, why) => {
    await expect(readTrustPolicyFile(path, folder)).rejects.toMatchObject({
      code: 'input-trust-policy',
      message: expect.stringMatching(why),
    })
  })
})
