import type { DescribeImageScanFindingsCommandOutput } from '@aws-sdk/client-ecr'
import type { Session } from '../identity/model.ts'
import type { EcrCalls, EcrOptions } from '../registry/ecr.ts'
import { caller, ecr, ecrClient } from '../registry/ecr.ts'
import { awsErrorName } from '../registry/ecr-errors.ts'
import { DeniedError } from '../runtime/errors.ts'
import { fromBasic, fromEnhanced } from './findings.ts'
import type { ScanPage, ScanSettings, ScanSource, StartOutcome } from './model.ts'

/** Scan results as ECR has them. */
export async function ecrScanSource(session: Session, options: EcrOptions = {}): Promise<ScanSource> {
  const client = await ecrClient(session, options)
  // The SDK takes LimitExceededException for throttling and would repeat it for seconds; here it means "scanned already".
  const starter = await ecrClient(session, { ...options, maxAttempts: 1 })
  const control = await ecr(session, options)
  const run = caller(session, options)
  const registryId = options.registry?.accountId ?? session.accountId
  return {
    manifest: (repository, id, signal) => control.manifest(repository, id, signal),
    async settings(repository, signal) {
      const [type, frequency] = await Promise.all([
        orUnknown(
          run('ecr:GetRegistryScanningConfiguration', { repository }, signal, abort => scanType(client, abort)),
        ),
        orUnknown(
          run('ecr:BatchGetRepositoryScanningConfiguration', { repository }, signal, abort =>
            scanFrequency(client, repository, abort),
          ),
        ),
      ])
      return { type, frequency }
    },
    start(repository, digest, signal) {
      const request = { registryId, repositoryName: repository, imageId: { imageDigest: digest } }
      const start = (abort: Abort): Promise<StartOutcome> =>
        starter.startImageScan(request, abort).then(() => 'started' as const, startOutcome)
      return run('ecr:StartImageScan', { repository, image: digest }, signal, start)
    },
    page(repository, digest, token, signal) {
      const request = {
        registryId,
        repositoryName: repository,
        imageId: { imageDigest: digest },
        ...(token === undefined ? {} : { nextToken: token }),
      }
      // maxResults: 1000 is for basic scans; enhanced ones ignore it.
      const describe = (abort: Abort) =>
        client.describeImageScanFindings({ ...request, maxResults: 1000 }, abort).then(readPage, noResult)
      return run('ecr:DescribeImageScanFindings', { repository, image: digest }, signal, describe)
    },
  }
}

type Abort = { readonly abortSignal?: AbortSignal }

async function scanType(client: EcrCalls, abort: Abort): Promise<ScanSettings['type']> {
  const { scanningConfiguration } = await client.getRegistryScanningConfiguration({}, abort)
  return scanningConfiguration?.scanType === 'ENHANCED'
    ? 'enhanced'
    : scanningConfiguration?.scanType === 'BASIC'
      ? 'basic'
      : 'unknown'
}

async function scanFrequency(client: EcrCalls, repository: string, abort: Abort): Promise<ScanSettings['frequency']> {
  const { scanningConfigurations } = await client.batchGetRepositoryScanningConfiguration(
    { repositoryNames: [repository] },
    abort,
  )
  const [found] = scanningConfigurations ?? []
  if (found?.scanFrequency === 'CONTINUOUS_SCAN') return 'continuous'
  if (found?.scanFrequency === 'SCAN_ON_PUSH' || found?.scanOnPush === true) return 'on-push'
  return found === undefined ? 'unknown' : 'manual'
}

/** Both questions only sharpen the wait: a role that may not ask them can still scan. */
async function orUnknown<T>(asked: Promise<T>): Promise<T | 'unknown'> {
  try {
    return await asked
  } catch (thrown) {
    if (thrown instanceof DeniedError) return 'unknown'
    throw thrown
  }
}

function startOutcome(thrown: unknown): StartOutcome {
  const name = awsErrorName(thrown)
  // One scan per image in 24 hours, and scan-on-push counts.
  if (name === 'LimitExceededException') return 'too-often'
  if (name === 'UnsupportedImageTypeException') return 'unsupported'
  if (name === 'ImageArchivedException') return 'archived'
  // ECR's words for "scans are enhanced here": This feature is disabled.
  if (name === 'ValidationException') return 'disabled'
  throw thrown
}

function noResult(thrown: unknown): 'no-scan' | 'no-image' {
  const name = awsErrorName(thrown)
  if (name === 'ScanNotFoundException') return 'no-scan'
  if (name === 'ImageNotFoundException') return 'no-image'
  throw thrown
}

function readPage({
  imageScanStatus,
  imageScanFindings: found,
  nextToken,
}: DescribeImageScanFindingsCommandOutput): ScanPage {
  const enhanced = found?.enhancedFindings
  const counted =
    found?.findingSeverityCounts === undefined ? undefined : sum(Object.values(found.findingSeverityCounts))
  // A list may be left out when ECR's own counts say that it is empty.
  const listed =
    found?.findings !== undefined ||
    enhanced !== undefined ||
    (counted === 0 && found?.imageScanCompletedAt !== undefined)
  const findings = [...(found?.findings ?? []).map(fromBasic), ...(enhanced ?? []).flatMap(fromEnhanced)]
  return {
    status: imageScanStatus?.status ?? '',
    description: imageScanStatus?.description ?? '',
    ...(found?.imageScanCompletedAt === undefined ? {} : { completedAt: found.imageScanCompletedAt.getTime() }),
    ...(found?.vulnerabilitySourceUpdatedAt === undefined
      ? {}
      : { sourceUpdatedAt: found.vulnerabilitySourceUpdatedAt.getTime() }),
    ...(counted === undefined ? {} : { counted }),
    ...(listed ? { findings } : {}),
    enhanced: enhanced !== undefined,
    ...(nextToken === undefined ? {} : { nextToken }),
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
