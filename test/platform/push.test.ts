/**
 * Our push against the platform's registry: through a proxy that plays faults, killed, raced, and read by others.
 * Runs inside the platform.
 */
import { fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { hosts, region, roles } from '../../sandbox/world.ts'
import { ociRegistry } from '../../src/registry/oci.ts'
import { readLayout } from '../../src/registry/push/layout.ts'
import type { PushResult } from '../../src/registry/push/model.ts'
import type { RegistryLogin } from '../../src/registry/registry-login.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts'
import { startJob, type Job } from '../support/job.ts'
import { makeLayout, type MadeLayout } from '../support/layouts.ts'
import { platformLogin, pushFolder, pushRepository, wrongOutcome } from '../support/platform-push.ts'
import { pushFaults } from '../support/push-faults.ts'

jest.setTimeout(120_000)

const repository = pushRepository
const unique = `push-${Date.now().toString(36)}`
let login: RegistryLogin
let proxy: FaultProxy
let job: Job
let tags = 0

beforeAll(async () => {
  login = await platformLogin()
  proxy = await startFaultProxy(hosts.registry)
  job = startJob()
  await job.uses('ecr-login', { role: roles.build, region })
})
afterEach(() => {
  proxy.fault = undefined
  proxy.calls.splice(0)
})
afterAll(async () => {
  await proxy.close()
  job.remove()
})

const tag = (): string => `${unique}-${++tags}`

function push(layout: MadeLayout, name: string): Promise<PushResult> {
  return pushFolder(layout.folder, name, login, proxy.origin)
}

const crane = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await job.run('crane', args)
  expect([code, code === 0 ? '' : stderr]).toEqual([0, ''])
  return stdout.trim()
}
/** All bytes of an image, as another client reads them: it holds each to its digest. */
async function pull(name: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-pulled-'))
  await crane('pull', '--format=oci', named(name), join(folder, 'image'))
  rmSync(folder, { recursive: true })
}
const named = (name: string): string => `${hosts.registry}/${repository}:${name}`

describe("every fault ends well, or in the registry's own words", () => {
  // Two rows wait for as long as a registry may be in trouble: `npm run bench -- push-faults` plays them.
  const rows = pushFaults().filter(({ name }) => !/for ever|20 times/.test(name))
  test.each(rows.map(row => [row.name, row] as const))('%s', async (_, row) => {
    const layout = makeLayout([randomBytes(6_000_000), randomBytes(5_000)])
    const name = tag()
    proxy.fault = row.fault
    const outcome: unknown = await push(layout, name).catch((thrown: unknown) => thrown)
    expect(wrongOutcome(row, outcome, layout.digest)).toBeUndefined()
    if (row.expected === 'ok') expect(await crane('digest', named(name))).toBe(layout.digest)
  })
})

describe('what we push is read by others, and what they push by us', () => {
  test('an index of two platforms with an attestation has the digests that crane and buildx see', async () => {
    const layout = makeLayout([randomBytes(3_000)], ['linux/amd64', 'linux/arm64'])
    const name = tag()
    const { digest } = await push(layout, name)
    expect(await crane('digest', named(name))).toBe(digest)
    const { root } = await readLayout(layout.folder)
    for (const platform of ['linux/amd64', 'linux/arm64']) {
      const child = root.children.find(one => one.platform === platform)
      expect(await crane('digest', '--platform', platform, named(name))).toBe(child?.descriptor.digest)
    }
    const inspected = await job.run('docker', ['buildx', 'imagetools', 'inspect', named(name)])
    const seen = inspected.code === 0 ? inspected : await job.run('buildx', ['imagetools', 'inspect', named(name)])
    expect(seen.stdout).toContain(`Digest:    ${digest}`)
    await pull(name)
  })

  test('an image of crane is what our registry client says it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'slipway-crane-'))
    writeFileSync(join(folder, 'file'), unique)
    await job.run('tar', ['-C', folder, '-cf', join(folder, 'layer.tar'), 'file'])
    const name = tag()
    await crane('append', '--new_layer', join(folder, 'layer.tar'), '--new_tag', named(name))
    const registry = ociRegistry(login, { clock: systemClock })
    expect((await registry.manifest(repository, name))?.digest).toBe(await crane('digest', named(name)))
    rmSync(folder, { recursive: true })
  })
})

test('killed at any point and run again it converges: no layer is sent twice, and no tag leads to half an image', async () => {
  const layout = makeLayout(Array.from({ length: 4 }, () => randomBytes(2_000_000)))
  const name = tag()
  const program = join(import.meta.dirname, '../support/push-once.ts')
  const run = (killAfter: number): Promise<number | null> =>
    new Promise(resolve => {
      proxy.calls.splice(0)
      const child = fork(program, [layout.folder, name], {
        env: { ...process.env, REGISTRY_PASSWORD: login.password, REGISTRY_ORIGIN: proxy.origin },
      })
      proxy.fault = (_, __) => {
        if (killAfter > 0 && ++seen >= killAfter) child.kill('SIGKILL')
        return undefined
      }
      let seen = 0
      child.on('exit', code => resolve(code))
    })
  for (let killAfter = 3; killAfter <= 21; killAfter += 6) {
    await run(killAfter)
    const half = await ociRegistry(login, { clock: systemClock }).manifest(repository, name)
    if (half !== undefined) expect(half.digest).toBe(layout.digest)
  }
  expect(await run(0)).toBe(0)
  expect(await crane('digest', named(name))).toBe(layout.digest)
  await pull(name)
  proxy.calls.splice(0)
  expect(await run(0)).toBe(0)
  expect(proxy.calls.filter(({ method }) => method !== 'HEAD')).toEqual([])
})

test('two runs at once on one tag: one wins, the other says so, and the image is whole', async () => {
  const [one, two] = [makeLayout([randomBytes(900_000)]), makeLayout([randomBytes(900_000)])]
  const name = tag()
  const outcomes = await Promise.allSettled([push(one, name), push(two, name)])
  const won = outcomes.filter(({ status }) => status === 'fulfilled')
  expect(won).toHaveLength(1)
  const winner = await crane('digest', named(name))
  expect([one.digest, two.digest]).toContain(winner)
  const lost = outcomes.find(outcome => outcome.status === 'rejected')
  expect(lost?.reason).toMatchObject({ code: 'ecr-tag-immutable', message: expect.stringContaining(winner) })
  await pull(name)
})

test('two runs at once with the same image both succeed', async () => {
  const layout = makeLayout([randomBytes(900_000)])
  const name = tag()
  const both = await Promise.all([push(layout, name), push(layout, name)])
  expect(both.map(({ digest }) => digest)).toEqual([layout.digest, layout.digest])
  expect(
    both.flatMap(({ tags: given }) => given.map(({ pushed }) => pushed)).filter(Boolean).length,
  ).toBeLessThanOrEqual(2)
  expect(readFileSync(join(layout.folder, 'oci-layout'), 'utf8')).toContain('1.0.0')
})
