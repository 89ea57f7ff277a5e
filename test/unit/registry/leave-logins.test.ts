import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { leaveLogins } from '../../../src/registry/leave-logins.ts'
import { loginFiles } from '../../../src/runtime/login-files.ts'
import { recordingLog } from '../../support/context.ts'
import { host } from '../../support/images.ts'

const login = { host, user: 'AWS', password: 'secret', expiresAt: new Date(0) }

/** A user with these files in the home folder. */
function user(files: Readonly<Record<string, unknown>> = {}, env: Readonly<Record<string, string>> = {}) {
  const home = mkdtempSync(join(tmpdir(), 'slipway-home-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), typeof content === 'string' ? content : JSON.stringify(content))
  }
  const log = recordingLog()
  const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace('~', home)]))
  const place = { home, platform: 'linux', userId: 4242 } as const
  const context = { loginFiles: loginFiles(variables, place), tempFolder: join(home, 'temp'), log }
  return { home, log, leave: () => leaveLogins([login], context) }
}

const readJson = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8')) as never

describe('logins for later steps', () => {
  test('are in one file, for this user only, that Docker and Podman are led to', async () => {
    const { leave, log } = user()
    const { folder, variables, before } = await leave()
    const file = join(folder, 'config.json')
    expect([statSync(folder).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600])
    expect(readJson(file)).toMatchObject({ auths: { [host]: { auth: expect.any(String) } } })
    expect(variables).toEqual({ DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file })
    expect(before).toEqual({ DOCKER_CONFIG: '', REGISTRY_AUTH_FILE: '' })
    expect(log.lines).toEqual([])
  })

  test('take along what Docker, Podman and Helm had; Helm is led there when it has a file of its own', async () => {
    const { leave, home } = user(
      {
        '.docker/config.json': { auths: { 'ghcr.io': { auth: 'd' } } },
        'run/containers/auth.json': { auths: { 'quay.io': { auth: 'p' } } },
        '.config/helm/registry/config.json': { auths: { [host]: { auth: 'stale' }, 'charts.io': { auth: 'h' } } },
      },
      { XDG_RUNTIME_DIR: '~/run' },
    )
    const { folder, variables, before } = await leave()
    const { auths } = readJson(join(folder, 'config.json')) as { auths: Record<string, { auth: string }> }
    expect(Object.keys(auths).toSorted()).toEqual([host, 'charts.io', 'ghcr.io', 'quay.io'].toSorted())
    expect(auths[host]?.auth).not.toBe('stale')
    expect(variables.HELM_REGISTRY_CONFIG).toBe(join(folder, 'config.json'))
    // Helm takes an empty variable for an empty path.
    expect(before.HELM_REGISTRY_CONFIG).toBe(join(home, '.config/helm/registry/config.json'))
  })

  test('respect where the user keeps things, and say how it was', async () => {
    const { leave, home } = user(
      { 'mine/config.json': { auths: { 'ghcr.io': { auth: 'd' } } }, 'auth.json': { auths: { 'quay.io': {} } } },
      { DOCKER_CONFIG: '~/mine', REGISTRY_AUTH_FILE: '~/auth.json' },
    )
    const { folder, before } = await leave()
    expect(before).toEqual({ DOCKER_CONFIG: join(home, 'mine'), REGISTRY_AUTH_FILE: join(home, 'auth.json') })
    expect(readJson(join(folder, 'config.json'))).toMatchObject({ auths: { 'ghcr.io': { auth: 'd' }, 'quay.io': {} } })
  })

  test('pass over a broken file of another tool with a word, and never over a broken one of Docker', async () => {
    const { leave, log } = user({ 'run/containers/auth.json': '{ broken' }, { XDG_RUNTIME_DIR: '~/run' })
    await leave()
    expect(log.lines).toEqual([expect.stringMatching(/^warning: .*auth\.json is not JSON\. The logins in it are not/)])
    const broken = user({ '.docker/config.json': '{ broken' })
    await expect(broken.leave()).rejects.toMatchObject({ code: 'docker-config' })
    expect(existsSync(join(broken.home, 'temp'))).toBe(false)
  })

  test('say that a global store is asked for known registries only', async () => {
    const { leave, log } = user({ '.docker/config.json': { credsStore: 'ecr-login' } })
    await leave()
    expect(log.lines).toEqual([
      expect.stringContaining('The credential store "ecr-login" is asked for registries only'),
    ])
  })
})

test.each([
  ['HELM_REGISTRY_CONFIG', { HELM_REGISTRY_CONFIG: '/r.json' }, 'linux', '/r.json'],
  ['HELM_CONFIG_HOME', { HELM_CONFIG_HOME: '/helm', XDG_CONFIG_HOME: '/xdg' }, 'linux', '/helm/registry/config.json'],
  ['XDG_CONFIG_HOME', { XDG_CONFIG_HOME: '/xdg' }, 'darwin', '/xdg/helm/registry/config.json'],
  ['macOS', {}, 'darwin', '/home/ada/Library/Preferences/helm/registry/config.json'],
  ['Linux', {}, 'linux', '/home/ada/.config/helm/registry/config.json'],
] as const)('Helm keeps its logins where %s says', (_, env, platform, path) => {
  expect(loginFiles(env, { home: '/home/ada', platform, userId: 1 }).helm).toBe(path)
})

test('Podman keeps its logins in the folder of the session, of the user, or where its variable says', () => {
  const place = { home: '/home/ada', platform: 'linux', userId: 1001 } as const
  expect(loginFiles({}, place).podman).toBe('/run/containers/1001/auth.json')
  expect(loginFiles({ XDG_RUNTIME_DIR: '/run/user/1' }, place).podman).toBe('/run/user/1/containers/auth.json')
  expect(loginFiles({ REGISTRY_AUTH_FILE: '/a.json' }, place).podman).toBe('/a.json')
})
