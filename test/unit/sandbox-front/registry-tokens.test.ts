import { expect, test } from '@jest/globals'
import { nodeCredentials } from '../../../sandbox/front/node-credentials.ts'
import { createRegistryTokens } from '../../../sandbox/front/registry-tokens.ts'
import { createSessions, type Session } from '../../../sandbox/front/sessions.ts'

const time = { now: 1_000_000 }
const now = (): number => time.now
const sessions = createSessions(now)
const key = Buffer.from('a key of this platform')
const build = sessions.open({ name: 'shop-build', id: 'AROA1' }, 'run-7', 3600, [], 0)
const node = sessions.find(nodeCredentials.accessKeyId) as Session

test('a password is good for twelve hours, longer than the session that asked for it', () => {
  const tokens = createRegistryTokens(key, sessions, now)
  const { password, expires } = tokens.issue(build)
  expect(expires).toBe(now() + 12 * 3_600_000)
  time.now = expires - 1
  expect(tokens.find(password)).toBe(build)
  time.now = expires
  expect(tokens.find(password)).toBe('expired')
})

test('a password that was changed or made elsewhere is unknown', () => {
  const tokens = createRegistryTokens(key, sessions, now)
  const { password } = createRegistryTokens(Buffer.from('another key'), sessions, now).issue(build)
  expect(tokens.find(password)).toBeUndefined()
  expect(tokens.find('nonsense')).toBeUndefined()
  expect(tokens.find(tokens.issue(build).password.replace(/^.{40}/, ''))).toBeUndefined()
})

test("the node's password outlives a restart and a reset, because kubelet caches it", () => {
  const { password } = createRegistryTokens(key, sessions, now).issue(node)
  const restarted = createSessions(now)
  const tokens = createRegistryTokens(key, restarted, now)
  restarted.clear()
  tokens.expireAll()
  expect(tokens.find(password)).toMatchObject({ roleName: 'eks-node' })
})

test('passwords can be ended early; new ones are good again', () => {
  const tokens = createRegistryTokens(key, sessions, now)
  const { password } = tokens.issue(build)
  tokens.expireAll()
  expect(tokens.find(password)).toBe('expired')
  expect(tokens.find(tokens.issue(build).password)).toBe(build)
})
