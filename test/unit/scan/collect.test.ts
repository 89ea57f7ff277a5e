import { describe, expect, test } from '@jest/globals'
import { DeniedError, RemoteError, UserError } from '../../../src/runtime/errors.ts'
import { collect, scanTargets } from '../../../src/scan/collect.ts'
import type { ScanPage, ScanSettings, ScanSource, StartOutcome } from '../../../src/scan/model.ts'
import { finding } from '../../support/findings.ts'
import { imageManifest, indexManifest } from '../../support/images.ts'
import { virtualClock } from '../../support/virtual-clock.ts'

type Step = ScanPage | 'no-scan' | 'no-image' | Error | ((token: string | undefined) => ScanPage)

const basic: ScanSettings = { type: 'basic', frequency: 'on-push' }
const manual: ScanSettings = { type: 'basic', frequency: 'manual' }
const enhanced: ScanSettings = { type: 'enhanced', frequency: 'continuous' }
const noIdea: ScanSettings = { type: 'unknown', frequency: 'unknown' }

function page(status: string, extra: Partial<ScanPage> = {}): ScanPage {
  return { status, description: `${status} it is`, enhanced: false, ...extra }
}

function results(ids: readonly string[], extra: Partial<ScanPage> = {}): ScanPage {
  return page('COMPLETE', { completedAt: 1, findings: ids.map(id => finding(id, 'high')), ...extra })
}

/** A source that plays `steps` one after the other for one image, the last for ever. */
function run(steps: readonly Step[], settings: ScanSettings, start: StartOutcome | Error = 'started') {
  const clock = virtualClock()
  const begun = clock.now()
  const lines: string[] = []
  const started: string[] = []
  let looks = 0
  const source: ScanSource = {
    manifest: () => Promise.resolve(undefined),
    settings: () => Promise.resolve(settings),
    start(_, digest) {
      started.push(digest)
      return start instanceof Error ? Promise.reject(start) : Promise.resolve(start)
    },
    page(_repository, _digest, token) {
      const step = steps[Math.min(token === undefined ? looks++ : looks - 1, steps.length - 1)]
      if (step instanceof Error) return Promise.reject(step)
      return Promise.resolve(typeof step === 'function' ? step(token) : (step ?? 'no-scan'))
    },
  }
  const ports = {
    source,
    clock,
    progress: (line: string) => void lines.push(line),
    random: () => 0,
    signal: new AbortController().signal,
  }
  const target = { platform: 'linux/amd64', digest: 'sha256:1' }
  const scans = collect('shop/api', [target], 300_000, ports)
  return {
    scan: scans.then(([only]) => only),
    clock,
    seconds: () => (clock.now() - begun) / 1000,
    lines,
    started,
    looks: () => looks,
  }
}

describe('a basic scan', () => {
  test('is believed when it is complete, and every change of status is one line', async () => {
    const { scan, lines, clock } = run(['no-scan', page('IN_PROGRESS'), page('IN_PROGRESS'), results(['CVE-1'])], basic)
    expect(await scan).toMatchObject({ state: 'complete', platform: 'linux/amd64', findings: [{ id: 'CVE-1' }] })
    expect(lines).toEqual(['linux/amd64: no scan yet', 'linux/amd64: IN_PROGRESS', 'linux/amd64: COMPLETE'])
    expect(clock.sleeps).toEqual([1000, 1500, 2250])
  })

  test('with nothing found is complete too', async () => {
    expect(await run([results([])], basic).scan).toMatchObject({ state: 'complete', findings: [] })
  })

  test('whose list is shorter than its own counts is read again', async () => {
    const short = results(['CVE-1'], { counted: 2 })
    const { scan, looks } = run([short, results(['CVE-1', 'CVE-2'], { counted: 2 })], basic)
    expect(await scan).toMatchObject({ findings: [{ id: 'CVE-1' }, { id: 'CVE-2' }] })
    expect(looks()).toBe(2)
  })

  test('that is manual is started once', async () => {
    const { scan, started } = run(['no-scan', 'no-scan', page('IN_PROGRESS'), results([])], manual)
    expect(await scan).toMatchObject({ state: 'complete' })
    expect(started).toEqual(['sha256:1'])
  })

  test('that ran in the last 24 hours is read, not started again', async () => {
    expect(await run(['no-scan', results(['CVE-1'])], manual, 'too-often').scan).toMatchObject({
      state: 'complete',
    })
  })

  test('whose start fails for a passing reason is started at the next look', async () => {
    const { scan, started } = run(
      ['no-scan'],
      manual,
      new RemoteError('ecr-unavailable', 'throttled', { todo: 'again' }),
    )
    expect(await scan).toMatchObject({ reason: { code: 'scan-not-found' } })
    expect(started.length).toBeGreaterThan(3)
  })

  test.each([
    ['unsupported', 'scan-unsupported'],
    ['archived', 'scan-archived'],
  ] as const)('of an image that is %s is inconclusive', async (outcome, code) => {
    expect(await run(['no-scan'], manual, outcome).scan).toMatchObject({ state: 'inconclusive', reason: { code } })
  })
})

describe('an enhanced scan', () => {
  const active = (ids: readonly string[]): ScanPage => results(ids, { status: 'ACTIVE', enhanced: true })

  test('is believed after its findings stayed the same for ten seconds', async () => {
    const empty = page('ACTIVE', { findings: [], enhanced: true })
    const { scan, seconds } = run([page('PENDING'), empty, active(['CVE-1']), active(['CVE-1', 'CVE-2'])], enhanced)
    expect(await scan).toMatchObject({ state: 'complete', findings: [{ id: 'CVE-1' }, { id: 'CVE-2' }] })
    expect(seconds()).toBeGreaterThanOrEqual(10 + 4.75)
  })

  test('that is there already is looked at twice, ten seconds apart: each look may be hundreds of pages', async () => {
    const { scan, clock } = run([active(['CVE-1'])], enhanced)
    expect(await scan).toMatchObject({ state: 'complete' })
    expect(clock.sleeps).toEqual([10_000])
  })

  test('that is empty and has no time of completion is never clean', async () => {
    const { scan } = run([page('COMPLETE', { findings: [], enhanced: true })], enhanced)
    expect(await scan).toMatchObject({ state: 'inconclusive', reason: { code: 'scan-timeout' } })
  })

  test('that is empty and complete is clean after the quiet time', async () => {
    const { scan, seconds } = run([results([], { enhanced: true })], enhanced)
    expect(await scan).toMatchObject({ state: 'complete', findings: [] })
    expect(seconds()).toBeGreaterThanOrEqual(10)
  })

  test('of a repository that no filter includes is inconclusive at once', async () => {
    const { scan, seconds } = run(['no-scan'], { type: 'enhanced', frequency: 'manual' })
    expect(await scan).toMatchObject({ state: 'inconclusive', reason: { code: 'scan-not-configured' } })
    expect(seconds()).toBe(0)
  })
})

describe('a role that may not ask how the repository is scanned', () => {
  const denied = new DeniedError('ecr-denied', 'no', { todo: 'allow' })

  test('waits for the quiet time when the result is empty, since it may be an enhanced one', async () => {
    const { scan, seconds } = run([results([])], noIdea)
    expect(await scan).toMatchObject({ state: 'complete' })
    expect(seconds()).toBeGreaterThanOrEqual(10)
  })

  test('knows a basic result by its findings', async () => {
    const { scan, seconds } = run([results(['CVE-1'])], noIdea)
    expect(await scan).toMatchObject({ state: 'complete' })
    expect(seconds()).toBe(0)
  })

  test('and may not start a scan either still waits for one', async () => {
    expect(await run(['no-scan', 'no-scan', results(['CVE-1'])], noIdea, denied).scan).toMatchObject({
      state: 'complete',
    })
  })

  test('fails at once when scans are manual and starting one is denied', async () => {
    await expect(run(['no-scan'], manual, denied).scan).rejects.toBe(denied)
  })
})

describe('no result', () => {
  test.each([
    ['FAILED', 'scan-failed'],
    ['UNSUPPORTED_IMAGE', 'scan-unsupported'],
    ['SCAN_ELIGIBILITY_EXPIRED', 'scan-expired'],
    ['LIMIT_EXCEEDED', 'scan-limit'],
    ['IMAGE_ARCHIVED', 'scan-archived'],
    ['SOMETHING_NEW', 'scan-status-unknown'],
    ['', 'scan-status-unknown'],
  ])('because of the status "%s" is inconclusive at once', async (status, code) => {
    const { scan, seconds } = run([page(status)], basic)
    expect(await scan).toMatchObject({ state: 'inconclusive', reason: { code } })
    expect(seconds()).toBe(0)
  })

  test.each(['PENDING', 'IN_PROGRESS', 'FINDINGS_UNAVAILABLE'])(
    'while the status stays %s is inconclusive at the deadline',
    async status => {
      const { scan, seconds, clock } = run([page(status)], basic)
      expect(await scan).toMatchObject({
        reason: {
          code: 'scan-timeout',
          says: `The scan gave no settled result within 300 s (last status: ${status}).`,
        },
      })
      expect(seconds()).toBe(300)
      expect(Math.max(...clock.sleeps)).toBeLessThanOrEqual(15_000)
    },
  )

  test('because ECR never hears of a scan is inconclusive after the grace', async () => {
    const { scan, seconds } = run(['no-scan'], basic)
    expect(await scan).toMatchObject({ reason: { code: 'scan-not-found' } })
    expect(seconds()).toBeGreaterThanOrEqual(90)
    expect(seconds()).toBeLessThan(110)
  })

  test('because the image is not there is the error of a user', async () => {
    await expect(run(['no-image'], basic).scan).rejects.toMatchObject({ kind: 'user', code: 'ecr-image-missing' })
  })

  test('because of a missing permission fails at once', async () => {
    const denied = new DeniedError('ecr-denied', 'no', { todo: 'allow' })
    await expect(run([denied], basic).scan).rejects.toBe(denied)
  })

  test('because the repository is not there fails at once', async () => {
    const missing = new UserError('ecr-repository-missing', 'no', { todo: 'create' })
    await expect(run([missing], basic).scan).rejects.toBe(missing)
  })
})

describe('pages', () => {
  const paged =
    (pages: readonly Partial<ScanPage>[]): Step =>
    token => {
      const index = token === undefined ? 0 : Number(token)
      return results([`CVE-${index}`], {
        ...(index + 1 < pages.length ? { nextToken: String(index + 1) } : {}),
        ...pages[index],
      })
    }

  test('are all read, and a finding that two of them have counts once', async () => {
    const { scan } = run([paged([{}, {}, { findings: [finding('CVE-0', 'high'), finding('CVE-9', 'low')] }])], basic)
    expect(await scan).toMatchObject({ findings: [{ id: 'CVE-0' }, { id: 'CVE-1' }, { id: 'CVE-9' }] })
  })

  test('of two different scans are read again', async () => {
    const { scan, looks } = run(
      [paged([{ completedAt: 1 }, { completedAt: 2 }]), paged([{ completedAt: 2 }, { completedAt: 2 }])],
      basic,
    )
    expect(await scan).toMatchObject({ state: 'complete', completedAt: 2 })
    expect(looks()).toBe(2)
  })

  test('of which one has no list do not pass for an empty one', async () => {
    const hollow: Step = token =>
      token === undefined ? results(['CVE-1'], { nextToken: '2' }) : page('COMPLETE', { completedAt: 1 })
    expect(await run([hollow], basic).scan).toMatchObject({ state: 'inconclusive', reason: { code: 'scan-timeout' } })
  })

  test('that never end are an error', async () => {
    await expect(run([() => results([], { nextToken: 'again' })], basic).scan).rejects.toMatchObject({
      kind: 'remote',
      code: 'scan-pages',
    })
  })
})

describe('what is scanned of an image', () => {
  const source = (known: readonly ReturnType<typeof indexManifest>[]): ScanSource => ({
    manifest: (_, id) => Promise.resolve(known.find(({ digest }) => 'digest' in id && digest === id.digest)),
    settings: () => Promise.resolve(basic),
    start: () => Promise.resolve('started'),
    page: () => Promise.resolve('no-scan'),
  })
  const amd = imageManifest('amd')
  const arm = imageManifest('arm')

  test('is each platform of an index, never its attestations', async () => {
    const index = indexManifest([
      { manifest: amd, platform: 'linux/amd64' },
      { manifest: arm, platform: 'linux/arm64' },
    ])
    expect(await scanTargets('shop/api', index, source([]))).toEqual([
      { platform: 'linux/amd64', digest: amd.digest },
      { platform: 'linux/arm64', digest: arm.digest },
    ])
  })

  test('is the image itself when there is no index', async () => {
    expect(await scanTargets('shop/api', amd, source([]))).toEqual([{ platform: 'image', digest: amd.digest }])
  })

  test('is found through nested indexes', async () => {
    const inner = indexManifest([{ manifest: arm, platform: 'linux/arm64' }])
    const outer = indexManifest([
      { manifest: amd, platform: 'linux/amd64' },
      { manifest: inner, platform: 'linux/arm64' },
    ])
    expect(await scanTargets('shop/api', outer, source([inner]))).toEqual([
      { platform: 'linux/amd64', digest: amd.digest },
      { platform: 'linux/arm64', digest: arm.digest },
    ])
  })
})
