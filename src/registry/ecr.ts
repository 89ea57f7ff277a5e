import type * as sdk from '@aws-sdk/client-ecr'
import type { Session } from '../identity/model.ts'
import { awsTransport } from '../runtime/aws-transport.ts'
import { RemoteError } from '../runtime/errors.ts'
import type { EcrSubject } from './ecr-errors.ts'
import { explainEcr } from './ecr-errors.ts'
import type { Manifest } from './manifest.ts'
import { acceptedMediaTypes, readManifest } from './manifest.ts'
import { ecrHost } from './reference.ts'
import { readLogin, type RegistryLogin } from './registry-login.ts'

export type ImageId = { readonly digest: string } | { readonly tag: string }

export interface StoredImage {
  readonly status: 'active' | 'archived'
  readonly pushedAt?: Date
}

/** ECR's control plane, as far as we need it. All methods throw UserError, DeniedError or RemoteError. */
export interface Ecr {
  /** Host name of the registry. */
  readonly host: string
  /** A login for the registry. The password is masked before it is returned. */
  login(mask: (secret: string) => void, signal?: AbortSignal): Promise<RegistryLogin>
  /** The manifest as stored; undefined when there is no such image. Needs only ecr:BatchGetImage, which a push role has. */
  manifest(repository: string, id: ImageId, signal?: AbortSignal): Promise<Manifest | undefined>
  /** Needs ecr:DescribeImages; undefined when there is no such image. */
  describe(repository: string, digest: string, signal?: AbortSignal): Promise<StoredImage | undefined>
}

export interface EcrOptions {
  /** Registry to ask when it is not the session's own. */
  readonly registry?: { readonly accountId: string; readonly region: string }
  /** Attempts of the SDK at each call; 5 by default. */
  readonly maxAttempts?: number
  /** Transport of the SDK; its own unless a test brings one. */
  readonly requestHandler?: NonNullable<sdk.ECRClientConfig['requestHandler']>
}

type Call<Input, Output> = (input: Input, options: { readonly abortSignal?: AbortSignal }) => Promise<Output>

/** The calls of ECR that Slipway makes. */
export interface EcrCalls {
  readonly getAuthorizationToken: Call<sdk.GetAuthorizationTokenCommandInput, sdk.GetAuthorizationTokenCommandOutput>
  readonly batchGetImage: Call<sdk.BatchGetImageCommandInput, sdk.BatchGetImageCommandOutput>
  readonly describeImages: Call<sdk.DescribeImagesCommandInput, sdk.DescribeImagesCommandOutput>
  readonly startImageScan: Call<sdk.StartImageScanCommandInput, sdk.StartImageScanCommandOutput>
  readonly describeImageScanFindings: Call<
    sdk.DescribeImageScanFindingsCommandInput,
    sdk.DescribeImageScanFindingsCommandOutput
  >
  readonly getRegistryScanningConfiguration: Call<
    sdk.GetRegistryScanningConfigurationCommandInput,
    sdk.GetRegistryScanningConfigurationCommandOutput
  >
  readonly batchGetRepositoryScanningConfiguration: Call<
    sdk.BatchGetRepositoryScanningConfigurationCommandInput,
    sdk.BatchGetRepositoryScanningConfigurationCommandOutput
  >
}

/**
 * The SDK's client for a session. Loaded only now: it costs tens of milliseconds that an input error should not pay.
 * Commands are named one by one, so that the bundle holds no others.
 */
export async function ecrClient(session: Session, options: EcrOptions = {}): Promise<EcrCalls> {
  const {
    ECRClient,
    GetAuthorizationTokenCommand,
    BatchGetImageCommand,
    DescribeImagesCommand,
    StartImageScanCommand,
    DescribeImageScanFindingsCommand,
    GetRegistryScanningConfigurationCommand,
    BatchGetRepositoryScanningConfigurationCommand,
  } = await import('@aws-sdk/client-ecr')
  const client = new ECRClient({
    region: options.registry?.region ?? session.region,
    credentials: session.credentials,
    maxAttempts: options.maxAttempts ?? 5,
    requestHandler: options.requestHandler ?? awsTransport(30_000),
  })
  return {
    getAuthorizationToken: (input, how) => client.send(new GetAuthorizationTokenCommand(input), how),
    batchGetImage: (input, how) => client.send(new BatchGetImageCommand(input), how),
    describeImages: (input, how) => client.send(new DescribeImagesCommand(input), how),
    startImageScan: (input, how) => client.send(new StartImageScanCommand(input), how),
    describeImageScanFindings: (input, how) => client.send(new DescribeImageScanFindingsCommand(input), how),
    getRegistryScanningConfiguration: (input, how) =>
      client.send(new GetRegistryScanningConfigurationCommand(input), how),
    batchGetRepositoryScanningConfiguration: (input, how) =>
      client.send(new BatchGetRepositoryScanningConfigurationCommand(input), how),
  }
}

/** ECR as `session` sees it. */
export async function ecr(session: Session, options: EcrOptions = {}): Promise<Ecr> {
  const client = await ecrClient(session, options)
  const { accountId, region } = options.registry ?? session
  const run = caller(session, options)
  return {
    host: ecrHost(accountId, region),
    async login(mask, signal) {
      const given = await run('ecr:GetAuthorizationToken', {}, signal, abort => client.getAuthorizationToken({}, abort))
      const [data] = given.authorizationData ?? []
      return readLogin(
        { token: data?.authorizationToken, expiresAt: data?.expiresAt },
        ecrHost(accountId, region),
        mask,
      )
    },
    async manifest(repository, id, signal) {
      const image = 'digest' in id ? id.digest : id.tag
      const imageIds = ['digest' in id ? { imageDigest: id.digest } : { imageTag: id.tag }]
      const request = {
        registryId: accountId,
        repositoryName: repository,
        imageIds,
        acceptedMediaTypes: [...acceptedMediaTypes],
      }
      const answer = await run('ecr:BatchGetImage', { repository, image }, signal, abort =>
        client.batchGetImage(request, abort),
      )
      return readAnswer(answer, image)
    },
    async describe(repository, digest, signal) {
      const request = { registryId: accountId, repositoryName: repository, imageIds: [{ imageDigest: digest }] }
      const subject = { repository, image: digest }
      const answer = await run('ecr:DescribeImages', subject, signal, abort =>
        client.describeImages(request, abort).catch(noneIfMissing),
      )
      const detail = answer?.imageDetails?.[0]
      if (detail === undefined) return undefined
      const archived = detail.imageStatus === 'ARCHIVED' || detail.imageStatus === 'ACTIVATING'
      return {
        status: archived ? 'archived' : 'active',
        ...(detail.imagePushedAt === undefined ? {} : { pushedAt: detail.imagePushedAt }),
      }
    },
  }
}

type Run = <T>(
  action: string,
  about: { readonly repository?: string; readonly image?: string },
  signal: AbortSignal | undefined,
  call: (options: { abortSignal?: AbortSignal }) => Promise<T>,
) => Promise<T>

/** Runs SDK calls of one session and explains what they throw. */
export function caller(session: Session, options: EcrOptions = {}): Run {
  const { accountId, region } = options.registry ?? session
  return async (action, about, signal, call) => {
    const subject: EcrSubject = { action, region, accountId, roleArn: session.roleArn, ...about }
    signal?.throwIfAborted()
    try {
      return await call(signal === undefined ? {} : { abortSignal: signal })
    } catch (thrown) {
      signal?.throwIfAborted()
      throw explainEcr(thrown, subject)
    }
  }
}

function readAnswer(
  { images = [], failures = [] }: sdk.BatchGetImageCommandOutput,
  image: string,
): Manifest | undefined {
  const [found] = images
  if (found?.imageManifest !== undefined) {
    return readManifest(found.imageManifest, {
      ...(found.imageId?.imageDigest === undefined ? {} : { digest: found.imageId.imageDigest }),
      ...(found.imageManifestMediaType === undefined ? {} : { mediaType: found.imageManifestMediaType }),
    })
  }
  const [failure] = failures
  if (failure === undefined || failure.failureCode === 'ImageNotFound') return undefined
  throw new RemoteError('ecr-image-unreadable', `ECR cannot give the manifest of ${image}.`, {
    why: `${failure.failureCode ?? 'No code'}: ${failure.failureReason ?? 'no reason given'}`,
    todo: 'Check the state of the image in ECR.',
  })
}

function noneIfMissing(thrown: unknown): undefined {
  if (thrown instanceof Error && thrown.name === 'ImageNotFoundException') return undefined
  throw thrown
}
