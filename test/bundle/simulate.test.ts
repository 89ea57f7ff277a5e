import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { renderers, scanDocument } from '../../src/report/scan-surfaces.ts'
import { createExec } from '../../src/runtime/exec.ts'
import type { ExecResult } from '../../src/runtime/context.ts'
import { seededScan } from '../support/scan-results.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'slipway-simulate-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function simulate(...args: readonly string[]): Promise<ExecResult> {
  const exec = createExec({ PATH: process.env['PATH'] })
  return exec(process.execPath, ['dist/simulate/index.js', ...args])
}

function saved(text: string, name = 'scan.json'): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const scan = seededScan(20)
const document = renderers.json(scanDocument(scan))

/** As the AWS CLI prints it. */
const answer = {
  registryId: '111122223333',
  repositoryName: 'shop/api',
  imageId: { imageDigest: `sha256:${'a'.repeat(64)}` },
  imageScanStatus: { status: 'ACTIVE', description: 'Continuous scan is selected for image.' },
  imageScanFindings: {
    enhancedFindings: [
      {
        severity: 'HIGH',
        status: 'ACTIVE',
        title: 'CVE-2026-11111 - openssl',
        fixAvailable: 'YES',
        firstObservedAt: '2026-11-02T10:00:00+01:00',
        packageVulnerabilityDetails: {
          vulnerabilityId: 'CVE-2026-11111',
          vulnerablePackages: [{ name: 'openssl', version: '3.0.1', fixedInVersion: '3.0.2', packageManager: 'OS' }],
        },
      },
    ],
  },
}

describe('node dist/simulate/index.js', () => {
  test('comes to the verdict of the scan by the policy that was saved with it', async () => {
    const { code, stdout, stderr } = await simulate(saved(document))
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    const [head, ...lines] = stdout.trimEnd().split('\n')
    // All findings of this scan have a fix.
    const stopped = scan.findings.filter(({ severity }) => severity === 'critical' || severity === 'high')
    expect(head).toBe(
      `✗ ${scan.image} would fail · ${stopped.length} of 20 findings block (fail on: critical, high:fixable)`,
    )
    for (const { id, severity } of stopped)
      expect(lines.find(line => line.includes(`${id} `))).toContain(
        severity === 'critical' ? '· critical' : '· high:fixable',
      )
  })

  test('shows what another policy would do', async () => {
    expect(await simulate(saved(document), '--fail-on', 'none')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('would pass · 0 of 20 findings block (fail on: none)'),
    })
  })

  test("reads ECR's own answer, by the rules that hold for it", async () => {
    const file = saved(JSON.stringify(answer))
    expect(await simulate(file, '--fail-on', 'high:fixable')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('  blocks  high CVE-2026-11111 in openssl 3.0.1, fixed in 3.0.2 · high:fixable'),
    })
    expect(await simulate(file, '--fail-on', 'critical')).toMatchObject({ code: 0 })
  })

  test('never takes what nobody asked for a no', async () => {
    expect(await simulate(saved(JSON.stringify(answer)), '--fail-on', 'any:kev')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining(
        'open    high CVE-2026-11111 in openssl 3.0.1, fixed in 3.0.2 · any:kev, not known: kev',
      ),
    })
  })

  test.each([
    ['is pending', { imageScanStatus: { status: 'PENDING' } }],
    ['has an empty list and no time', { imageScanFindings: { enhancedFindings: [] } }],
    ['has no list', { imageScanFindings: {} }],
  ])('a scan that %s is no verdict', async (_, other) => {
    const file = saved(JSON.stringify({ ...answer, ...other }))
    expect(await simulate(file, '--fail-on', 'high')).toMatchObject({ code: 3 })
  })

  test('an empty list that has a time is clean', async () => {
    const clean = { ...answer, imageScanFindings: { enhancedFindings: [], imageScanCompletedAt: 1_795_430_000 } }
    expect(await simulate(saved(JSON.stringify(clean)), '--fail-on', 'high')).toMatchObject({ code: 0 })
  })

  test('a finding that the baseline has is not introduced', async () => {
    const file = saved(JSON.stringify(answer))
    expect(await simulate(file, '--fail-on', 'high:introduced')).toMatchObject({ code: 1 })
    expect(await simulate(file, '--fail-on', 'high:introduced', '--baseline', file)).toMatchObject({ code: 0 })
  })

  test('a waiver accepts what it names, and one that names nothing here is told', async () => {
    const day = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10)
    const entry = (id: string): string =>
      `  - { id: ${id}, scope: { package: openssl }, reason: not reachable from outside, owner: platform, expires: '${day}' }`
    const waivers = saved(['waivers:', entry('CVE-2026-11111'), entry('CVE-2026-2')].join('\n'), 'waivers.yaml')
    const { code, stdout } = await simulate(saved(JSON.stringify(answer)), '--fail-on', 'high', '--waivers', waivers)
    expect(code).toBe(0)
    expect(stdout).toContain(
      `  waived  high CVE-2026-11111 in openssl 3.0.1, fixed in 3.0.2 · high, accepted by platform until ${day}`,
    )
    expect(stdout).toContain('CVE-2026-2')
  })

  test.each([
    [[], 'simulate cannot be run like that: the file of findings is missing.'],
    [['a.json', 'b.json'], 'simulate cannot be run like that: "b.json" is one argument too many.'],
    [['a.json', '--nope'], "simulate cannot be run like that: Unknown option '--nope'."],
    [['does-not-exist.json'], 'does-not-exist.json cannot be read:'],
  ])('%j is refused by a sentence, with 2', async (args, says) => {
    const { code, stdout, stderr } = await simulate(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(says)
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  test.each([
    ['no JSON', 'severity: high', 'it is no JSON'],
    ['another JSON', '{"findings":[]}', 'version: '],
    ['one page of several', JSON.stringify({ ...answer, nextToken: 'x' }), 'it is one page of several'],
    ['a wrong severity', document.replace('"severity": "critical"', '"severity": "awful"'), 'findings.0.severity: '],
  ])('findings that are %s are refused with their place', async (_, text, why) => {
    const { code, stderr } = await simulate(saved(text), '--fail-on', 'high')
    expect(code).toBe(2)
    expect(stderr).toContain(`The findings in ${join(folder, 'scan.json')} cannot be read.`)
    expect(stderr).toContain(why)
  })

  test('a policy that cannot be read is named', async () => {
    const { code, stderr } = await simulate(saved(document), '--fail-on', 'severe')
    expect(code).toBe(2)
    expect(stderr).toContain('"severe" is no severity.')
  })

  test('findings that name no policy need one', async () => {
    expect(await simulate(saved(JSON.stringify(answer)))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the findings name no policy, so --fail-on has to'),
    })
  })
})
