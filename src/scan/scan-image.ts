import type { Session } from '../identity/model.ts'
import type { EcrHost, ImageReference } from '../registry/reference.ts'
import { formatReference, parseEcrHost, parseReference } from '../registry/reference.ts'
import type { Context } from '../runtime/context.ts'
import { UserError } from '../runtime/errors.ts'
import { collect, scanTargets } from './collect.ts'
import { ecrScanSource } from './ecr-source.ts'
import { compareWith } from './diff/change.ts'
import { oldest, readBaseline, type BaselineRead } from './diff/baseline.ts'
import { mergeFindings, type Finding } from './findings.ts'
import type { PlatformScan, ScanResult, ScanSource } from './model.ts'
import { upgradePlan, without } from './advice/upgrades.ts'
import type { Judgement, ScanPolicy, Scene } from './policy/judge.ts'
import { formatPolicy, judge } from './policy/judge.ts'
import type { Change, FindingFacts } from './policy/rule.ts'
import { readRisks, type Risk } from './risk.ts'

export interface ScanRequest extends ScanPolicy {
  /** `host/repository@sha256:…`; a tag is resolved to its digest once, at the start. */
  readonly image: string
  /** Bound on the wait, milliseconds. */
  readonly timeoutMs: number
  /** An earlier image of the same repository: what it has too, this one does not introduce. */
  readonly compareWith?: string
}

export interface ScanPorts {
  readonly session: Session
  readonly context: Context
  /** Made from the session unless given. */
  readonly source?: ScanSource
  /** What public sources know; these are asked unless a test brings them. */
  readonly risks?: typeof readRisks
}

interface Judging {
  readonly request: ScanRequest
  readonly repository: string
  readonly compared: BaselineRead | undefined
  readonly ports: ScanPorts
}

/** With what the rules want to know beside the scan: the image to compare with, and public sources. */
async function judgeWith(
  platforms: readonly PlatformScan[],
  { request, repository, compared, ports: { context, risks = readRisks } }: Judging,
): Promise<Judgement & Pick<ScanResult, 'comparedWith' | 'fixed' | 'plan'>> {
  const { clock, signal } = context
  const findings = mergeFindings(platforms.filter(scan => scan.state === 'complete'))
  const ids = findings.flatMap(({ id, aliases }) => [id, ...aliases])
  const known = await risks(ids, request.failOn, { clock, signal, random: () => context.random() })
  const difference =
    compared !== undefined && 'baseline' in compared
      ? compareWith(findings, compared.baseline, oldest(platforms))
      : undefined
  // Without an image to compare with, everything counts as new.
  const changeOf = difference?.changeOf ?? ((): Change => (compared === undefined ? 'introduced' : 'unknown'))
  const factsOf = (finding: Finding): FindingFacts => ({
    change: changeOf(finding),
    part: 'unknown',
    ...worst([finding.id, ...finding.aliases].map(id => known.of(id))),
  })
  const noBaseline =
    compared !== undefined && 'unknown' in compared
      ? { change: `the image to compare with has no result (${compared.unknown})` }
      : {}
  const whyMissing = { ...known.why, ...noBaseline }
  const scene = { repository, now: clock.now(), factsOf, whyMissing }
  const judgement = { ...judge(platforms, request, scene), ...planOf(platforms, request, scene) }
  if (difference === undefined || compared === undefined || !('baseline' in compared)) return judgement
  const { image, why } = compared.baseline
  return { ...judgement, comparedWith: { image, why }, fixed: difference.fixed }
}

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
  const collecting = { source, clock, progress, random: () => context.random(), signal }
  const platforms = await collect(repository, targets, request.timeoutMs, collecting)
  const compared =
    request.compareWith === undefined ? undefined : await readBaseline(request.compareWith, repository, collecting)
  const judged = await judgeWith(platforms, { request, repository, compared, ports })
  return {
    ...judged,
    image: formatReference({ registry: reference.registry, repository, digest: manifest.digest }),
    repository,
    digest: manifest.digest,
    platforms,
    policy: formatPolicy(request),
    seconds: (clock.now() - startedAt) / 1000,
  }
}

/** What frees the image, and what the same policy says of it then; nothing where nothing blocks, or has a fix. */
function planOf(platforms: readonly PlatformScan[], policy: ScanPolicy, scene: Scene): Pick<ScanResult, 'plan'> {
  const steps = upgradePlan(judge(platforms, policy, scene).judged)
  if (steps.length === 0) return {}
  const updated = platforms.map(scan =>
    scan.state === 'complete' ? { ...scan, findings: without(scan.findings, steps) } : scan,
  )
  return { plan: { steps, after: judge(updated, policy, scene).verdict } }
}

/** Of all names of a vulnerability: listed under one is listed, and the highest score counts. */
function worst(risks: readonly Risk[]): Risk {
  const scores = risks.flatMap(({ epss }) => epss ?? [])
  const listed = risks.flatMap(({ kev }) => kev ?? [])
  return {
    ...(scores.length === 0 ? {} : { epss: Math.max(...scores) }),
    ...(listed.length === 0 ? {} : { kev: listed.includes(true) }),
  }
}
