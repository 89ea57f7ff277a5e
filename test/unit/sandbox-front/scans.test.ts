import { expect, test } from '@jest/globals'
import type { Images } from '../../../sandbox/front/images.ts'
import { createScans, findingsLabel, scanTiming, type ScanRule, type Scans } from '../../../sandbox/front/scans.ts'

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const indexType = 'application/vnd.oci.image.index.v1+json'
const manifest = JSON.stringify({
  config: { digest: 'sha256:config' },
  layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' }],
})
const attestation = JSON.stringify({
  config: { digest: 'sha256:config' },
  layers: [{ mediaType: 'application/vnd.in-toto+json' }],
})
const fromLabel = [{ name: 'CVE-2026-2', severity: 'HIGH', package: 'zlib', version: '1.2' }]
const config = {
  config: { Labels: { revision: 'abc', [findingsLabel]: JSON.stringify(fromLabel) }, Env: ['TIER=prod'] },
  history: [{ created_by: 'RUN pip install evil==1.0' }],
}

function scansAt(time: { now: number }, text = manifest): Scans {
  const images = {
    find: async () => ({ digest: 'sha256:a', mediaType: manifestType, manifest: text, tags: ['v1'] }),
    blob: async () => Buffer.from(JSON.stringify(config)),
  } as unknown as Images
  return createScans(
    () => images,
    () => time.now,
  )
}

const pushed = (mediaType: string) => ({ repository: 'shop/api', digest: 'sha256:a', mediaType, manifest })

test('a scan on push is first unknown, then in progress, then complete', async () => {
  const time = { now: 0 }
  const scans = scansAt(time)
  scans.pushed(pushed(manifestType))
  expect(await scans.read('shop/api', 'sha256:a')).toBeUndefined()
  time.now = scanTiming.registered
  expect(await scans.read('shop/api', 'sha256:a')).toMatchObject({ status: 'IN_PROGRESS' })
  time.now = scanTiming.completed
  expect(await scans.read('shop/api', 'sha256:a')).toMatchObject({
    status: 'COMPLETE',
    completedAt: scanTiming.completed,
  })
})

test('an index is never scanned, an attestation cannot be', async () => {
  const time = { now: 0 }
  const scans = scansAt(time, attestation)
  scans.pushed(pushed(indexType))
  time.now = scanTiming.completed
  expect(await scans.read('shop/api', 'sha256:a')).toBeUndefined()
  scans.pushed(pushed(manifestType))
  time.now += scanTiming.completed
  expect(await scans.read('shop/api', 'sha256:a')).toMatchObject({
    status: 'FAILED',
    description: expect.stringContaining('UnsupportedImageError'),
  })
})

test('an image is scanned once a day', () => {
  const time = { now: 0 }
  const scans = scansAt(time)
  expect(scans.start('shop/api', 'sha256:a')).toBe(true)
  expect(scans.start('shop/api', 'sha256:a')).toBe(false)
  time.now = 24 * 3_600_000
  expect(scans.start('shop/api', 'sha256:a')).toBe(true)
})

const finding = { name: 'CVE-2026-1', severity: 'CRITICAL', package: 'evil', version: '1.0' }
const rules: readonly { when: NonNullable<ScanRule['when']>; matches: boolean }[] = [
  { when: {}, matches: true },
  { when: { label: { revision: 'abc' } }, matches: true },
  { when: { label: { revision: 'xyz' } }, matches: false },
  { when: { env: { TIER: 'prod' } }, matches: true },
  { when: { history: 'evil==1.0' }, matches: true },
  { when: { history: 'evil==1.0', tag: 'v2' }, matches: false },
  { when: { digest: 'sha256:b' }, matches: false },
]

test.each(rules)('rule $when matches = $matches', async ({ when, matches }) => {
  const time = { now: 0 }
  const scans = scansAt(time)
  scans.rules.push({ repository: 'shop/api', when, findings: [finding] })
  scans.pushed(pushed(manifestType))
  time.now = scanTiming.completed
  const names = (await scans.read('shop/api', 'sha256:a'))?.findings.map(one => (one as { name: string }).name)
  expect(names).toEqual(matches ? ['CVE-2026-1', 'CVE-2026-2'] : ['CVE-2026-2'])
})

test('findings are written as a basic scan writes them', async () => {
  const time = { now: 0 }
  const scans = scansAt(time)
  scans.pushed(pushed(manifestType))
  time.now = scanTiming.completed
  expect((await scans.read('shop/api', 'sha256:a'))?.findings).toEqual([
    {
      name: 'CVE-2026-2',
      severity: 'HIGH',
      description: 'CVE-2026-2 in zlib.',
      uri: 'https://security-tracker.debian.org/tracker/CVE-2026-2',
      attributes: [
        { key: 'package_name', value: 'zlib' },
        { key: 'package_version', value: '1.2' },
      ],
    },
  ])
})
