import { expect, test } from '@jest/globals'
import { ecrImageCheck } from '../../../src/registry/image-check.ts'
import type { AwsAnswer } from '../../support/aws-answers.ts'
import { awsTransport } from '../../support/aws-answers.ts'
import { host, imageManifest, indexManifest, session } from '../../support/images.ts'

const amd = imageManifest('amd')
const index = indexManifest([{ manifest: amd, platform: 'linux/amd64' }])

function found(manifest: { digest: string; raw: string }): AwsAnswer {
  return { body: { images: [{ imageId: { imageDigest: manifest.digest }, imageManifest: manifest.raw }] } }
}

function check(image: string, answers: Readonly<Record<string, AwsAnswer>>, platforms: readonly string[] = []) {
  const transport = awsTransport(({ operation }) => answers[operation] ?? { error: 'AccessDeniedException' })
  const asked = ecrImageCheck(session, { requestHandler: transport.requestHandler, platforms }).check(image)
  return { asked, transport }
}

const active: AwsAnswer = { body: { imageDetails: [{ imageStatus: 'ACTIVE' }] } }
const archived: AwsAnswer = { body: { imageDetails: [{ imageStatus: 'ARCHIVED' }] } }
const none: AwsAnswer = { body: { failures: [{ failureCode: 'ImageNotFound' }] } }
const image = `${host}/shop/api@${index.digest}`

test.each([
  ['an image that is stored', 'present', { BatchGetImage: found(index), DescribeImages: active }, []],
  ['an image that is not stored', 'absent', { BatchGetImage: none }, []],
  ['a repository that does not exist', 'absent', { BatchGetImage: { error: 'RepositoryNotFoundException' } }, []],
  [
    'an archived image, which cannot be pulled',
    'absent',
    { BatchGetImage: found(index), DescribeImages: archived },
    [],
  ],
  [
    'an index without the platform of the nodes',
    'no-platform',
    { BatchGetImage: found(index), DescribeImages: active },
    ['linux/arm64'],
  ],
  [
    'an index with the platform of the nodes',
    'present',
    { BatchGetImage: found(index), DescribeImages: active },
    ['linux/amd64'],
  ],
  ['a role that may not describe images', 'present', { BatchGetImage: found(index) }, []],
  ['a role that may not ask', 'unknown', {}, []],
  ['a service that answers nonsense', 'unknown', { BatchGetImage: { body: { images: [{ imageManifest: 'x' }] } } }, []],
] as const)('%s is %s', async (_, expected, answers, platforms) => {
  expect(await check(image, answers, platforms).asked).toBe(expected)
})

test('an index of nothing but attestations has no platform', async () => {
  const empty = indexManifest([])
  expect(await check(`${host}/shop/api@${empty.digest}`, { BatchGetImage: found(empty) }).asked).toBe('no-platform')
})

test.each(['nginx', 'ghcr.io/acme/shop:v1', 'not an image'])(
  '"%s" is not ours to judge, and nobody is asked',
  async other => {
    const { asked, transport } = check(other, {})
    expect(await asked).toBe('unknown')
    expect(transport.calls).toEqual([])
  },
)

test('an image of another account and region is asked for there', async () => {
  const { asked, transport } = check(`210987654321.dkr.ecr.eu-west-1.amazonaws.com/shop/api:v1`, {
    BatchGetImage: none,
  })
  expect(await asked).toBe('absent')
  expect(transport.calls[0]).toMatchObject({
    host: 'api.ecr.eu-west-1.amazonaws.com',
    input: { registryId: '210987654321', imageIds: [{ imageTag: 'v1' }] },
  })
})

test.each([
  ['linux/amd64', 'present'],
  ['linux/arm64', 'no-platform'],
] as const)('for a node of %s an image for amd64 is %s', async (platform, expected) => {
  const transport = awsTransport(({ operation }) => (operation === 'BatchGetImage' ? found(index) : active))
  const check = ecrImageCheck(session, { requestHandler: transport.requestHandler })
  expect(await check.check(image, undefined, platform)).toBe(expected)
})
