/**
 * Build, push and scan by the real host names: buildx, BuildKit, the registry and the AWS SDK, with the session
 * policies of the actions. Runs inside the platform.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { account, baseImage, hosts, partition, ports, region, roles } from '../../sandbox/world.ts'
import type { PolicyDocument, Session } from '../../src/identity/model.ts'
import { ecrPush, ecrScan } from '../../src/identity/session-policy.ts'
import { openSession } from '../../src/identity/session.ts'
import { buildAndPush } from '../../src/image/build-push.ts'
import type { BuildRequest } from '../../src/image/model.ts'
import { ecr } from '../../src/registry/ecr.ts'
import { ecrImageCheck } from '../../src/registry/image-check.ts'
import type { Context } from '../../src/runtime/context.ts'
import { within } from '../../src/runtime/deadline.ts'
import { createExec } from '../../src/runtime/exec.ts'
import { httpGet } from '../../src/runtime/http-get.ts'
import { createOidc } from '../../src/runtime/oidc.ts'
import { systemClock } from '../../src/runtime/system-clock.ts'
import { parseRules } from '../../src/scan/policy/rule.ts'
import { scanImage } from '../../src/scan/scan-image.ts'
import type { TestContext } from '../support/image-context.ts'
import { testContext } from '../support/image-context.ts'

jest.setTimeout(120_000)

const repository = 'shop/api'
const place = { partition, account, region }
const own = [{ ...place, name: repository }]
const exec = createExec(process.env)
const folders: string[] = []

let environment: NodeJS.ProcessEnv
let pusher: Session

beforeAll(async () => {
  const answer = await fetch(`http://127.0.0.1:${ports.control}/oidc/grants`, {
    method: 'POST',
    body: JSON.stringify({ claims: {} }),
  })
  const grant = (await answer.json()) as { url: string; token: string }
  environment = { ACTIONS_ID_TOKEN_REQUEST_URL: grant.url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: grant.token }
  pusher = await sessionWith(ecrPush({ push: own }))
})
afterAll(() => folders.forEach(folder => rmSync(folder, { recursive: true })))

/** A real world but for the log and the GitHub run. */
function world(given: Partial<Omit<Context, 'clock'>> = {}): Context & Pick<TestContext, 'logged' | 'masked'> {
  const context = testContext({ exec, ...given })
  folders.push(context.tempFolder)
  const { signal } = context
  const oidc = createOidc(environment, {
    clock: systemClock,
    random: () => 0.5,
    signal,
    mask: secret => context.mask(secret),
    get: httpGet,
    github: { fromFork: false, actor: 'ada', eventName: 'push' },
  })
  return { ...context, clock: systemClock, oidc }
}

function sessionWith(policy: PolicyDocument): Promise<Session> {
  return openSession({ role: roles.build, region, policy }, world())
}

/** A checkout with one commit of these files. */
async function checkout(files: Readonly<Record<string, string>>) {
  const workspace = mkdtempSync(join(tmpdir(), 'slipway-checkout-'))
  folders.push(workspace)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(workspace, name), text)
  const git = (...args: readonly string[]) =>
    exec('git', ['-C', workspace, '-c', 'user.name=ada', '-c', 'user.email=ada@example.com', ...args])
  await git('init', '--quiet')
  await git('add', '.')
  await git('commit', '--quiet', '--message', 'sample')
  const sha = (await git('rev-parse', 'HEAD')).stdout.trim()
  expect(sha).toMatch(/^[0-9a-f]{40}$/)
  const context = world({ workspace, github: { ...world().github, sha } })
  const build = (request: Partial<BuildRequest> = {}) =>
    buildAndPush({ repository, ...request }, { session: pusher, context })
  return { context, sha, build }
}

/** Unique, so that no other test has pushed this content. */
const unique = `${Date.now()}-${process.pid}`
const dockerfile = (more = ''): string => `FROM scratch\nCOPY file /file\n${more}`

/** Command lines of running programs that hold `text`. */
function programsWith(text: string): readonly string[] {
  const processes = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  return processes.map(commandOf).filter(command => command.includes(text))
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    // It ended meanwhile.
    return ''
  }
}

describe('a commit', () => {
  test('is built once: the digest comes from the registry, and a re-run reuses it', async () => {
    const { build, sha, context } = await checkout({ Dockerfile: dockerfile(), file: `built once ${unique}` })
    const first = await build()
    expect(first).toMatchObject({
      skipped: false,
      platforms: ['linux/amd64'],
      tags: [sha.slice(0, 12)],
      image: `${hosts.registry}/${repository}@${first.digest}`,
    })
    const stored = await (await ecr(pusher)).manifest(repository, { tag: sha.slice(0, 12) })
    expect(stored).toMatchObject({ digest: first.digest, kind: 'index' })

    const again = await build({ tags: [`again-${sha.slice(0, 12)}`] })
    expect(again).toMatchObject({ skipped: true, digest: first.digest })
    expect(await (await ecr(pusher)).manifest(repository, { tag: `again-${sha.slice(0, 12)}` })).toMatchObject({
      digest: first.digest,
    })
    expect(context.logged.join('\n')).not.toContain(context.masked.find(secret => secret.length > 20) ?? 'no secret')
  })

  test('gives the same bytes when it is built again', async () => {
    const { build } = await checkout({ Dockerfile: dockerfile(), file: `same bytes ${unique}` })
    const plain = { provenance: 'off', reuse: false } as const
    const first = await build(plain)
    expect(await build(plain)).toMatchObject({ digest: first.digest, skipped: false })
  })

  test('keeps its digest when it is built again with provenance, which is never the same twice', async () => {
    const { build } = await checkout({ Dockerfile: dockerfile(), file: `same image ${unique}` })
    const first = await build()
    const second = await build({ reuse: false })
    expect(second).toMatchObject({ digest: first.digest, skipped: false, pushed: { tags: [{ pushed: false }] } })
  })

  test('for two platforms is an index of both', async () => {
    const { build } = await checkout({ Dockerfile: dockerfile(), file: `two platforms ${unique}` })
    expect(await build({ platforms: ['linux/amd64', 'linux/arm64'] })).toMatchObject({
      platforms: ['linux/amd64', 'linux/arm64'],
    })
  })

  test('with several stages in one repository is an image for each of them, and a re-run reuses each', async () => {
    const stages = 'FROM scratch AS api\nCOPY file /api\nFROM scratch AS worker\nCOPY file /worker\n'
    const { build, sha } = await checkout({ Dockerfile: stages, file: `stages ${unique}` })
    const [api, worker] = [await build({ target: 'api' }), await build({ target: 'worker' })]
    expect(api.digest).not.toBe(worker.digest)
    for (const { skipped, tags } of [api, worker]) {
      expect(skipped).toBe(false)
      expect(tags).toEqual([expect.stringMatching(new RegExp(`^${sha.slice(0, 12)}-[0-9a-f]{8}$`))])
    }
    expect(await build({ target: 'api' })).toMatchObject({ skipped: true, digest: api.digest })
    expect(await build({ target: 'worker' })).toMatchObject({ skipped: true, digest: worker.digest })
  })

  test('whose tag another tool gave away is built, and cannot take that tag', async () => {
    const { build, sha } = await checkout({ Dockerfile: dockerfile(), file: `held ${unique}` })
    const foreign = await checkout({ Dockerfile: dockerfile(), file: `foreign ${unique}` })
    await foreign.build({ tags: [sha.slice(0, 12)] })
    await expect(build()).rejects.toMatchObject({ kind: 'user', code: 'image-other-commit' })
    // With a tag of its own it finds a place.
    expect(await build({ labels: { team: 'checkout' } })).toMatchObject({ skipped: false })
  })

  test('gives secrets to its steps, and says their values nowhere', async () => {
    const read = "RUN --mount=type=secret,id=npm grep -q '^first=' /run/secrets/npm"
    const { build, context } = await checkout({ Dockerfile: `FROM ${baseImage}\n${read}\n`, file: unique })
    expect(await build({ secrets: { npm: 'first=s3cret' } })).toMatchObject({ skipped: false })
    expect(context.masked).toContain('first=s3cret')
    expect(context.logged.join('\n')).not.toContain('s3cret')
  })

  test('whose build is cancelled leaves neither a builder nor a password file behind', async () => {
    const { context } = await checkout({ Dockerfile: `FROM ${baseImage}\nRUN sleep 600 # ${unique}\n` })
    const cancel = new AbortController()
    const late = (): Error => new Error('too late')
    const work = (signal: AbortSignal) =>
      buildAndPush({ repository }, { session: pusher, context: { ...context, signal } })
    const ended = within(600_000, late, systemClock, work, cancel.signal).catch((thrown: unknown) => String(thrown))
    while (!context.logged.some(line => line.includes('RUN sleep 600'))) await systemClock.sleep(50)
    expect(programsWith(context.tempFolder)).not.toEqual([])
    cancel.abort(new Error('cancelled'))
    expect(await ended).toBe('Error: cancelled')
    expect(programsWith(context.tempFolder)).toEqual([])
    expect(readdirSync(context.tempFolder)).toEqual([])
  })

  test('cannot take an immutable tag from another one', async () => {
    const taken = `taken-${unique}`
    await (await checkout({ Dockerfile: dockerfile(), file: `first ${unique}` })).build({ tags: [taken] })
    const { build } = await checkout({ Dockerfile: dockerfile(), file: `second ${unique}` })
    await expect(build({ tags: [taken] })).rejects.toMatchObject({ kind: 'user', code: 'ecr-tag-immutable' })
  })

  test('gets that tag with the beginning of its digest, where a conflict asks for a suffix', async () => {
    const taken = `suffixed-${unique}`
    await (await checkout({ Dockerfile: dockerfile(), file: `third ${unique}` })).build({ tags: [taken] })
    const { build, sha } = await checkout({ Dockerfile: dockerfile(), file: `fourth ${unique}` })
    const { digest, tags } = await build({ tags: [taken], onConflict: 'suffix' })
    expect(tags).toEqual([sha.slice(0, 12), `${taken}-${digest.slice(7, 15)}`])
    expect(await build({ tags: [taken], onConflict: 'suffix' })).toMatchObject({ skipped: true, digest, tags })
  })
})

describe('a build that fails names', () => {
  test('the file that a step misses, and its line', async () => {
    const { build } = await checkout({ Dockerfile: 'FROM scratch\nCOPY nothing /nothing\n', file: unique })
    await expect(build()).rejects.toMatchObject({
      kind: 'user',
      code: 'build-step',
      message: 'The build failed at Dockerfile:2: "COPY nothing /nothing".',
    })
  })

  test('an instruction that does not exist', async () => {
    const { build } = await checkout({ Dockerfile: 'FROM scratch\nCOPYY a b\n' })
    await expect(build()).rejects.toMatchObject({
      kind: 'user',
      code: 'build-dockerfile',
      why: expect.stringContaining('COPYY'),
    })
  })

  test('a base image that cannot be pulled', async () => {
    const { build } = await checkout({ Dockerfile: 'FROM public.ecr.aws/nobody/nothing:none\n' })
    await expect(build()).rejects.toMatchObject({ kind: 'user', code: 'build-base-image' })
  })

  test('a repository that does not exist, before anything is built', async () => {
    const session = await sessionWith(ecrPush({ push: [{ ...place, name: 'shop/none' }] }))
    const { context } = await checkout({ Dockerfile: dockerfile(), file: unique })
    await expect(buildAndPush({ repository: 'shop/none', context: '.' }, { session, context })).rejects.toMatchObject({
      code: 'ecr-repository-missing',
    })
    expect(context.logged).toEqual([])
  })

  test('the permission that a push lacks', async () => {
    const readOnly = await sessionWith({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['ecr:GetAuthorizationToken', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
          Resource: '*',
        },
      ],
    })
    const { context } = await checkout({ Dockerfile: dockerfile(), file: `denied ${unique}` })
    await expect(buildAndPush({ repository }, { session: readOnly, context })).rejects.toMatchObject({
      kind: 'denied',
      code: 'registry-denied',
    })
  })
})

describe('a scan', () => {
  const scan = async (image: string, failOn = 'critical') =>
    scanImage(
      { image, failOn: parseRules(failOn), timeoutMs: 60_000 },
      { session: await sessionWith(ecrScan(own)), context: world() },
    )

  test('of a clean image passes, for each platform', async () => {
    const { build } = await checkout({ Dockerfile: dockerfile(), file: `clean ${unique}` })
    const { image, digest } = await build({ platforms: ['linux/amd64', 'linux/arm64'] })
    expect(await scan(image)).toMatchObject({
      verdict: 'pass',
      image,
      digest,
      findings: [],
      platforms: [
        { platform: 'linux/amd64', state: 'complete' },
        { platform: 'linux/arm64', state: 'complete' },
      ],
    })
  })

  test('of an image with a critical finding fails, unless the policy is about fixes that nobody knows of', async () => {
    const finding = JSON.stringify([
      { name: 'CVE-2026-0001', severity: 'CRITICAL', package: 'openssl', version: '3.0.15' },
    ])
    const { build } = await checkout({
      Dockerfile: dockerfile(`LABEL dev.slipway.sandbox.findings='${finding}'\n`),
      file: `critical ${unique}`,
    })
    const { image } = await build()
    expect(await scan(image)).toMatchObject({
      verdict: 'fail',
      counts: { critical: 1 },
      blocking: [
        { rule: 'critical', finding: { id: 'CVE-2026-0001', package: { name: 'openssl', version: '3.0.15' } } },
      ],
    })
    expect(await scan(image, 'critical:fixable')).toMatchObject({
      verdict: 'inconclusive',
      reasons: [{ code: 'scan-fix-unknown' }],
    })
    expect(await scan(image, 'none')).toMatchObject({ verdict: 'pass', counts: { critical: 1 }, blocking: [] })
  })

  test('of an image that was never pushed is an error', async () => {
    await expect(scan(`${hosts.registry}/${repository}@sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({
      kind: 'user',
      code: 'ecr-image-missing',
    })
  })
})

test('the image check tells what is there, what is not, and what no node can run', async () => {
  const { build } = await checkout({ Dockerfile: dockerfile(), file: `check ${unique}` })
  const { image } = await build()
  const check = (name: string, ...platforms: readonly string[]) => ecrImageCheck(pusher, { platforms }).check(name)
  expect(await check(image)).toBe('present')
  expect(await check(image, 'linux/amd64')).toBe('present')
  expect(await check(image, 'linux/arm64')).toBe('no-platform')
  expect(await check(`${hosts.registry}/${repository}:never-${unique}`)).toBe('absent')
  expect(await check(`${hosts.registry}/other/repository:v1`)).toBe('unknown')
})
