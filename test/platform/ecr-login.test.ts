/**
 * The built ecr-login, and then the tools that use what it left: crane, buildx and Helm against the registries of the
 * front, which hold every password to the session behind it. Runs inside the platform.
 */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { account, github, hosts, partition, publicAlias, region, roles } from '../../sandbox/world.ts'
import { startJob, type Job } from '../support/job.ts'
import { front, type Step } from '../support/step.ts'

jest.setTimeout(60_000)

const { registry, registryDualStack } = hosts
const unique = `login-${Date.now().toString(36)}`
const build = { role: roles.build, region }
const bare = `arn:aws:iam::${account}:role/${unique}`
let folder = ''
let layers = ''
const jobs: Job[] = []

const job = (env: Readonly<Record<string, string>> = {}): Job => {
  const started = startJob(env)
  jobs.push(started)
  return started
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-login-'))
  // An image without layers of its own is enough: it has a manifest and a configuration.
  layers = join(folder, 'layer.tar')
  writeFileSync(join(folder, 'file'), unique)
  await job().run('tar', ['-C', folder, '-cf', layers, 'file'])
  const trust = {
    Effect: 'Allow',
    Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${hosts.issuer}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
    Condition: {
      StringLike: { [`${hosts.issuer}:sub`]: `repo:${github.repository}:*` },
      StringEquals: { [`${hosts.issuer}:aud`]: 'sts.amazonaws.com' },
    },
  }
  await front('POST', '/seed', {
    account,
    region,
    roles: [{ name: unique, trust: { Version: '2012-10-17', Statement: [trust] }, policies: {} }],
    repositories: [{ name: `shop/${unique}` }, { name: `shop/${unique}-chart` }],
  })
})
afterEach(() => jobs.splice(0).forEach(one => one.remove()))
afterAll(() => rmSync(folder, { recursive: true }))

const image = (tag: string, host: string = registry): string => `${host}/shop/${unique}:${tag}`
const push = (where: Job, name: string) => where.run('crane', ['append', '--new_layer', layers, '--new_tag', name])

interface Config {
  readonly auths: Readonly<Record<string, { readonly auth: string }>>
}
const configOf = (step: Step): Config =>
  JSON.parse(readFileSync(join(step.outputs['docker-config'] ?? '', 'config.json'), 'utf8')) as Config

/** Command lines of everything that runs, until `work` has ended. */
async function commandsDuring(work: Promise<unknown>): Promise<ReadonlySet<string>> {
  const seen = new Set<string>()
  const running = new Set([work])
  const end = (): void => void running.delete(work)
  work.then(end, end)
  while (running.size > 0) {
    for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
      } catch {
        // It ended meanwhile.
      }
    }
    await sleep(5)
  }
  return seen
}

/** Files below `folder` that hold `text`. */
function filesWith(text: string, below: string): readonly string[] {
  const files = readdirSync(below, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  return files
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter(path => readFileSync(path, 'utf8').includes(text))
}

describe('one login', () => {
  test('opens private registries by all of their names and public ECR, for crane, buildx and Helm', async () => {
    const one = job()
    const login = await one.uses('ecr-login', {
      ...build,
      registries: `${account}, ${registryDualStack}, public.ecr.aws`,
    })
    expect(login).toMatchObject({ code: 0, errors: [], outputs: { registry } })
    expect(login.outputs['registries']).toBe([registry, registryDualStack, 'public.ecr.aws'].join(','))
    expect(Date.parse(login.outputs['expires-at'] ?? '')).toBeGreaterThan(Date.now() + 11 * 3_600_000)

    expect(await push(one, image('crane'))).toMatchObject({ code: 0 })
    expect(await one.run('crane', ['manifest', image('crane', registryDualStack)])).toMatchObject({ code: 0 })
    expect((await one.run('crane', ['ls', `${registry}/shop/${unique}`])).stdout).toContain('crane')
    expect(await push(one, `public.ecr.aws/${publicAlias}/shop/${unique}:crane`)).toMatchObject({ code: 0 })

    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY file /file\n')
    const built = await one.run('buildx', ['build', '--tag', image('buildx'), '--push', folder])
    expect(built).toMatchObject({ code: 0 })

    const chart = join(folder, `${unique}-chart`)
    mkdirSync(chart)
    writeFileSync(join(chart, 'Chart.yaml'), `apiVersion: v2\nname: ${unique}-chart\nversion: 1.0.0\n`)
    expect(await one.run('helm', ['package', chart, '--destination', folder])).toMatchObject({ code: 0 })
    const packed = join(folder, `${unique}-chart-1.0.0.tgz`)
    expect(await one.run('helm', ['push', packed, `oci://${registry}/shop`])).toMatchObject({ code: 0 })
    const shown = await one.run('helm', ['show', 'chart', `oci://${registry}/shop/${unique}-chart`, '--version', '^1'])
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining(`${unique}-chart`) })
  })

  test('leaves its password in one file for this user only, and nowhere else', async () => {
    const one = job()
    const running = one.uses('ecr-login', { ...build, registries: `${account}, public.ecr.aws` })
    const commands = await commandsDuring(running)
    const login = await running
    const file = join(login.outputs['docker-config'] ?? '', 'config.json')
    const auths = Object.values(configOf(login).auths).map(({ auth }) => auth)
    expect(new Set(auths).size).toBe(2)
    for (const auth of auths) {
      const password = Buffer.from(auth, 'base64').toString().slice('AWS:'.length)
      expect(login.hidden).toEqual(expect.arrayContaining([auth, password]))
      const said = [login.log, login.summary, JSON.stringify(login.outputs), JSON.stringify(one.env()), one.state()]
      for (const secret of [auth, password]) {
        expect([...commands, ...said].filter(text => text.includes(secret))).toEqual([])
        expect(filesWith(secret, one.temp)).toEqual(secret === auth ? [file] : [])
      }
    }
    expect([statSync(file).mode & 0o777, statSync(join(file, '..')).mode & 0o777]).toEqual([0o600, 0o700])
    expect(login.summary).toContain('AWS session: 16 actions, nothing else')
  })

  test('may do what it was asked for: pull is no push, and one repository is no other', async () => {
    const writer = job()
    await writer.uses('ecr-login', { ...build, repositories: `shop/${unique}` })
    expect(await push(writer, image('bounded'))).toMatchObject({ code: 0 })
    expect(await push(writer, `${registry}/shop/api:${unique}`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('403 Forbidden'),
    })
    const reader = job()
    await reader.uses('ecr-login', { ...build, access: 'pull' })
    expect(await reader.run('crane', ['pull', image('bounded'), join(folder, 'pulled.tar')])).toMatchObject({ code: 0 })
    expect(await push(reader, image('refused'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('403 Forbidden'),
    })
  })
})

describe('what was there before', () => {
  const helper = '#!/bin/sh\necho "not implemented" >&2\nexit 1\n'

  test("stays: other logins, a helper that would hide ours; after the job the user's own folder counts again", async () => {
    const own = mkdtempSync(join(folder, 'own-'))
    writeFileSync(join(own, 'docker-credential-ecr-login'), helper)
    chmodSync(join(own, 'docker-credential-ecr-login'), 0o755)
    const before = JSON.stringify({
      auths: { 'ghcr.io': { auth: 'eDp5' } },
      credHelpers: { [registry]: 'ecr-login' },
      credsStore: 'ecr-login',
    })
    writeFileSync(join(own, 'config.json'), before)
    const one = job({ DOCKER_CONFIG: own, PATH: `${own}:${process.env['PATH']}` })
    // The trap: the helper is asked for the login that stands in no file.
    expect(await push(one, image('helper'))).toMatchObject({ code: 1 })

    const first = await one.uses('ecr-login', build)
    expect(first.log).toContain('The credential store "ecr-login" is asked for registries only')
    expect(await push(one, image('helper'))).toMatchObject({ code: 0 })
    const second = await one.uses('ecr-login', { ...build, registries: 'public.ecr.aws' })
    expect(Object.keys(configOf(second).auths).toSorted()).toEqual([registry, 'ghcr.io', 'public.ecr.aws'].toSorted())
    expect(await one.run('crane', ['manifest', image('helper')])).toMatchObject({ code: 0 })

    expect(await one.end()).toEqual(['0 ', '0 '])
    expect(one.env()).toMatchObject({ DOCKER_CONFIG: own, REGISTRY_AUTH_FILE: '' })
    // What was compiled is no login: the runner empties the folder after the job.
    expect(readdirSync(one.temp).filter(name => name !== 'slipway-compiled')).toEqual([])
    expect(readFileSync(join(own, 'config.json'), 'utf8')).toBe(before)
  })

  test('is not what jobs beside it see: each has its own, and one that ends takes nothing from the other', async () => {
    const own = mkdtempSync(join(folder, 'shared-'))
    const beside = [job({ DOCKER_CONFIG: own }), job({ DOCKER_CONFIG: own }), job({ DOCKER_CONFIG: own })] as const
    const logins = await Promise.all(beside.map(one => one.uses('ecr-login', build)))
    expect(new Set(logins.map(({ outputs }) => outputs['docker-config'])).size).toBe(3)
    expect(readdirSync(own)).toEqual([])
    const [ends, stays] = beside
    const folders = logins.map(({ outputs }) => outputs['docker-config'] ?? '')
    await ends.end()
    expect(folders.map(path => existsSync(path))).toEqual([false, true, true])
    expect(await push(stays, image('beside'))).toMatchObject({ code: 0 })
  })

  test('is told when a folder cannot be removed, and the job goes on', async () => {
    const one = job()
    const login = await one.uses('ecr-login', build)
    rmSync(login.outputs['docker-config'] ?? '', { recursive: true })
    expect(await one.end()).toEqual(['0 '])
    expect(one.env()['DOCKER_CONFIG']).toBe(process.env['DOCKER_CONFIG'])
  })
})

describe('one clear sentence when', () => {
  test('the role may not log in to private registries', async () => {
    const { code, errors, outputs } = await job().uses('ecr-login', { role: bare, region })
    expect([code, errors.length, outputs]).toEqual([1, 1, {}])
    expect(errors[0]).toContain(`${bare} may not ecr:GetAuthorizationToken.`)
    expect(errors[0]).toContain('on "*"')
  })

  test('the role may not log in to public ECR', async () => {
    const { code, errors } = await job().uses('ecr-login', { role: bare, region, registries: 'public.ecr.aws' })
    expect([code, errors.length]).toEqual([1, 1])
    expect(errors[0]).toContain('may not log in to public.ecr.aws: ecr-public:GetAuthorizationToken is missing.')
  })
})
