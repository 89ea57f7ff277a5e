import { describe, expect, test } from '@jest/globals'
import type { DockerConfig } from '../../../src/registry/docker-config.ts'
import { portableConfig, withLogins } from '../../../src/registry/docker-config.ts'
import { host } from '../../support/images.ts'

const login = { host, user: 'AWS', password: 'secret', expiresAt: new Date(0) }
const auth = Buffer.from('AWS:secret').toString('base64')
const hub = 'https://index.docker.io/v1/'

describe("for Docker's own programs a login", () => {
  test('stands beside other logins and settings', () => {
    const merged = withLogins({ auths: { 'ghcr.io': { auth: 'x' } }, currentContext: 'mine' }, [login])
    expect(merged).toMatchObject({ auths: { 'ghcr.io': { auth: 'x' }, [host]: { auth } }, currentContext: 'mine' })
  })

  test('wins over a credential helper and a global store, which others keep', () => {
    const merged = withLogins({ credsStore: 'desktop', credHelpers: { [host]: 'ecr-login', 'gcr.io': 'gcloud' } }, [
      login,
    ])
    expect(merged).toMatchObject({ credsStore: 'desktop', credHelpers: { [host]: '', 'gcr.io': 'gcloud' } })
  })
})

interface Case {
  readonly what: string
  readonly existing: DockerConfig
  readonly others?: readonly DockerConfig[]
  /** All of the file but the login of ours. */
  readonly gives: DockerConfig
  readonly narrowed?: readonly string[]
}

const cases: readonly Case[] = [
  { what: 'nothing before', existing: {}, gives: { auths: {}, credHelpers: {} } },
  {
    what: 'settings that are no logins',
    existing: { proxies: { default: { httpsProxy: 'http://p' } }, cliPluginsExtraDirs: ['/p'], currentContext: 'mine' },
    gives: {
      proxies: { default: { httpsProxy: 'http://p' } },
      cliPluginsExtraDirs: ['/p'],
      currentContext: 'mine',
      auths: {},
      credHelpers: {},
    },
  },
  {
    what: 'the login of another registry',
    existing: { auths: { 'ghcr.io': { auth: 'x' } } },
    gives: { auths: { 'ghcr.io': { auth: 'x' } }, credHelpers: {} },
  },
  {
    what: 'an older login of the same registry',
    existing: { auths: { [host]: { auth: 'old' } } },
    gives: { auths: {}, credHelpers: {} },
  },
  {
    what: 'the ECR helper for the same registry, which knows no login ("not implemented")',
    existing: { credHelpers: { [host]: 'ecr-login', 'gcr.io': 'gcloud' } },
    gives: { auths: {}, credHelpers: { 'gcr.io': 'gcloud' } },
  },
  {
    what: 'the ECR helper for all registries',
    existing: { credsStore: 'ecr-login' },
    gives: { auths: {}, credHelpers: {} },
    narrowed: ['ecr-login'],
  },
  {
    what: 'a global store with a login in it',
    existing: { credsStore: 'desktop', auths: { [hub]: {}, 'ghcr.io': { auth: 'x' }, 'quay.io': { email: 'a@b' } } },
    gives: {
      auths: { [hub]: {}, 'ghcr.io': { auth: 'x' }, 'quay.io': { email: 'a@b' } },
      credHelpers: { [hub]: 'desktop', 'quay.io': 'desktop' },
    },
    narrowed: ['desktop'],
  },
  {
    what: 'a global store beside helpers, one of them empty ("from the file")',
    existing: {
      credsStore: 'desktop',
      credHelpers: { 'gcr.io': 'gcloud', 'ghcr.io': '' },
      auths: { 'ghcr.io': { auth: 'x' } },
    },
    gives: { auths: { 'ghcr.io': { auth: 'x' } }, credHelpers: { 'gcr.io': 'gcloud' } },
    narrowed: ['desktop'],
  },
  {
    what: 'an identity token instead of a password',
    existing: { credsStore: 'desktop', auths: { 'azurecr.io': { identitytoken: 't' } } },
    gives: { auths: { 'azurecr.io': { identitytoken: 't' } }, credHelpers: {} },
    narrowed: ['desktop'],
  },
  {
    what: 'logins of Podman and Helm, where Docker has none',
    existing: { auths: { 'ghcr.io': { auth: 'docker' } } },
    others: [
      { auths: { 'ghcr.io': { auth: 'helm' }, 'charts.io': { auth: 'helm' } } },
      { auths: { 'quay.io/team': { auth: 'podman' } }, credHelpers: { 'ghcr.io': 'podmans' } },
    ],
    gives: {
      auths: { 'ghcr.io': { auth: 'docker' }, 'charts.io': { auth: 'helm' }, 'quay.io/team': { auth: 'podman' } },
      credHelpers: {},
    },
  },
  {
    what: "settings of another tool's file: they are its own",
    existing: {},
    others: [{ currentContext: 'theirs', credsStore: 'theirs', auths: { 'charts.io': {} } }],
    gives: { auths: { 'charts.io': {} }, credHelpers: { 'charts.io': 'theirs' } },
    narrowed: ['theirs'],
  },
  {
    what: 'something else than a configuration',
    existing: { auths: [], credHelpers: 'x', credsStore: 7 },
    gives: { auths: {}, credHelpers: {} },
  },
]

describe('for all tools a login stands beside', () => {
  test.each(cases)('$what', ({ existing, others = [], gives, narrowed = [] }) => {
    const merged = portableConfig(existing, others, [login])
    const auths = gives['auths'] as Readonly<Record<string, unknown>>
    expect(merged.config).toEqual({ ...gives, auths: { ...auths, [host]: { auth } } })
    expect(merged.narrowed).toEqual(narrowed)
  })

  test('the logins of an earlier step of the job', () => {
    const first = portableConfig({}, [], [{ ...login, host: 'public.ecr.aws' }]).config
    const { auths } = portableConfig(first, [first], [login]).config
    expect(auths).toEqual({ 'public.ecr.aws': { auth }, [host]: { auth } })
  })
})
