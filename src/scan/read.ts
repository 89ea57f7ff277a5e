import type { Instant } from '../runtime/clock.ts'
import { RemoteError } from '../runtime/errors.ts'
import type { Finding } from './findings.ts'
import { keyOf } from './findings.ts'
import type { ScanPage, ScanSource } from './model.ts'

/** All pages of one image's result, read in one go. */
export interface FullRead {
  readonly status: string
  readonly description: string
  readonly completedAt?: Instant
  readonly sourceUpdatedAt?: Instant
  /** Absent when there is no result yet. */
  readonly findings?: readonly Finding[]
  /** `unknown` while a result is empty: an enhanced one may look like that before its findings arrive. */
  readonly type: 'basic' | 'enhanced' | 'unknown'
  /** False when pages belong to different scans, or do not add up: the read must be repeated. */
  readonly consistent: boolean
  /** Equal for equal results. */
  readonly fingerprint: string
}

/** An image with more pages than this (100 findings each) does not exist; a token that never ends does. */
const mostPages = 1_000

/** Reads every page: ECR's counts cover one page only, and its page size is not ours to choose (boto/boto3#3449). */
export async function readAll(
  source: ScanSource,
  repository: string,
  digest: string,
  signal?: AbortSignal,
): Promise<FullRead | 'no-scan' | 'no-image'> {
  const pages: ScanPage[] = []
  const tokens = new Set<string>()
  let token: string | undefined
  do {
    const page = await source.page(repository, digest, token, signal)
    if (page === 'no-scan' || page === 'no-image') return page
    pages.push(page)
    token = page.nextToken
    if (token !== undefined && (tokens.has(token) || tokens.size >= mostPages)) throw endless(digest)
    if (token !== undefined) tokens.add(token)
  } while (token !== undefined)
  return combine(pages)
}

function combine(pages: readonly ScanPage[]): FullRead {
  const [first] = pages
  const status = first?.status ?? ''
  const found = new Map(pages.flatMap(({ findings = [] }) => findings.map(finding => [keyOf(finding), finding])))
  const sameScan = pages.every(page => page.status === status && page.completedAt === first?.completedAt)
  // A page in the middle without a list would pass for an empty one.
  const whole = pages.every(({ findings }) => findings !== undefined)
  return {
    status,
    description: first?.description ?? '',
    ...(first?.completedAt === undefined ? {} : { completedAt: first.completedAt }),
    ...(first?.sourceUpdatedAt === undefined ? {} : { sourceUpdatedAt: first.sourceUpdatedAt }),
    ...(whole && first !== undefined ? { findings: [...found.values()] } : {}),
    type: pages.some(({ enhanced }) => enhanced) ? 'enhanced' : found.size > 0 ? 'basic' : 'unknown',
    consistent: sameScan && whole && addsUp(pages),
    fingerprint: [...found.entries()]
      .map(([key, { severity, fix }]) => `${key}\n${severity}\n${fix}`)
      .toSorted()
      .join('\n\n'),
  }
}

/** On a basic scan's only page, ECR's own counts and the list must agree. An enhanced finding may name many packages. */
function addsUp(pages: readonly ScanPage[]): boolean {
  const [only] = pages
  if (pages.length !== 1 || only === undefined || only.enhanced || only.counted === undefined) return true
  return only.counted <= (only.findings ?? []).length
}

function endless(digest: string): RemoteError {
  return new RemoteError('scan-pages', `ECR's list of findings of ${digest} does not end.`, {
    why: 'It repeats the token of a page.',
    todo: 'Run the job again.',
  })
}
