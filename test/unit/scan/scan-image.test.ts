import { describe, expect, test } from '@jest/globals'
import { scanLines } from '../../../src/report/lines.ts'
import { scanSummary } from '../../../src/report/scan-report.ts'
import { ecrScanSource } from '../../../src/scan/ecr-source.ts'
import { parseRules } from '../../../src/scan/policy/rule.ts'
import { scanImage } from '../../../src/scan/scan-image.ts'
import type { AwsAnswer, AwsCall } from '../../support/aws-answers.ts'
import { awsTransport } from '../../support/aws-answers.ts'
import { testContext } from '../../support/image-context.ts'
import { host, imageManifest, indexManifest, session } from '../../support/images.ts'

const amd = imageManifest('amd')
const arm = imageManifest('arm')
const index = indexManifest([
  { manifest: amd, platform: 'linux/amd64' },
  { manifest: arm, platform: 'linux/arm64' },
])

const onPush: Readonly<Record<string, AwsAnswer>> = {
  GetRegistryScanningConfiguration: { body: { scanningConfiguration: { scanType: 'BASIC' } } },
  BatchGetRepositoryScanningConfiguration: {
    body: { scanningConfigurations: [{ repositoryName: 'shop/api', scanOnPush: true, scanFrequency: 'SCAN_ON_PUSH' }] },
  },
}

const clean: AwsAnswer = {
  body: {
    imageScanStatus: { status: 'COMPLETE', description: 'The scan was completed successfully.' },
    imageScanFindings: { imageScanCompletedAt: 1795430000, findingSeverityCounts: {}, findings: [] },
  },
}

const critical: AwsAnswer = {
  body: {
    imageScanStatus: { status: 'COMPLETE' },
    imageScanFindings: {
      imageScanCompletedAt: 1795430000,
      findingSeverityCounts: { CRITICAL: 1 },
      findings: [
        {
          name: 'CVE-2026-1',
          severity: 'CRITICAL',
          attributes: [
            { key: 'package_name', value: 'glibc' },
            { key: 'package_version', value: '2.36' },
          ],
        },
      ],
    },
  },
}

async function scan(
  answer: (call: AwsCall) => AwsAnswer,
  image = `${host}/shop/api@${index.digest}`,
  failOn = 'critical',
) {
  const stored = (call: AwsCall): AwsAnswer =>
    call.operation === 'BatchGetImage'
      ? { body: { images: [{ imageId: { imageDigest: index.digest }, imageManifest: index.raw }] } }
      : (onPush[call.operation] ?? answer(call))
  const transport = awsTransport(stored)
  const source = await ecrScanSource(session, { requestHandler: transport.requestHandler })
  const context = testContext()
  const result = await scanImage({ image, failOn: parseRules(failOn), timeoutMs: 60_000 }, { session, context, source })
  return { result, context, transport }
}

function digestOf(call: AwsCall): unknown {
  return call.input['imageId']
}

describe('an image', () => {
  test('of two platforms passes when both are clean', async () => {
    const { result, transport } = await scan(() => clean)
    expect(result).toMatchObject({
      verdict: 'pass',
      image: `${host}/shop/api@${index.digest}`,
      repository: 'shop/api',
      policy: 'critical',
      findings: [],
      reasons: [],
    })
    const asked = transport.calls.filter(({ operation }) => operation === 'DescribeImageScanFindings').map(digestOf)
    expect(asked).toEqual(expect.arrayContaining([{ imageDigest: amd.digest }, { imageDigest: arm.digest }]))
    expect(asked).not.toContainEqual({ imageDigest: index.digest })
  })

  test('with a critical finding in one platform fails and names package and platform', async () => {
    const { result } = await scan(call => (JSON.stringify(digestOf(call)).includes(arm.digest) ? critical : clean))
    expect(result).toMatchObject({
      verdict: 'fail',
      counts: { critical: 1 },
      findings: [{ id: 'CVE-2026-1', package: { name: 'glibc', version: '2.36' }, platforms: ['linux/arm64'] }],
    })
  })

  test('that cannot be scanned on one platform is inconclusive', async () => {
    const { result } = await scan(call =>
      JSON.stringify(digestOf(call)).includes(arm.digest)
        ? { body: { imageScanStatus: { status: 'FAILED', description: 'UnsupportedImageError' } } }
        : clean,
    )
    expect(result).toMatchObject({
      verdict: 'inconclusive',
      reasons: [{ code: 'scan-failed', says: 'linux/arm64: The scan failed: UnsupportedImageError' }],
    })
  })

  test('that ECR cannot scan passes where nothing may stop it, and the log and the summary say what is missing', async () => {
    const { result } = await scan(
      () => ({ body: { imageScanStatus: { status: 'UNSUPPORTED_IMAGE', description: 'scratch' } } }),
      undefined,
      'none',
    )
    expect(result).toMatchObject({ verdict: 'pass', policy: 'none', reasons: [] })
    expect(scanLines(result)).toContain('note: linux/amd64: ECR cannot scan this kind of image: scratch')
    expect(scanSummary(result)).toContain('Note: linux/amd64: ECR cannot scan this kind of image: scratch')
  })

  test('named by a tag is pinned to the digest that the tag has now', async () => {
    const { result } = await scan(() => clean, `${host}/shop/api:latest`)
    expect(result.image).toBe(`${host}/shop/api@${index.digest}`)
  })
})

describe('what ends a scan at once', () => {
  test('is a missing permission, with the action that is missing', async () => {
    await expect(scan(() => ({ error: 'AccessDeniedException' }))).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('may not ecr:DescribeImageScanFindings on the repository "shop/api"'),
    })
  })

  test('is an image that is not in ECR', async () => {
    await expect(scan(() => clean, `ghcr.io/acme/shop@${index.digest}`)).rejects.toMatchObject({
      kind: 'user',
      code: 'input-image',
    })
  })
})

describe('what ECR answers', () => {
  const page = async (answer: AwsAnswer) =>
    (await ecrScanSource(session, { requestHandler: awsTransport(() => answer).requestHandler })).page(
      'shop/api',
      amd.digest,
      undefined,
    )
  const start = async (answer: AwsAnswer) =>
    (await ecrScanSource(session, { requestHandler: awsTransport(() => answer).requestHandler })).start(
      'shop/api',
      amd.digest,
    )
  const settings = async (answers: Readonly<Record<string, AwsAnswer>>) =>
    (
      await ecrScanSource(session, {
        requestHandler: awsTransport(({ operation }) => answers[operation] ?? { error: 'AccessDeniedException' })
          .requestHandler,
      })
    ).settings('shop/api')

  test.each([
    ['ScanNotFoundException', 'no-scan'],
    ['ImageNotFoundException', 'no-image'],
  ])('to a question for findings: %s is %s', async (error, expected) => {
    expect(await page({ error })).toBe(expected)
  })

  test('a page without any result has no list, not an empty one', async () => {
    expect(await page({ body: { imageScanStatus: { status: 'COMPLETE' }, imageScanFindings: {} } })).not.toHaveProperty(
      'findings',
    )
    expect(await page({ body: { imageScanStatus: { status: 'PENDING' } } })).not.toHaveProperty('findings')
  })

  test('times of the wire become instants, counts a sum', async () => {
    expect(await page(critical)).toMatchObject({
      status: 'COMPLETE',
      completedAt: 1795430000_000,
      counted: 1,
      enhanced: false,
    })
  })

  test.each([
    ['LimitExceededException', 'too-often'],
    ['UnsupportedImageTypeException', 'unsupported'],
    ['ImageArchivedException', 'archived'],
    ['ValidationException', 'disabled'],
  ])('to the start of a scan: %s is %s', async (error, expected) => {
    expect(await start({ error })).toBe(expected)
  })

  test('on how a repository is scanned is read, and unknown where the role may not ask', async () => {
    expect(await settings(onPush)).toEqual({ type: 'basic', frequency: 'on-push' })
    expect(
      await settings({
        GetRegistryScanningConfiguration: { body: { scanningConfiguration: { scanType: 'ENHANCED' } } },
      }),
    ).toEqual({ type: 'enhanced', frequency: 'unknown' })
    expect(await settings({})).toEqual({ type: 'unknown', frequency: 'unknown' })
  })
})
