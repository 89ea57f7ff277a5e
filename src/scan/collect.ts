import type { Clock, Instant } from '../runtime/clock.ts'
import { DeniedError, RemoteError, UserError } from '../runtime/errors.ts'
import { inParallel } from '../runtime/parallel.ts'
import type { Manifest } from '../registry/manifest.ts'
import { runnable } from '../registry/manifest.ts'
import type { PlatformScan, Reason, ScanSettings, ScanSource } from './model.ts'
import type { FullRead } from './read.ts'
import { readAll } from './read.ts'
import { archived, meaningOf, neverScanned, notConfigured, tooSlow, unsupported } from './statuses.ts'

export interface CollectPorts {
  readonly source: ScanSource
  readonly clock: Clock
  /** One line per change of status. */
  readonly progress: (line: string) => void
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly signal: AbortSignal
}

/** A platform of an image, as ECR scans it: never the index itself. */
export interface ScanTarget {
  readonly platform: string
  readonly digest: string
}

/** First and longest pause between two looks, milliseconds. */
const firstPause = 1_000
const longestPause = 15_000
/** ECR registers a pushed image for scanning asynchronously: this long "no scan" is no answer, milliseconds. */
const grace = 90_000
/** How long an enhanced result must stay the same before it is believed, milliseconds. */
const quiet = 10_000
/** DescribeImageScanFindings has a rate that AWS does not publish. */
const parallel = 4

/** The images behind a manifest that ECR can scan: attestations are left out, nested indexes resolved. */
export async function scanTargets(
  repository: string,
  manifest: Manifest,
  source: ScanSource,
  signal?: AbortSignal,
  depth = 0,
): Promise<readonly ScanTarget[]> {
  if (manifest.kind === 'image') return [{ platform: 'image', digest: manifest.digest }]
  if (depth > 3)
    throw new RemoteError('manifest-unreadable', `The index ${manifest.digest} is nested too deeply.`, {
      todo: 'Push the image again.',
    })
  const found = await inParallel(runnable(manifest.children), parallel, async child => {
    if (!/index|manifest\.list/.test(child.mediaType))
      return [{ platform: child.platform ?? 'image', digest: child.digest }]
    const nested = await source.manifest(repository, { digest: child.digest }, signal)
    return nested === undefined
      ? [{ platform: 'image', digest: child.digest }]
      : scanTargets(repository, nested, source, signal, depth + 1)
  })
  return found.flat()
}

/**
 * Waits until every target has a settled result, or cannot have one. Missing permissions and missing images throw at once;
 * everything else that keeps a result away becomes `inconclusive` with its reason. `timeoutMs` bounds the wait for all.
 */
export async function collect(
  repository: string,
  targets: readonly ScanTarget[],
  timeoutMs: number,
  ports: CollectPorts,
): Promise<readonly PlatformScan[]> {
  const settings = await ports.source.settings(repository, ports.signal)
  const startedAt = ports.clock.now()
  return inParallel(targets, parallel, target =>
    collectOne({ repository, target, settings, startedAt, timeoutMs, ports }),
  )
}

interface Task {
  readonly repository: string
  readonly target: ScanTarget
  readonly settings: ScanSettings
  readonly startedAt: Instant
  readonly timeoutMs: number
  readonly ports: CollectPorts
}

/** What earlier looks of the same wait saw. */
interface Memory {
  started: boolean
  status: string
  /** The last full result and when it was first seen. */
  settled: { readonly fingerprint: string; readonly since: Instant } | undefined
}

async function collectOne(task: Task): Promise<PlatformScan> {
  const { repository, target, startedAt, timeoutMs, ports } = task
  const { clock, signal } = ports
  const memory: Memory = { started: false, status: 'not asked', settled: undefined }
  const deadline = startedAt + timeoutMs
  for (let pause = firstPause; ; pause = Math.min(pause * 1.5, longestPause)) {
    const read = await readAll(ports.source, repository, target.digest, signal)
    note(task, memory, read)
    const answer =
      read === 'no-scan' || read === 'no-image' ? await withoutScan(task, memory, read) : judgeRead(task, memory, read)
    if (answer !== undefined) return answer
    const left = deadline - clock.now()
    if (left <= 0) return inconclusive(target, tooSlow(Math.round(timeoutMs / 1000), memory.status))
    // A result that has to stay the same is looked at again when it has: looks in between would be hundreds of pages.
    const until = memory.settled === undefined ? pause : memory.settled.since + quiet - clock.now()
    await clock.sleep(Math.min(jittered(until, ports.random), left), signal)
  }
}

/** A look that found results, or the promise of some. */
function judgeRead({ target, settings, ports }: Task, memory: Memory, read: FullRead): PlatformScan | undefined {
  const meaning = meaningOf(read.status)
  if (typeof meaning === 'function') return inconclusive(target, meaning(read.description))
  if (meaning === 'wait' || read.findings === undefined || !read.consistent) {
    memory.settled = undefined
    return undefined
  }
  const done: PlatformScan = {
    state: 'complete',
    ...target,
    findings: read.findings,
    ...(read.completedAt === undefined ? {} : { completedAt: read.completedAt }),
    ...(read.sourceUpdatedAt === undefined ? {} : { sourceUpdatedAt: read.sourceUpdatedAt }),
  }
  const type = read.type === 'unknown' ? settings.type : read.type
  if (type === 'basic' && read.status === 'COMPLETE') return done
  // Enhanced results may follow minutes after COMPLETE or ACTIVE (aws/aws-sdk#289): an empty list without a time proves nothing.
  if (read.completedAt === undefined && read.findings.length === 0) return undefined
  const now = ports.clock.now()
  if (memory.settled?.fingerprint !== read.fingerprint) memory.settled = { fingerprint: read.fingerprint, since: now }
  return now - memory.settled.since >= quiet ? done : undefined
}

/** A look that found no scan: one is started where that is ours to do, and waited for where one is due. */
async function withoutScan(
  task: Task,
  memory: Memory,
  found: 'no-scan' | 'no-image',
): Promise<PlatformScan | undefined> {
  const { repository, target, settings, startedAt, ports } = task
  memory.settled = undefined
  const waited = ports.clock.now() - startedAt
  if (found === 'no-image') {
    if (waited < grace) return undefined
    throw new UserError('ecr-image-missing', `${target.digest} is not in the ECR repository "${repository}".`, {
      todo: 'Push the image before the scan, and check the region.',
    })
  }
  if (settings.type === 'enhanced' && settings.frequency === 'manual') return inconclusive(target, notConfigured)
  const ours = settings.frequency === 'manual' || settings.frequency === 'unknown'
  if (ours && !memory.started) {
    const outcome = await startScan(task, memory)
    if (outcome !== undefined) return inconclusive(target, outcome)
  }
  return waited < grace ? undefined : inconclusive(target, neverScanned(Math.round(waited / 1000)))
}

async function startScan({ repository, target, settings, ports }: Task, memory: Memory): Promise<Reason | undefined> {
  try {
    const outcome = await ports.source.start(repository, target.digest, ports.signal)
    memory.started = true
    if (outcome === 'started') ports.progress(`${target.platform}: scan started`)
    return outcome === 'unsupported' ? unsupported : outcome === 'archived' ? archived : undefined
  } catch (thrown) {
    // A passing failure: the next look tries again.
    if (thrown instanceof RemoteError) return undefined
    // Where nobody told us that scans are manual, one may be on its way: only the wait can tell.
    if (!(thrown instanceof DeniedError) || settings.frequency !== 'unknown') throw thrown
    memory.started = true
    return undefined
  }
}

function note({ target, ports }: Task, memory: Memory, read: FullRead | 'no-scan' | 'no-image'): void {
  const status = read === 'no-scan' ? 'no scan yet' : read === 'no-image' ? 'image not known yet' : read.status
  if (status === memory.status) return
  memory.status = status
  ports.progress(`${target.platform}: ${status}`)
}

function inconclusive(target: ScanTarget, reason: Reason): PlatformScan {
  return { state: 'inconclusive', ...target, reason }
}

/** Up to a fifth longer, so that many jobs do not ask at the same moment. */
function jittered(pause: number, random: () => number): number {
  return Math.round(pause * (1 + 0.2 * random()))
}
