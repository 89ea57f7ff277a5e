/**
 * The built assume-role, and then the tools that use what it left: botocore, on which the AWS CLI is built, the AWS SDK
 * for JavaScript, kubectl and Helm. Runs inside the platform.
 */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { partPath } from '../../sandbox/provision/parts.ts'
import { account, cluster, partition, region, roles } from '../../sandbox/world.ts'
import { startJob, type Job } from '../support/job.ts'
import { front } from '../support/step.ts'

jest.setTimeout(60_000)

const name = roles.deploy.slice(roles.deploy.lastIndexOf('/') + 1)
const unique = `chained-${Date.now().toString(36)}`
const jobs: Job[] = []

function job(env: Readonly<Record<string, string>> = {}): Job {
  const started = startJob(env)
  jobs.push(started)
  return started
}

afterEach(() => {
  for (const one of jobs.splice(0)) one.remove()
})

/** What a runner gives every step of a job that may ask for a token. */
async function right(): Promise<Readonly<Record<string, string>>> {
  const grant = await front<{ url: string; token: string }>('POST', '/oidc/grants', { claims: {} })
  return { ACTIONS_ID_TOKEN_REQUEST_URL: grant.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: grant.token }
}

const python = join(partPath('python'), 'bin/python')
const whoAmI = `import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])`

beforeAll(() => {
  // The front plays no metadata service; botocore would look for one before it gives up.
  process.env['AWS_EC2_METADATA_DISABLED'] = 'true'
})

describe('expose: profile', () => {
  test('is a profile for botocore, which gets a session of its own for each run', async () => {
    const one = job()
    const { code, outputs, log } = await one.uses('assume-role', {
      role: roles.deploy,
      region,
      'session-name': 'tools',
    })
    expect([code, outputs]).toMatchObject([0, { profile: 'slipway', 'account-id': account, region }])
    expect(log).toContain('later steps of this job use the AWS profile "slipway"')
    const { code: exit, stdout, stderr } = await one.run(python, ['-c', whoAmI], await right())
    expect([exit, stderr]).toEqual([0, ''])
    expect(stdout.trim()).toBe(`arn:${partition}:sts::${account}:assumed-role/${name}/tools`)
  })

  test('is one for the AWS SDK for JavaScript', async () => {
    const one = job()
    await one.uses('assume-role', { role: roles.deploy, region, profile: 'release' })
    const script = `
      const { fromIni } = await import('@aws-sdk/credential-provider-ini')
      const { accessKeyId, expiration } = await fromIni()()
      console.log(accessKeyId.slice(0, 4), expiration > new Date())`
    const file = resolve('test', `.fromini-${unique}.mjs`)
    writeFileSync(file, script)
    try {
      const { stdout, stderr } = await one.run(process.execPath, [file], await right())
      expect([stdout.trim(), stderr]).toEqual(['ASIA true', ''])
    } finally {
      rmSync(file)
    }
  })

  test('leaves no secret in any file or variable, and nothing but its folder', async () => {
    const one = job()
    const { hidden } = await one.uses('assume-role', { role: roles.deploy, region })
    const folder = join(one.env()['AWS_CONFIG_FILE'] ?? '', '..')
    expect(readdirSync(folder).toSorted()).toEqual(['config', 'request.json'])
    const left =
      JSON.stringify(one.env()) +
      one.state() +
      readdirSync(folder)
        .map(file => readFileSync(join(folder, file), 'utf8'))
        .join('')
    expect(hidden.length).toBeGreaterThan(3)
    for (const secret of hidden) expect(left).not.toContain(secret)
    const logs = await one.end()
    expect(logs.join('')).toBe('0 ')
    expect(existsSync(folder)).toBe(false)
    expect(one.env()).toMatchObject({ AWS_CONFIG_FILE: '', AWS_PROFILE: '' })
  })

  test('is one of several: a job that has two roles names both', async () => {
    const one = job()
    await one.uses('assume-role', { role: roles.build, region, profile: 'build', 'session-name': 'a1' })
    await one.uses('assume-role', { role: roles.deploy, region, profile: 'deploy', 'session-name': 'b1' })
    const both = `import boto3
for name in ('build', 'deploy'): print(boto3.Session(profile_name=name).client('sts').get_caller_identity()['Arn'].split('/', 1)[1])
print(boto3.client('sts').get_caller_identity()['Arn'].split('/', 1)[1])`
    const { stdout, stderr } = await one.run(python, ['-c', both], await right())
    expect([stdout.trim().split('\n'), stderr]).toEqual([['shop-build/a1', `${name}/b1`, `${name}/b1`], ''])
  })

  test('says in one sentence why there are no credentials, when the job may ask for no token any more', async () => {
    const one = job()
    await one.uses('assume-role', { role: roles.deploy, region })
    const { code, stderr } = await one.run(python, ['-c', whoAmI], {
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'push',
    })
    expect(code).toBe(1)
    expect(stderr).toContain('This job may not ask GitHub for an OIDC token.')
    expect(stderr).not.toContain('    at ')
  })
})

describe('expose: env', () => {
  test('gives all of it, and takes it away after the job', async () => {
    const one = job({ AWS_REGION: 'eu-north-1' })
    await one.uses('assume-role', { role: roles.deploy, region, expose: 'env', 'session-name': 'shell' })
    const { stdout } = await one.run(python, ['-c', whoAmI])
    expect(stdout.trim()).toBe(`arn:${partition}:sts::${account}:assumed-role/${name}/shell`)
    await one.end()
    expect(one.env()).toMatchObject({
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_SESSION_TOKEN: '',
      AWS_REGION: 'eu-north-1',
    })
  })

  test('gives nothing when the account is not the one that was meant', async () => {
    const one = job()
    const { code, errors } = await one.uses('assume-role', {
      role: roles.deploy,
      region,
      expose: 'env',
      'allowed-account-ids': '999900001111',
    })
    expect([code, errors.length, one.env()]).toEqual([1, 1, {}])
  })
})

describe('eks-cluster', () => {
  test('is a kubeconfig for kubectl and Helm, which get a token each time', async () => {
    const one = job()
    const { code, outputs } = await one.uses('assume-role', {
      role: roles.deploy,
      region,
      'eks-cluster': cluster.name,
      expose: 'none',
    })
    expect([code, existsSync(outputs['kubeconfig'] ?? '')]).toEqual([0, true])
    expect(Object.keys(one.env())).toEqual(['KUBECONFIG'])
    const env = await right()
    const who = await one.run('kubectl', ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'], env)
    expect([who.code, who.stderr, who.stdout]).toEqual([0, '', expect.stringContaining('slipway-')])
    expect(await one.run('helm', ['list', '--namespace', 'shop', '-q'], env)).toMatchObject({ code: 0, stderr: '' })
    expect(readFileSync(outputs['kubeconfig'] ?? '', 'utf8')).not.toContain('k8s-aws-v1')
  })

  test('does not lose the kubeconfig that the job had', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-kubeconfig-'))
    const mine = join(folder, 'mine')
    writeFileSync(
      mine,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        contexts: [{ name: 'mine', context: { cluster: 'mine', user: 'mine' } }],
        clusters: [],
        users: [],
      }),
    )
    const one = job({ KUBECONFIG: mine })
    await one.uses('assume-role', { role: roles.deploy, region, 'eks-cluster': cluster.name, expose: 'none' })
    const { stdout } = await one.run('kubectl', ['config', 'get-contexts', '-o', 'name'])
    expect(stdout.trim().split('\n').toSorted()).toEqual(['mine', cluster.name])
    rmSync(folder, { recursive: true })
  })
})

test("a session of a token that a file holds is that of GitHub's own", async () => {
  const { token } = await front<{ token: string }>('POST', '/oidc/tokens', {
    claims: {},
    audience: 'sts.amazonaws.com',
  })
  const folder = mkdtempSync(join(tmpdir(), 'slipway-token-'))
  writeFileSync(join(folder, 'token'), token)
  const one = job()
  const inputs = {
    role: roles.deploy,
    region,
    'web-identity-token-file': join(folder, 'token'),
    'session-name': 'file',
  }
  const { code, outputs } = await one.uses('assume-role', inputs)
  expect([code, outputs['assumed-role-arn']]).toEqual([0, `arn:${partition}:sts::${account}:assumed-role/${name}/file`])
  // The token is from the file in later steps as well: they need no right to ask for one.
  const { stdout } = await one.run(python, ['-c', whoAmI])
  expect(stdout).toContain(`${name}/file`)
  rmSync(folder, { recursive: true })
})

describe('a chain of roles', () => {
  const hub = { name: `${unique}-hub`, arn: `arn:${partition}:iam::${account}:role/${unique}-hub` }
  const spoke = { name: `${unique}-spoke`, arn: `arn:${partition}:iam::${account}:role/${unique}-spoke` }

  beforeAll(async () => {
    const policy = (...statements: readonly object[]): object => ({
      Version: '2012-10-17',
      Statement: statements.map(fields => ({ Effect: 'Allow', ...fields })),
    })
    await front('POST', '/seed', {
      account,
      region,
      roles: [
        {
          name: hub.name,
          trust: policy({
            Principal: {
              Federated: `arn:${partition}:iam::${account}:oidc-provider/token.actions.githubusercontent.com`,
            },
            Action: 'sts:AssumeRoleWithWebIdentity',
          }),
          policies: { hop: policy({ Action: ['sts:AssumeRole', 'sts:TagSession'], Resource: spoke.arn }) },
        },
        {
          name: spoke.name,
          trust: policy(
            {
              Principal: { AWS: hub.arn },
              Action: 'sts:AssumeRole',
              Condition: { StringEquals: { 'sts:ExternalId': 'shop-release' } },
            },
            {
              Principal: { AWS: hub.arn },
              Action: 'sts:TagSession',
              Condition: { StringEquals: { 'aws:RequestTag/branch': 'refs/heads/main' } },
            },
          ),
          policies: {},
        },
      ],
    })
  })

  const chain = { role: hub.arn, region, 'role-chain': spoke.arn, 'session-name': 'chain' }
  const full = { ...chain, 'external-id': 'shop-release', 'session-tags': 'branch=claim:ref' }

  test('ends in the last role, by its external id and a tag from the token', async () => {
    const one = job()
    const { code, outputs } = await one.uses('assume-role', full)
    const arn = `arn:${partition}:sts::${account}:assumed-role/${spoke.name}/chain`
    expect([code, outputs['assumed-role-arn']]).toEqual([0, arn])
    const { stdout } = await one.run(python, ['-c', whoAmI], await right())
    expect(stdout.trim()).toBe(arn)
  })

  test.each([
    ['without the external id', 'sts:AssumeRole', { ...chain, 'session-tags': 'branch=claim:ref' }],
    ['with another tag', 'sts:TagSession', { ...full, 'session-tags': 'branch=claim:actor' }],
    ['to a role that does not exist', 'sts:AssumeRole', { ...full, 'role-chain': `${spoke.arn}x` }],
  ])('%s is refused in the words of STS', async (_, action, inputs) => {
    const { code, errors } = await job().uses('assume-role', inputs)
    expect([code, errors.length]).toEqual([1, 1])
    expect(errors[0]).toContain('AWS does not let the session before it assume')
    expect(errors[0]).toContain(`assumed-role/${hub.name}/chain is not authorized to perform: ${action} on resource`)
  })

  test('starts from credentials of the environment as well', async () => {
    const one = job()
    await one.uses('assume-role', { role: hub.arn, region, expose: 'env', 'session-name': 'first' })
    const { code, outputs } = await one.uses('assume-role', {
      role: spoke.arn,
      region,
      source: 'environment',
      'external-id': 'shop-release',
      'session-tags': 'branch=refs/heads/main',
      'session-name': 'second',
      expose: 'none',
    })
    expect([code, outputs['assumed-role-arn']]).toEqual([
      0,
      `arn:${partition}:sts::${account}:assumed-role/${spoke.name}/second`,
    ])
  })
})
