import { describe, expect, test } from '@jest/globals'
import { ecr } from '../../../src/registry/ecr.ts'
import type { AwsAnswer } from '../../support/aws-answers.ts'
import { awsTransport } from '../../support/aws-answers.ts'
import { imageManifest, session } from '../../support/images.ts'

const token = Buffer.from('AWS:pass:word').toString('base64')

function answering(answer: AwsAnswer) {
  const transport = awsTransport(() => answer)
  return { transport, control: ecr(session, { requestHandler: transport.requestHandler }) }
}

describe('the login of a registry', () => {
  test('is masked before it is returned, and may hold colons', async () => {
    const { control, transport } = answering({
      body: { authorizationData: [{ authorizationToken: token, expiresAt: 1795430000 }] },
    })
    const masked: string[] = []
    const login = await (await control).login(secret => void masked.push(secret))
    expect(login).toEqual({
      host: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
      user: 'AWS',
      password: 'pass:word',
      expiresAt: new Date(1795430000 * 1000),
    })
    expect(masked).toEqual(['pass:word', token])
    expect(transport.calls[0]).toMatchObject({
      operation: 'GetAuthorizationToken',
      host: 'api.ecr.us-east-1.amazonaws.com',
    })
  })

  test('that is empty is an error of the remote', async () => {
    const { control } = answering({ body: { authorizationData: [] } })
    await expect((await control).login(() => {})).rejects.toMatchObject({ kind: 'remote', code: 'ecr-login' })
  })
})

describe('a manifest in ECR', () => {
  test('is asked for by digest with all media types and comes back as stored', async () => {
    const stored = imageManifest('one')
    const { control, transport } = answering({
      body: {
        images: [
          {
            imageId: { imageDigest: stored.digest },
            imageManifest: stored.raw,
            imageManifestMediaType: stored.mediaType,
          },
        ],
      },
    })
    const found = await (await control).manifest('shop/api', { digest: stored.digest })
    expect(found?.digest).toBe(stored.digest)
    expect(transport.calls[0]?.input).toMatchObject({
      registryId: '123456789012',
      repositoryName: 'shop/api',
      imageIds: [{ imageDigest: stored.digest }],
      acceptedMediaTypes: expect.arrayContaining(['application/vnd.oci.image.index.v1+json']),
    })
  })

  test('that is not there is undefined, not an error', async () => {
    const { control } = answering({
      body: { images: [], failures: [{ failureCode: 'ImageNotFound', failureReason: 'Requested image not found' }] },
    })
    expect(await (await control).manifest('shop/api', { tag: 'v1' })).toBeUndefined()
  })

  test('that ECR cannot read is an error with its reason', async () => {
    const { control } = answering({
      body: { failures: [{ failureCode: 'KmsError', failureReason: 'key is disabled' }] },
    })
    await expect((await control).manifest('shop/api', { tag: 'v1' })).rejects.toMatchObject({
      kind: 'remote',
      why: 'KmsError: key is disabled',
    })
  })
})

describe('an error of ECR says what happened and what to do', () => {
  test.each([
    [
      'RepositoryNotFoundException',
      'user',
      'ecr-repository-missing',
      'The ECR repository "shop/api" does not exist in account 123456789012, us-east-1.',
    ],
    [
      'AccessDeniedException',
      'denied',
      'ecr-denied',
      'arn:aws:iam::123456789012:role/shop-build may not ecr:BatchGetImage on the repository "shop/api".',
    ],
    [
      'ExpiredTokenException',
      'denied',
      'aws-credentials',
      'AWS refuses the credentials of arn:aws:iam::123456789012:role/shop-build.',
    ],
    [
      'BlockedByOrganizationPolicyException',
      'denied',
      'ecr-organization-policy',
      'A policy of the organization blocks ecr:BatchGetImage.',
    ],
    ['KmsException', 'denied', 'ecr-kms', 'The KMS key of the ECR repository "shop/api" cannot be used.'],
    ['InvalidParameterException', 'user', 'ecr-invalid', 'ECR does not accept v1 (ecr:BatchGetImage).'],
    ['SomethingNewException', 'remote', 'ecr-unavailable', 'ecr:BatchGetImage in us-east-1 failed.'],
  ])('%s', async (error, kind, code, message) => {
    const { control } = answering({ error })
    await expect((await control).manifest('shop/api', { tag: 'v1' })).rejects.toMatchObject({ kind, code, message })
  })

  test('and a cancelled job stays cancelled', async () => {
    const { control } = answering({ body: {} })
    const reason = new Error('cancelled')
    await expect((await control).manifest('shop/api', { tag: 'v1' }, AbortSignal.abort(reason))).rejects.toBe(reason)
  })
})

describe('the state of an image', () => {
  test.each([
    ['ACTIVE', 'active'],
    ['ARCHIVED', 'archived'],
    ['ACTIVATING', 'archived'],
    [undefined, 'active'],
  ])('%s is %s', async (imageStatus, status) => {
    const { control } = answering({ body: { imageDetails: [{ imageStatus, imagePushedAt: 1795430000 }] } })
    expect(await (await control).describe('shop/api', 'sha256:1')).toEqual({
      status,
      pushedAt: new Date(1795430000 * 1000),
    })
  })

  test('is undefined when there is no such image', async () => {
    const { control } = answering({ error: 'ImageNotFoundException' })
    expect(await (await control).describe('shop/api', 'sha256:1')).toBeUndefined()
  })
})
