import { account, hosts } from '../world.ts'
import type { Amend, Override } from './aws.ts'
import { awsError } from './aws-errors.ts'
import { isRecord, json, type Answer } from './http.ts'
import { digestOf, isIndex, parseManifest, type Images, type Manifest } from './images.ts'
import type { StoredImage } from './moto.ts'
import type { Operation } from './operations.ts'
import type { RegistryTokens } from './registry-tokens.ts'
import type { Scan, Scans } from './scans.ts'
import type { Session } from './sessions.ts'

type Input = Operation['input']

/** ECR's control plane where moto has no data plane, no time and no scanner behind it. */
export function ecrOverrides(images: Images, tokens: RegistryTokens, scans: Scans): Override {
  return (operation, session) => {
    if (operation.service === 'ecr-public' && operation.name === 'GetAuthorizationToken')
      return ok({ authorizationData: authorization(tokens, session) })
    if (operation.service !== 'ecr') return undefined
    switch (operation.name) {
      case 'GetAuthorizationToken':
        return ok({
          authorizationData: [{ ...authorization(tokens, session), proxyEndpoint: `https://${hosts.registry}` }],
        })
      case 'PutImage':
        return putImage(operation.input, images)
      case 'StartImageScan':
        return startScan(operation.input, images, scans)
      case 'DescribeImageScanFindings':
        return describeScan(operation.input, images, scans)
      case 'ListImageReferrers':
        return listReferrers(operation.input, images)
      default:
        return undefined
    }
  }
}

function authorization(tokens: RegistryTokens, session: Session): object {
  const { password, expires } = tokens.issue(session)
  const authorizationToken = Buffer.from(`AWS:${password}`).toString('base64')
  return { authorizationToken, expiresAt: Math.floor(expires / 1000) }
}

function ok(value: unknown): Answer {
  return json(200, value, { 'content-type': 'application/x-amz-json-1.1' })
}

const fail = (code: string, message: string): Answer => awsError('json', { code, message })

/** A re-tag: the manifest is in the registry already, or its parts are. */
async function putImage(input: Input, images: Images): Promise<Answer | undefined> {
  const manifest = Buffer.from(String(input.imageManifest))
  const repository = String(input.repositoryName)
  const parsed: unknown = JSON.parse(manifest.toString())
  const mediaType = String(input.imageManifestMediaType ?? (isRecord(parsed) ? parsed.mediaType : undefined))
  const reference = typeof input.imageTag === 'string' ? input.imageTag : digestOf(manifest)
  const existing = await images.find(repository, reference)
  if (existing?.digest === digestOf(manifest))
    return fail(
      'ImageAlreadyExistsException',
      `Image with digest '${existing.digest}' and tag '${reference}' already exists in the repository with name '${repository}' in registry with id '${account}'`,
    )
  const outcome = await images.put(repository, reference, manifest, mediaType)
  if (outcome.refused === 'immutable')
    return fail('ImageTagAlreadyExistsException', immutableText(outcome.tag, repository))
  if (outcome.refused === 'registry')
    return /NAME_UNKNOWN|BLOB_UNKNOWN/.test(outcome.body)
      ? fail('LayersNotFoundException', `Layers of the image do not exist in the repository with name '${repository}'`)
      : fail('InvalidParameterException', outcome.body)
  const imageId = {
    imageDigest: outcome.digest,
    ...(typeof input.imageTag === 'string' ? { imageTag: input.imageTag } : {}),
  }
  return ok({
    image: {
      registryId: account,
      repositoryName: repository,
      imageId,
      imageManifest: manifest.toString(),
      imageManifestMediaType: mediaType,
    },
  })
}

export function immutableText(tag: string, repository: string): string {
  return `The image tag '${tag}' already exists in the '${repository}' repository and cannot be overwritten because the tag is immutable.`
}

/** The image that an imageId names, or undefined: then moto answers, with its error about repository or image. */
async function imageOf(input: Input, images: Images): Promise<StoredImage | undefined> {
  const id = isRecord(input.imageId) ? input.imageId : {}
  return images.find(String(input.repositoryName), String(id.imageDigest ?? id.imageTag))
}

async function startScan(input: Input, images: Images, scans: Scans): Promise<Answer | undefined> {
  const image = await imageOf(input, images)
  if (!image) return undefined
  if (isIndex(image.mediaType))
    return fail('UnsupportedImageTypeException', `An artifact with media type '${image.mediaType}' cannot be scanned`)
  if (!scans.start(String(input.repositoryName), image.digest))
    return fail('LimitExceededException', 'The scan quota per image has been exceeded. Wait and try again.')
  return ok({ ...identity(input, image), imageScanStatus: { status: 'IN_PROGRESS' } })
}

async function describeScan(input: Input, images: Images, scans: Scans): Promise<Answer | undefined> {
  const image = await imageOf(input, images)
  if (!image) return undefined
  const repository = String(input.repositoryName)
  const scan = await scans.read(repository, image.digest)
  if (!scan)
    return fail(
      'ScanNotFoundException',
      `Image scan does not exist for the image with '{imageDigest:'${image.digest}', imageTag:'${image.tags[0] ?? 'null'}'}' in the repository with name '${repository}' in the registry with id '${account}'`,
    )
  return ok({ ...identity(input, image), ...scanAnswer(scan, input) })
}

function identity(input: Input, image: StoredImage): object {
  const imageId = { imageDigest: image.digest, ...(image.tags[0] === undefined ? {} : { imageTag: image.tags[0] }) }
  return { registryId: account, repositoryName: input.repositoryName, imageId }
}

/** One page: basic scans obey maxResults (default 100), enhanced ones give 100 whatever is asked. */
function scanAnswer(scan: Scan, input: Input): object {
  const imageScanStatus = { status: scan.status, description: scan.description }
  if (scan.completedAt === undefined || scan.status === 'FAILED') return { imageScanStatus }
  const all = scan.enhancedFindings ?? scan.findings
  const size = scan.enhancedFindings === undefined ? Number(input.maxResults ?? 100) : 100
  const from = typeof input.nextToken === 'string' ? Number(Buffer.from(input.nextToken, 'base64').toString()) : 0
  const page = all.slice(from, from + size)
  const counted = scan.enhancedFindings === undefined ? all : page
  const nextToken = from + size < all.length ? Buffer.from(String(from + size)).toString('base64') : undefined
  return {
    imageScanStatus,
    imageScanFindings: {
      imageScanCompletedAt: scan.completedAt / 1000,
      vulnerabilitySourceUpdatedAt: scan.completedAt / 1000 - 3600,
      findingSeverityCounts: countBySeverity(counted),
      ...(scan.enhancedFindings === undefined ? { findings: page } : { enhancedFindings: page }),
    },
    ...(nextToken === undefined ? {} : { nextToken }),
  }
}

function countBySeverity(findings: readonly unknown[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const finding of findings) {
    const severity = String(isRecord(finding) ? finding.severity : 'UNDEFINED')
    counts[severity] = (counts[severity] ?? 0) + 1
  }
  return counts
}

async function listReferrers(input: Input, images: Images): Promise<Answer> {
  const subject = isRecord(input.subjectId) ? String(input.subjectId.imageDigest) : ''
  const referrers = images.referrers(String(input.repositoryName), subject).map(one => ({
    digest: one.digest,
    mediaType: one.mediaType,
    size: one.size,
    artifactType: one.artifactType,
    annotations: one.annotations ?? {},
    artifactStatus: 'ACTIVE',
  }))
  return ok({ referrers })
}

/** Completes what moto says of images: sizes, status, and the imageId of what is missing. */
export function ecrAmends(images: Images): Amend {
  return async (operation, answer) => {
    if (operation.service !== 'ecr' || answer.status !== 200) return answer
    const body: unknown = JSON.parse(answer.body.toString())
    if (!isRecord(body)) return answer
    if (operation.name === 'DescribeImages') return ok(await describedImages(body, operation.input, images))
    if (operation.name === 'BatchGetImage') return ok(gotImages(body, operation.input))
    return answer
  }
}

async function describedImages(body: Input, input: Input, images: Images): Promise<unknown> {
  const details = Array.isArray(body.imageDetails) ? body.imageDetails.filter(isRecord) : []
  const completed = details.map(async detail => {
    const image = await images.find(String(input.repositoryName), String(detail.imageDigest))
    const manifest: Manifest = image ? parseManifest(image.manifest) : {}
    const artifactMediaType = manifest.artifactType ?? manifest.config?.mediaType
    return {
      ...detail,
      imageSizeInBytes: [...(manifest.layers ?? []), ...(manifest.config ? [manifest.config] : [])].reduce(
        (sum, one) => sum + one.size,
        0,
      ),
      imageStatus: 'ACTIVE',
      ...(artifactMediaType === undefined ? {} : { artifactMediaType }),
      ...(manifest.subject === undefined ? {} : { subjectManifestDigest: manifest.subject.digest }),
    }
  })
  return { ...body, imageDetails: await Promise.all(completed) }
}

function gotImages(body: Input, input: Input): unknown {
  const asked = Array.isArray(input.imageIds) ? input.imageIds.filter(isRecord) : []
  const found = Array.isArray(body.images) ? body.images.filter(isRecord) : []
  const has = (id: Input): boolean =>
    found.some(image => {
      const imageId = isRecord(image.imageId) ? image.imageId : {}
      return id.imageDigest === undefined ? imageId.imageTag === id.imageTag : imageId.imageDigest === id.imageDigest
    })
  const failures = asked
    .filter(id => !has(id))
    .map(imageId => ({ imageId, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' }))
  return { ...body, failures }
}
