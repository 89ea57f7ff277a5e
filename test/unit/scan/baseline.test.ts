import { expect, test } from '@jest/globals'
import { scanImage } from '../../../src/scan/scan-image.ts'
import type { Finding } from '../../../src/scan/findings.ts'
import type { ScanPage, ScanResult, ScanSource } from '../../../src/scan/model.ts'
import { parseRules } from '../../../src/scan/policy/rule.ts'
import { finding, fixable } from '../../support/findings.ts'
import { testContext } from '../../support/image-context.ts'
import { host, imageManifest, session } from '../../support/images.ts'

const [head, base] = [imageManifest('head'), imageManifest('base')]

/** Two images with these findings; `baseStatus` other than COMPLETE has no result. */
function source(ofHead: readonly Finding[], ofBase: readonly Finding[], baseStatus = 'COMPLETE'): ScanSource {
  const page = (findings: readonly Finding[], status = 'COMPLETE'): ScanPage => ({
    status,
    description: '',
    completedAt: 1,
    sourceUpdatedAt: 1,
    findings,
    enhanced: false,
  })
  return {
    manifest: async (_, id) => [head, base].find(one => 'digest' in id && id.digest === one.digest),
    settings: async () => ({ type: 'basic', frequency: 'on-push' }),
    start: async () => 'started',
    page: async (_, digest) => (digest === head.digest ? page(ofHead) : page(ofBase, baseStatus)),
  }
}

function scan(from: ScanSource, failOn: string, compareWith = `${host}/shop/api@${base.digest}`): Promise<ScanResult> {
  const request = {
    image: `${host}/shop/api@${head.digest}`,
    failOn: parseRules(failOn),
    timeoutMs: 60_000,
    compareWith,
  }
  return scanImage(request, {
    session,
    context: testContext(),
    source: from,
    risks: async () => ({ of: () => ({}), why: {} }),
  })
}

test('only what the image adds to the other one blocks by a rule for what is introduced', async () => {
  const [old, gone, added] = [finding('CVE-1', 'critical'), finding('CVE-2', 'high'), fixable('CVE-3', 'high')]
  const result = await scan(source([old, added], [old, gone]), 'high:introduced')
  expect(result).toMatchObject({
    verdict: 'fail',
    blocking: [{ finding: { id: 'CVE-3' } }],
    comparedWith: { image: `${host}/shop/api@${base.digest}`, why: 'given as compare-with' },
    fixed: [{ id: 'CVE-2' }],
    plan: { steps: [{ package: 'openssl', to: '3.0.16', fixes: ['CVE-3'] }], after: 'pass' },
  })
})

test('an image that adds nothing passes, whatever the other one has', async () => {
  const old = finding('CVE-1', 'critical')
  expect((await scan(source([old], [old]), 'high:introduced')).verdict).toBe('pass')
})

test('a baseline without a result leaves such a rule open', async () => {
  const result = await scan(source([finding('CVE-1', 'critical')], [], 'FAILED'), 'high:introduced')
  expect(result.verdict).toBe('inconclusive')
  expect(result.reasons).toMatchObject([
    { code: 'scan-baseline-unknown', says: expect.stringContaining('the image to compare with has no result') },
  ])
})

test.each([
  [`${host}/pay/api@${base.digest}`, 'is not in the repository "shop/api"'],
  [`${host}/shop/api@sha256:${'0'.repeat(64)}`, 'does not exist'],
])('an image to compare with that is none is refused: %s', async (image, message) => {
  await expect(scan(source([], []), 'high', image)).rejects.toMatchObject({
    code: 'input-compare-with',
    message: expect.stringContaining(message),
  })
})
