import { describe, expect, test } from '@jest/globals'
import { fromBasic, fromEnhanced, mergeFindings, severityOf } from '../../../src/scan/findings.ts'
import { finding } from '../../support/findings.ts'

describe('a finding of a basic scan', () => {
  test('is read from its attributes', () => {
    const raw = {
      name: 'CVE-2026-11111',
      severity: 'HIGH' as const,
      uri: 'https://security-tracker.debian.org/tracker/CVE-2026-11111',
      description: 'A flaw\nin openssl',
      attributes: [
        { key: 'package_name', value: 'openssl' },
        { key: 'package_version', value: '3.0.15-1~deb12u1' },
        { key: 'CVSS3_SCORE', value: '7.5' },
      ],
    }
    expect(fromBasic(raw)).toEqual({
      id: 'CVE-2026-11111',
      aliases: [],
      severity: 'high',
      title: 'A flaw in openssl',
      uri: 'https://security-tracker.debian.org/tracker/CVE-2026-11111',
      package: { name: 'openssl', version: '3.0.15-1~deb12u1' },
      fix: 'unknown',
      score: 7.5,
      platforms: [],
    })
  })

  test('says nothing of a fix unless an attribute does', () => {
    expect(fromBasic({ name: 'CVE-1' }).fix).toBe('unknown')
    expect(fromBasic({ name: 'CVE-1', attributes: [{ key: 'fixed_in_versions', value: '1.2' }] })).toMatchObject({
      fix: 'yes',
      fixedIn: '1.2',
    })
  })
})

describe('a finding of an enhanced scan', () => {
  const raw = {
    findingArn: 'arn:aws:inspector2:eu-west-1:111122223333:finding/0123',
    severity: 'CRITICAL',
    score: 9.8,
    status: 'ACTIVE',
    title: 'CVE-2026-33333 - lodash',
    fixAvailable: 'PARTIAL',
    exploitAvailable: 'YES',
    packageVulnerabilityDetails: {
      vulnerabilityId: 'CVE-2026-33333',
      relatedVulnerabilities: ['GHSA-aaaa-bbbb-cccc'],
      vulnerablePackages: [
        {
          name: 'lodash',
          version: '4.17.20',
          packageManager: 'NODEPKG',
          filePath: 'app/package.json',
          sourceLayerHash: 'sha256:aa',
          fixedInVersion: '4.17.21',
        },
        {
          name: 'lodash',
          version: '3.10.1',
          packageManager: 'NODEPKG',
          filePath: 'old/package.json',
          fixedInVersion: 'NotAvailable',
        },
      ],
    },
  }

  test('becomes one for each package, each with its own fix', () => {
    expect(fromEnhanced(raw).map(({ package: { version }, fix, fixedIn }) => [version, fix, fixedIn])).toEqual([
      ['4.17.20', 'yes', '4.17.21'],
      ['3.10.1', 'no', undefined],
    ])
    expect(fromEnhanced(raw)[0]).toMatchObject({
      id: 'CVE-2026-33333',
      aliases: ['GHSA-aaaa-bbbb-cccc'],
      severity: 'critical',
      exploit: true,
      score: 9.8,
      layer: 'sha256:aa',
    })
  })

  test('that is closed or suppressed is left out', () => {
    expect([...fromEnhanced({ ...raw, status: 'CLOSED' }), ...fromEnhanced({ ...raw, status: 'SUPPRESSED' })]).toEqual(
      [],
    )
  })

  test('without packages is kept all the same', () => {
    expect(fromEnhanced({ title: 'CVE-2026-4', severity: 'HIGH', fixAvailable: 'YES' })).toMatchObject([
      { id: 'CVE-2026-4', severity: 'high', fix: 'yes' },
    ])
  })
})

test.each([
  ['CRITICAL', 'critical'],
  ['UNDEFINED', 'unrated'],
  ['UNTRIAGED', 'unrated'],
  ['SOMETHING NEW', 'unrated'],
  [undefined, 'unrated'],
])('the severity %s is %s', (text, severity) => {
  expect(severityOf(text)).toBe(severity)
})

test('platforms are merged: each finding once, worst first, the same whatever came first', () => {
  const amd = { platform: 'linux/amd64', findings: [finding('CVE-2', 'low'), finding('CVE-1', 'critical')] }
  const arm = { platform: 'linux/arm64', findings: [finding('CVE-1', 'critical'), finding('CVE-3', 'unrated')] }
  const merged = mergeFindings([amd, arm])
  expect(merged.map(({ id, platforms }) => [id, platforms])).toEqual([
    ['CVE-1', ['linux/amd64', 'linux/arm64']],
    ['CVE-2', ['linux/amd64']],
    ['CVE-3', ['linux/arm64']],
  ])
  expect(mergeFindings([arm, amd])).toEqual(merged)
})
