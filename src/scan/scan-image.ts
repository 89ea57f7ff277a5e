import type { Session } from '../identity/model.ts'
import type { EcrHost, ImageReference } from '../registry/reference.ts'
import { formatReference, parseEcrHost, parseReference } from '../registry/reference.ts'
import type { Context } from '../runtime/context.ts'
import { UserError } from '../runtime/errors.ts'
import { collect, scanTargets } from './collect.ts'
import { ecrScanSource } from './ecr-source.ts'
import type { ScanResult, ScanSource } from './model.ts'
import type { ScanPolicy } from './policy/judge.ts'
import type { FindingFacts } from './policy/rule.ts'
import { formatPolicy, judge } from './policy/judge.ts'

export interface ScanRequest extends ScanPolicy {
  /** `host/repository@sha256:…`; a tag is resolved to its digest once, at the start. */
  readonly image: string
  /** Bound on the wait, milliseconds. */
  readonly timeoutMs: number
}

export interface ScanPorts {
  readonly session: Session
  readonly context: Context
  /** Made from the session unless given. */
  readonly source?: ScanSource
}

/** Without an image to compare with, everything counts as new; layers and feeds are not asked. */
const alone: FindingFacts = { change: 'introduced', part: 'unknown' }

/** An image and the registry of ECR that it is in. Throws UserError for one that is elsewhere. */
export function requireEcrImage(image: string): { readonly reference: ImageReference; readonly registry: EcrHost } {
  const reference = parseReference(image)
  const registry = parseEcrHost(reference.registry)
  if (registry !== undefined) return { reference, registry }
  throw new UserError('input-image', `"${image}" is not in ECR, and only ECR scans it.`, {
    todo: 'Give the output "image" of build-push.',
  })
}

/**
 * Waits for ECR's findings of every platform of an image and judges them.
 * Throws UserError, DeniedError or RemoteError when it cannot ask; what ECR cannot tell is an `inconclusive` verdict.
 */
export async function scanImage(request: ScanRequest, ports: ScanPorts): Promise<ScanResult> {
  const { context, session } = ports
  const { clock, log, signal } = context
  const startedAt = clock.now()
  const { reference, registry } = requireEcrImage(request.image)
  const source = ports.source ?? (await ecrScanSource(session, { registry }))
  const { repository } = reference
  const id = reference.digest === undefined ? { tag: reference.tag ?? 'latest' } : { digest: reference.digest }
  const manifest = await source.manifest(repository, id, signal)
  if (manifest === undefined) {
    throw new UserError('ecr-image-missing', `${request.image} does not exist.`, {
      why: 'It was never pushed to this region, or a lifecycle rule expired it.',
      todo: 'Build and push it first.',
    })
  }
  const targets = await scanTargets(repository, manifest, source, signal)
  const progress = (line: string): void => log.info(`scan ${repository} ${line}`)
  const platforms = await collect(repository, targets, request.timeoutMs, {
    source,
    clock,
    progress,
    random: () => context.random(),
    signal,
  })
  return {
    ...judge(platforms, request, { repository, now: clock.now(), factsOf: () => alone }),
    image: formatReference({ registry: reference.registry, repository, digest: manifest.digest }),
    repository,
    digest: manifest.digest,
    platforms,
    policy: formatPolicy(request),
    seconds: (clock.now() - startedAt) / 1000,
  }
}
