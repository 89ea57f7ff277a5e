import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportAll, exposeSession, type Exposed, type Exposing } from '../../../../src/identity/expose/expose.ts'
import type { Session } from '../../../../src/identity/model.ts'
import { awsFiles } from '../../../../src/runtime/aws-files.ts'
import { recordingLog } from '../../../support/context.ts'

const session: Session = {
  roleArn: 'arn:aws:iam::111122223333:role/deploy',
  accountId: '111122223333',
  partition: 'aws',
  region: 'eu-west-1',
  credentials: async () => ({
    accessKeyId: 'AKIA',
    secretAccessKey: 'secret',
    sessionToken: 'session',
    expiration: new Date(0),
  }),
}
const request = { role: session.roleArn, region: session.region }
const cluster = {
  name: 'prod',
  endpoint: 'https://x.eks.amazonaws.com',
  ca: 'PEM',
  status: 'ACTIVE',
  publicAccess: true,
  publicCidrs: [],
}
let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'expose-test-'))
})
afterEach(() => rm(home, { recursive: true }))

const log = recordingLog()
function expose(change: Partial<Exposing> = {}, env: Readonly<Record<string, string>> = {}): Promise<Exposed> {
  const helper = { node: '/opt/my node/node', script: '/actions/dist/credentials/index.js' }
  const exposing: Exposing = { session, request, exposure: 'profile', profile: 'shop', ...change }
  return exposeSession(exposing, { tempFolder: join(home, 'temp'), awsFiles: awsFiles(env, home), helper, log })
}

/** All that was written, as one text. */
async function written(folder: string): Promise<string> {
  const names = await readdir(folder)
  return (await Promise.all(names.map(name => readFile(join(folder, name), 'utf8')))).join('\n')
}

describe('giving credentials to later steps', () => {
  test('none gives nothing, not even a region', async () => {
    expect(await expose({ exposure: 'none' })).toEqual({ variables: {}, before: {} })
    expect(await readdir(home)).toEqual([])
  })

  test('env prepares credentials and region, and what the region was', async () => {
    expect(await expose({ exposure: 'env' }, { AWS_REGION: 'us-east-1' })).toEqual({
      variables: {
        AWS_ACCESS_KEY_ID: 'AKIA',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_SESSION_TOKEN: 'session',
        AWS_REGION: 'eu-west-1',
        AWS_DEFAULT_REGION: 'eu-west-1',
      },
      before: { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: '' },
    })
  })

  test('profile writes files that only this user can read, without a secret in them', async () => {
    const { folder = '', variables } = await expose()
    const config = join(folder, 'config')
    expect(variables).toEqual({ AWS_CONFIG_FILE: config, AWS_PROFILE: 'shop', AWS_SDK_LOAD_CONFIG: '1' })
    expect(await readFile(config, 'utf8')).toBe(
      `[profile shop]\nregion = eu-west-1\ncredential_process = "/opt/my node/node" /actions/dist/credentials/index.js aws ${folder}/request.json\n`,
    )
    expect(await written(folder)).not.toMatch(/AKIA|secret\b|"session"/)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
  })

  test('profiles that the job had stay beside it, those of an earlier step too', async () => {
    const mine = join(home, 'config')
    await writeFile(mine, '# mine\n[default]\nregion = us-east-1\n')
    const first = await expose({}, { AWS_CONFIG_FILE: mine })
    const second = await expose({ profile: 'other' }, { AWS_CONFIG_FILE: first.variables['AWS_CONFIG_FILE'] ?? '' })
    const text = await readFile(second.variables['AWS_CONFIG_FILE'] ?? '', 'utf8')
    expect(text.match(/^(?:#.*|\[.*\])$/gm)).toEqual(['# mine', '[default]', '[profile shop]', '[profile other]'])
    expect(second.before).toEqual({
      AWS_CONFIG_FILE: first.variables['AWS_CONFIG_FILE'],
      AWS_PROFILE: '',
      AWS_SDK_LOAD_CONFIG: '',
    })
    expect(await readFile(mine, 'utf8')).toBe('# mine\n[default]\nregion = us-east-1\n')
  })

  test('a profile whose name has keys already is refused, and nothing stays behind', async () => {
    const keys = join(home, 'credentials')
    await writeFile(keys, '[shop]\naws_access_key_id = x\n')
    await expect(expose({}, { AWS_SHARED_CREDENTIALS_FILE: keys })).rejects.toMatchObject({ code: 'input-profile' })
    expect(await readdir(join(home, 'temp'))).toEqual([])
  })

  test('keys in the environment are warned of: tools take them before a profile', async () => {
    await expose({}, { AWS_ACCESS_KEY_ID: 'x' })
    expect(log.lines.at(-1)).toContain('AWS_ACCESS_KEY_ID is set for this job')
  })

  test('a cluster gets a kubeconfig before those that the job had, without a token', async () => {
    const {
      folder = '',
      kubeconfig = '',
      variables,
    } = await expose({ exposure: 'none', cluster }, { KUBECONFIG: '/mine' })
    expect(variables).toEqual({ KUBECONFIG: `${kubeconfig}:/mine` })
    expect(JSON.parse(await readFile(kubeconfig, 'utf8'))).toMatchObject({
      clusters: [{ cluster: { server: 'https://x.eks.amazonaws.com', 'certificate-authority-data': 'UEVN' } }],
      users: [
        {
          user: {
            exec: {
              command: '/opt/my node/node',
              args: ['/actions/dist/credentials/index.js', 'eks', `${folder}/request.json`, 'prod'],
              interactiveMode: 'Never',
            },
          },
        },
      ],
      'current-context': 'prod',
    })
  })

  test('the request for the helper has the variables of before: it must not find itself', async () => {
    const { folder = '' } = await expose({}, { AWS_PROFILE: 'mine', AWS_CONFIG_FILE: join(home, 'config') })
    expect(JSON.parse(await readFile(join(folder, 'request.json'), 'utf8'))).toEqual({
      version: 1,
      request,
      environment: { AWS_PROFILE: 'mine', AWS_CONFIG_FILE: join(home, 'config') },
    })
  })

  test('credentials that cannot be had export nothing', async () => {
    const broken = { ...session, credentials: () => Promise.reject(new Error('expired')) }
    await expect(expose({ session: broken, exposure: 'env' })).rejects.toThrow('expired')
  })
})

test('an export that fails half-way leaves no half set behind', () => {
  const values: Record<string, string> = {}
  let count = 0
  const exportVariable = (name: string, value: string): void => {
    if (++count === 3) throw new Error('disk full')
    values[name] = value
  }
  expect(() => exportAll({ exportVariable }, { A: '1', B: '2', C: '3' })).toThrow('disk full')
  expect(values).toEqual({ A: '', B: '' })
})
