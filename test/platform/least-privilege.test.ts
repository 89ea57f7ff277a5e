/**
 * Each preset of src/identity/session-policy.ts against the front, which holds every call to the session policy:
 * it is enough (all that a step does goes through), it is least (the permissions that were checked are exactly those of
 * the preset, and without any one of them something of it fails), and it is narrow (nothing goes through elsewhere).
 * Runs inside the platform.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { attach } from '../../sandbox/platform.ts'
import { account, cluster, hosts, partition, publicAlias, region, roles } from '../../sandbox/world.ts'
import { listAccessEntries } from '../../src/identity/access-entries.ts'
import { describeEksCluster } from '../../src/identity/eks-cluster.ts'
import type { PolicyDocument, PolicyStatement, Session } from '../../src/identity/model.ts'
import { ecrLogin, ecrPush, ecrRepository, ecrScan, eksDeploy } from '../../src/identity/session-policy.ts'
import { openSession } from '../../src/identity/session.ts'
import { buildAndPush } from '../../src/image/build-push.ts'
import { cloudWatchAlarms } from '../../src/platform/alarms.ts'
import { elbTargetHealth } from '../../src/platform/target-groups.ts'
import { portableConfig } from '../../src/registry/docker-config.ts'
import { makeDockerFolder } from '../../src/registry/docker-folder.ts'
import { ecr } from '../../src/registry/ecr.ts'
import { ecrImageCheck } from '../../src/registry/image-check.ts'
import { logIn } from '../../src/registry/log-in.ts'
import { loginTargets, registries } from '../../src/registry/login-targets.ts'
import { ecrCall, repositoryAccount } from '../../src/registry/repository/account.ts'
import type { DesiredRepository } from '../../src/registry/repository/desired.ts'
import { ensureRepositories } from '../../src/registry/repository/ensure.ts'
import { indexChildren, lifecyclePreview } from '../../src/registry/repository/preview.ts'
import type { Context } from '../../src/runtime/context.ts'
import { createExec } from '../../src/runtime/exec.ts'
import { httpGet } from '../../src/runtime/http-get.ts'
import { createOidc } from '../../src/runtime/oidc.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { ecrScanSource } from '../../src/scan/ecr-source.ts'
import { testContext } from '../support/image-context.ts'
import { front } from '../support/step.ts'

jest.setTimeout(90_000)

const unique = `least-${Date.now().toString(36)}`
const own = `shop/${unique}`
const base = `shop/${unique}-base`
const scanned = `shop/${unique}-scanned`
const other = `shop/${unique}-other`
const alarm = `${unique}-alarm`
/** A role that keeps repositories: no other one may. */
const keeper = `arn:${partition}:iam::${account}:role/${unique}-keeper`
const place = { partition, account, region }
const named = (name: string) => ({ ...place, name })
const signal = new AbortController().signal
const folder = mkdtempSync(join(tmpdir(), 'slipway-least-'))
const platform = attach()

/** One thing that a step does. Rejects when it could not be done, or not as well. */
interface Use {
  readonly what: string
  run(session: Session): Promise<unknown>
}

interface Preset {
  readonly name: string
  readonly role: string
  readonly policy: PolicyDocument
  /** The same for another repository or cluster. */
  readonly elsewhere: PolicyDocument
  readonly uses: readonly Use[]
}

let variables: Readonly<Record<string, string>> = {}
let count = 0

/** A real world, but for its log and its run on GitHub: a commit of its own each time. */
function world(): Context {
  const sha = `${Date.now().toString(16)}${(++count).toString(16)}`.padEnd(40, '0')
  const context = testContext({ exec: createExec(process.env) })
  const ports = {
    clock: systemClock,
    random: () => 0.5,
    signal,
    mask: () => {},
    get: httpGet,
    github: { fromFork: false, actor: 'ada', eventName: 'push' },
  }
  return { ...context, clock: systemClock, github: { ...context.github, sha }, oidc: createOidc(variables, ports) }
}

const sessionOf = (role: string, sessionName: string, policy?: PolicyDocument): Promise<Session> =>
  openSession({ role, region, sessionName, ...(policy === undefined ? {} : { policy }) }, world())

/** A Docker configuration as `ecr-login` leaves it. */
async function loggedIn(session: Session, text: string): Promise<string> {
  const targets = loginTargets(registries.parse(text, 'registries'), place)
  const logins = await logIn(targets, session, world())
  return makeDockerFolder(portableConfig({}, [], logins).config, { tempFolder: folder, existing: '/none' })
}

async function crane(config: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await platform.enter('crane', args, { env: { DOCKER_CONFIG: config } })
  if (code !== 0) throw new Error(stderr)
  return stdout
}

/** A layer that no registry has seen. */
async function freshLayer(): Promise<string> {
  const name = `layer-${++count}`
  writeFileSync(join(folder, name), `${unique} ${name}`)
  await platform.enter('tar', ['-C', folder, '-cf', join(folder, `${name}.tar`), name])
  return join(folder, `${name}.tar`)
}

async function pushFresh(config: string, image: string): Promise<void> {
  await crane(config, 'append', '--new_layer', await freshLayer(), '--new_tag', image)
}

/** Builds on a base image that BuildKit does not have yet; again, when it is asked to. */
async function builds(session: Session, repository: string, again: boolean): Promise<void> {
  const tag = `v${++count}`
  const from = `${hosts.registry}/${base}:${tag}`
  await pushFresh(administrator, `${from}-raw`)
  await crane(administrator, 'mutate', `${from}-raw`, '--set-platform', 'linux/amd64', '--tag', from)
  const context = world()
  const workspace = join(folder, `checkout-${count}`)
  mkdirSync(workspace)
  writeFileSync(join(workspace, 'file'), `${unique} ${count}`)
  writeFileSync(join(workspace, 'Dockerfile'), `FROM ${from}\nCOPY file /file\n`)
  const ports = { session, context: { ...context, workspace } }
  expect(await buildAndPush({ repository }, ports)).toMatchObject({ skipped: false })
  if (again) expect(await buildAndPush({ repository }, ports)).toMatchObject({ skipped: true })
}

let administrator = ''
let stored = ''
let targetGroup = ''

beforeAll(async () => {
  const grant = await front<{ url: string; token: string }>('POST', '/oidc/grants', { claims: {} })
  variables = { ACTIONS_ID_TOKEN_REQUEST_URL: grant.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: grant.token }
  const repositories = [own, base, other, scanned].map(name => ({ name, scanOnPush: false }))
  const statements = (...all: readonly object[]) => ({ Version: '2012-10-17', Statement: all })
  const trust = statements({
    Effect: 'Allow',
    Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${hosts.issuer}` },
    Action: 'sts:AssumeRoleWithWebIdentity',
  })
  const may = statements({ Effect: 'Allow', Action: ['ecr:*', 'eks:*'], Resource: '*' })
  const all = [{ name: `${unique}-keeper`, trust, policies: { may } }]
  await front('POST', '/seed', { account, region, roles: all, repositories })
  await front('POST', '/alarms', { name: alarm, state: 'OK' })
  targetGroup = (await front<{ arn: string }>('POST', '/target-groups', { name: unique })).arn
  administrator = await loggedIn(await sessionOf(roles.build, 'administrator'), account)
  await pushFresh(administrator, `${hosts.registry}/${own}:stored`)
  stored = (await crane(administrator, 'digest', `${hosts.registry}/${own}:stored`)).trim()
})
afterAll(() => rmSync(folder, { recursive: true }))

const push: Preset = {
  name: 'build-push',
  role: roles.build,
  policy: ecrPush({ push: [named(own)], pull: [named(base)] }),
  elsewhere: ecrPush({ push: [named(other)], pull: [named(base)] }),
  uses: [
    {
      what: 'a build on a base image of the same registry, and its reuse by the same commit',
      run: session => builds(session, own, true),
    },
  ],
}

const pulls: Use = {
  what: 'pulling',
  run: async session =>
    crane(await loggedIn(session, account), 'pull', `${hosts.registry}/${own}:stored`, join(folder, `${++count}.tar`)),
}
const lists: Use = {
  what: 'listing tags',
  run: async session => crane(await loggedIn(session, account), 'ls', `${hosts.registry}/${own}`),
}

const loginToPush: Preset = {
  name: 'ecr-login to push',
  role: roles.build,
  policy: ecrLogin({ repositories: [named(own)], inPublic: { account, names: [own] }, access: 'push' }),
  elsewhere: ecrLogin({ repositories: [named(other)], inPublic: { account, names: [other] }, access: 'push' }),
  uses: [
    pulls,
    lists,
    {
      what: 'pushing',
      run: async session => pushFresh(await loggedIn(session, account), `${hosts.registry}/${own}:p${++count}`),
    },
    {
      what: 'pushing to public ECR',
      run: async session =>
        pushFresh(await loggedIn(session, 'public.ecr.aws'), `public.ecr.aws/${publicAlias}/${own}:p${++count}`),
    },
  ],
}

const loginToPull: Preset = {
  name: 'ecr-login to pull',
  role: roles.build,
  policy: ecrLogin({ repositories: [named(own)], inPublic: { account, names: [own] }, access: 'pull' }),
  elsewhere: ecrLogin({ repositories: [named(other)], access: 'pull' }),
  uses: [pulls, lists, { what: 'logging in to public ECR', run: session => loggedIn(session, 'public.ecr.aws') }],
}

const scan: Preset = {
  name: 'scan',
  role: roles.build,
  policy: ecrScan([named(scanned)]),
  elsewhere: ecrScan([named(other)]),
  uses: [
    {
      what: 'how the registry scans',
      run: async session =>
        expect(await (await ecrScanSource(session)).settings(scanned, signal)).toEqual({
          type: 'basic',
          frequency: 'manual',
        }),
    },
    {
      what: 'a scan that is started where none ran, and read',
      async run(session) {
        const tag = `s${++count}`
        await pushFresh(administrator, `${hosts.registry}/${scanned}:${tag}`)
        const source = await ecrScanSource(session)
        const manifest = await source.manifest(scanned, { tag }, signal)
        const digest = manifest?.digest ?? ''
        expect(await source.start(scanned, digest, signal)).toBe('started')
        await source.page(scanned, digest, undefined, signal)
      },
    },
  ],
}

const kept = `shop/${unique}-kept`
const rule = (countNumber: number) => ({
  rulePriority: 1,
  selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber } as const,
  action: { type: 'expire' } as const,
})
const statement = (sid: string) => ({
  Statement: [{ Sid: sid, Effect: 'Allow', Principal: '*', Action: 'ecr:BatchGetImage' }],
})

/** The repository as it is wanted first, then otherwise in everything, then without documents. */
const wishes = {
  first: {
    mutability: { tags: 'immutable', except: [] },
    tags: { wish: 'first' },
    policy: statement('first'),
    lifecycle: [rule(1)],
    scanning: 'on-push',
    replication: [{ region: 'eu-central-1' }],
  },
  second: {
    mutability: { tags: 'mutable', except: [] },
    tags: { wish: 'second' },
    policy: statement('second'),
    lifecycle: [rule(2)],
    scanning: 'manual',
    replication: [],
  },
  bare: { policy: 'none', lifecycle: [], scanning: 'on-push', replication: [{ region: 'eu-central-1' }] },
} as const satisfies Readonly<Record<string, Omit<DesiredRepository, 'name'>>>

let lastKept: Promise<unknown> = Promise.resolve()

/** From an account that has nothing of it, or the bare repository; one after the other, because there is one of it. */
function keeps(exists: boolean, ...wanted: readonly (keyof typeof wishes)[]): Use['run'] {
  return session => {
    const work = async (): Promise<void> => {
      const administrate = ecrCall(await sessionOf(keeper, 'keeper'), world())
      const repositoryName = kept
      await administrate('DeleteRepository', { repositoryName, force: true }, ['RepositoryNotFoundException'])
      await administrate('PutRegistryScanningConfiguration', { scanType: 'BASIC', rules: [] })
      await administrate('PutReplicationConfiguration', { replicationConfiguration: { rules: [] } })
      if (exists) {
        await administrate('CreateRepository', { repositoryName })
        for (const tag of ['a', 'b']) await pushFresh(administrator, `${hosts.registry}/${kept}:${tag}`)
      }
      const call = ecrCall(session, world())
      const { log } = world()
      const ports = {
        account: repositoryAccount(session, call),
        preview: lifecyclePreview(call, world()),
        children: indexChildren(call),
        log,
      }
      const stays = [{ digest: stored, because: 'this test' }]
      for (const wish of wanted) {
        const desired = [{ name: kept, ...wishes[wish] }]
        expect(await ensureRepositories({ desired, mode: 'apply', kept: stays }, ports)).toMatchObject({
          verdict: 'applied',
        })
      }
    }
    const mine = lastKept.then(work)
    lastKept = mine.catch(() => undefined)
    return mine
  }
}

/** What a step would be asked for that sets documents and removes them. */
const everything: readonly DesiredRepository[] = Object.values(wishes).map(wish => ({ name: kept, ...wish }))
const keepTo = { ...place, desired: everything, mode: 'apply', clusters: [cluster.name], keeps: true } as const
const repository: Preset = {
  name: 'ecr-repository',
  role: keeper,
  policy: ecrRepository({ ...keepTo, repositories: [named(kept)] }),
  elsewhere: ecrRepository({ ...keepTo, repositories: [named(other)], clusters: ['other'] }),
  uses: [
    { what: 'making a repository', run: keeps(false, 'first') },
    { what: 'changing all of it', run: keeps(true, 'first', 'second') },
    { what: 'removing its documents', run: keeps(true, 'first', 'bare') },
    { what: 'the way to the cluster', run: session => describeEksCluster(cluster.name, session, signal) },
    {
      what: 'its access entries, when it does not know the role',
      run: async session => expect(await listAccessEntries(cluster.name, session, signal)).toBeDefined(),
    },
  ],
}

const deployTo = { ...place, cluster: cluster.name, alarms: true, judged: true }
const deploy: Preset = {
  name: 'deploy, rollback, verify',
  role: roles.deploy,
  policy: eksDeploy({ ...deployTo, repositories: [named(own)] }),
  elsewhere: eksDeploy({ ...deployTo, cluster: 'other', repositories: [named(other)] }),
  uses: [
    { what: 'the way to the cluster', run: session => describeEksCluster(cluster.name, session, signal) },
    {
      what: 'its access entries, when it does not know the role',
      run: async session => expect(await listAccessEntries(cluster.name, session, signal)).toBeDefined(),
    },
    {
      what: 'whether an image is there',
      run: async session =>
        expect(await ecrImageCheck(session).check(`${hosts.registry}/${own}@${stored}`, signal)).toBe('present'),
    },
    {
      what: 'whether it was archived',
      run: async session =>
        expect(await (await ecr(session)).describe(own, stored, signal)).toMatchObject({ status: 'active' }),
    },
    {
      what: 'what a load balancer says',
      run: async session =>
        expect(await elbTargetHealth(session).read(targetGroup, signal)).toMatchObject({ patienceMs: 10_000 }),
    },
    {
      what: 'what alarms say',
      run: async session =>
        expect(await cloudWatchAlarms([alarm], session).read(signal)).toMatchObject([{ state: 'OK' }]),
    },
  ],
}

/** A permission: an action on a resource. */
type Permission = `${string} on ${string}`

function permissionsOf({ Statement }: PolicyDocument): readonly Permission[] {
  return Statement.flatMap(({ Action, Resource }) =>
    [Action].flat().flatMap(action => [Resource].flat().map((arn): Permission => `${action} on ${arn}`)),
  )
}

function without({ Statement, ...policy }: PolicyDocument, permission: Permission): PolicyDocument {
  const rest = Statement.flatMap((statement): readonly PolicyStatement[] => {
    const asked = (action: string): boolean =>
      [statement.Resource].flat().some(arn => `${action} on ${arn}` === permission)
    const actions = [statement.Action].flat().filter(action => !asked(action))
    return actions.length === 0 ? [] : [{ ...statement, Action: actions }]
  })
  return { ...policy, Statement: rest }
}

interface Logged {
  readonly principal?: string
  readonly needs?: readonly { readonly action: string; readonly resource: string }[]
  readonly code?: string
}

/** Requests of sessions of that name since then. */
async function requestsOf(sessionName: string, since: string): Promise<readonly Logged[]> {
  const requests = await front<readonly Logged[]>('GET', `/requests?since=${since}`)
  return requests.filter(({ principal }) => principal?.endsWith(`/${sessionName}`))
}

/** What they were checked for. */
function checkedFor(requests: readonly Logged[]): ReadonlySet<Permission> {
  const all = requests.flatMap(({ needs = [] }) => needs)
  return new Set(all.map(({ action, resource }): Permission => `${action} on ${resource}`))
}

/** What they were refused for: nothing is checked after a refusal. */
function refusedFor(requests: readonly Logged[]): readonly string[] {
  const refused = requests.filter(({ code }) => /^(AccessDenied|DENIED)/.test(code ?? ''))
  return refused.map(({ needs = [] }) => `${needs.at(-1)?.action} on ${needs.at(-1)?.resource}`)
}

describe.each([push, loginToPush, loginToPull, scan, repository, deploy].map(preset => [preset.name, preset] as const))(
  'the session policy of %s',
  (_, { name, role, policy, elsewhere, uses }) => {
    const sessionName = `enough-${name.replaceAll(/\W+/g, '-')}`
    const needs = new Map<Use, ReadonlySet<Permission>>()

    // The first run also loads every client: jest takes no import between tests.
    beforeAll(async () => {
      for (const use of uses) {
        const since = new Date().toISOString()
        const session = `${sessionName}-${needs.size}`
        await use.run(await sessionOf(role, session, policy))
        needs.set(use, checkedFor(await requestsOf(session, since)))
      }
    })

    test('is what its calls were checked for: enough, and nothing that none of them needs', () => {
      const needed = new Set([...needs.values()].flatMap(set => [...set]))
      expect([...needed].toSorted()).toEqual(permissionsOf(policy).toSorted())
    })

    test.each(permissionsOf(policy))('is not enough without %s', async permission => {
      const concerned = uses.filter(one => needs.get(one)?.has(permission))
      const since = new Date().toISOString()
      const less = `less-${++count}`
      const session = await sessionOf(role, less, without(policy, permission))
      const ends = await Promise.allSettled(concerned.map(use => use.run(session)))
      expect(ends.map(({ status }) => status)).toContain('rejected')
      // And for no other reason.
      expect(new Set(refusedFor(await requestsOf(less, since)))).toEqual(new Set([permission]))
    })

    test('opens nothing elsewhere', async () => {
      const session = await sessionOf(role, 'elsewhere', elsewhere)
      const bound = uses.filter(use => [...(needs.get(use) ?? [])].some(permission => !permission.endsWith(' on *')))
      expect(bound.length).toBeGreaterThan(0)
      for (const use of bound) await expect(use.run(session)).rejects.toThrow()
    })
  },
)
