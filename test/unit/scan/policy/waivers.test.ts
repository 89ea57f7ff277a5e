import { describe, expect, test } from '@jest/globals'
import { parseWaivers } from '../../../../src/scan/policy/waivers-file.ts'
import { waiverFor } from '../../../../src/scan/policy/waivers.ts'
import type { Waiver } from '../../../../src/scan/policy/waivers.ts'
import { finding } from '../../../support/findings.ts'

const now = Date.UTC(2026, 10, 26, 12)
const text = `waivers:
  - id: CVE-2026-1
    scope: { package: openssl }
    reason: not reachable, TLS ends at the load balancer
    owner: '@team-checkout'
    expires: 2026-12-31
`

function read(yaml: string, mostDays = 90): readonly Waiver[] {
  return parseWaivers(yaml, 'waivers.yaml', { now, mostDays })
}

const [waiver] = read(text)
if (waiver === undefined) throw new Error('the sample is a waiver')

describe('a waiver', () => {
  const place = { repository: 'shop/api', now }
  test.each<[string, Partial<Waiver>, boolean]>([
    ['names the vulnerability', {}, true],
    ['names an alias', { id: 'GHSA-aaaa' }, true],
    ['names only the beginning of the id', { id: 'CVE-2026' }, false],
    ['is for another package', { scope: { package: 'glibc' } }, false],
    ['is for this repository', { scope: { repository: 'shop/*' } }, true],
    ['is for another repository', { scope: { repository: 'pay/api' } }, false],
    ['is for this package in another repository', { scope: { repository: 'pay/api', package: 'openssl' } }, false],
    ['is for a path, which this package has not', { scope: { path: '**' } }, false],
    ['is for the one platform that has it', { scope: { platform: 'linux/arm64' } }, true],
    ['is for another platform', { scope: { platform: 'linux/amd64' } }, false],
  ])('that %s', (_, change, covers) => {
    const about = finding('CVE-2026-1', 'high', { aliases: ['GHSA-aaaa'], platforms: ['linux/arm64'] })
    expect(waiverFor(about, [{ ...waiver, ...change }], place) !== undefined).toBe(covers)
  })

  test('for one platform does not cover what another has too', () => {
    const about = finding('CVE-2026-1', 'high', { platforms: ['linux/amd64', 'linux/arm64'] })
    expect(waiverFor(about, [{ ...waiver, scope: { platform: 'linux/arm64' } }], place)).toBeUndefined()
  })

  test('holds to the last millisecond of its day, in UTC', () => {
    const end = Date.UTC(2027, 0, 1)
    const about = finding('CVE-2026-1', 'high')
    expect(waiverFor(about, [waiver], { ...place, now: end - 1 })).toEqual({ waiver, expired: false })
    expect(waiverFor(about, [waiver], { ...place, now: end })).toEqual({ waiver, expired: true })
  })

  test('that holds wins over one that ended', () => {
    const ended = { ...waiver, expires: '2026-01-31' }
    expect(waiverFor(finding('CVE-2026-1', 'high'), [ended, waiver], place)).toEqual({ waiver, expired: false })
  })
})

describe('the file of waivers', () => {
  test('gives each its line', () => {
    expect(read(text)).toEqual([
      {
        id: 'CVE-2026-1',
        scope: { package: 'openssl' },
        reason: 'not reachable, TLS ends at the load balancer',
        owner: '@team-checkout',
        expires: '2026-12-31',
        line: 2,
      },
    ])
    expect(read('')).toEqual([])
  })

  test.each([
    ['waivers: [', 'config-no-yaml', 'waivers.yaml:1:11 is not YAML'],
    ['waivers: 3', 'waivers-invalid', 'waivers.yaml:1:1: "waivers"'],
    [text.replace("    owner: '@team-checkout'\n", ''), 'waivers-invalid', 'waivers.yaml:2:5: "waivers[0].owner"'],
    [
      text.replace('{ package: openssl }', '{}'),
      'waivers-invalid',
      'waivers.yaml:3:5: "waivers[0].scope" names nothing',
    ],
    [text.replace('CVE-2026-1', 'CVE-*'), 'waivers-invalid', 'waivers.yaml:2:5: "waivers[0].id" is no id'],
    [text.replace('2026-12-31', '2026-02-30'), 'waivers-invalid', '"waivers[0].expires" is no day'],
    [
      text.replace('2026-12-31', '2027-12-31'),
      'waivers-invalid',
      'waivers.yaml:6:5: "waivers[0].expires" "2027-12-31" is more than 90 days away',
    ],
    [
      text.replace('not reachable, TLS ends at the load balancer', 'ok'),
      'waivers-invalid',
      'is too short to be a reason',
    ],
    [`${text}    until: x\n`, 'waivers-invalid', 'waivers.yaml:7:5: "waivers[0].until" is not known here'],
  ])('with a mistake is refused where it stands: %j', (yaml, code, message) => {
    expect(() => read(yaml)).toThrow(
      expect.objectContaining({ kind: 'user', code, message: expect.stringContaining(message) }),
    )
  })
})
