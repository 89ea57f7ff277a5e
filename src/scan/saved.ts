import type { EnhancedImageScanFinding, ImageScanFinding } from '@aws-sdk/client-ecr'
import english from 'zod/v4/locales/en.js'
import * as z from 'zod/mini'
import { messageOf, UserError } from '../runtime/errors.ts'
import { fromBasic, fromEnhanced, severities, type Finding } from './findings.ts'
import type { PlatformScan } from './model.ts'
import type { FindingFacts } from './policy/rule.ts'

/** Findings that were saved: by `scan` (docs/scan.md), or as `aws ecr describe-image-scan-findings` prints them. */
export interface SavedScan {
  readonly repository: string
  /** `host/repository@sha256:…`; of ECR's own answer only repository and digest are known. */
  readonly image: string
  readonly platforms: readonly PlatformScan[]
  /** What the scan knew beside the findings; absent for ECR's own answer. */
  readonly factsOf?: (finding: Finding) => FindingFacts | undefined
  /** Policy that it was judged by; absent for ECR's own answer. */
  readonly policy?: string
}

const text = z.string()
const found = z.object({
  id: text,
  aliases: z.array(text),
  severity: z.enum(severities),
  title: text,
  uri: z.optional(text),
  package: z.object({ name: text, version: text, manager: z.optional(text), path: z.optional(text) }),
  fix: z.enum(['yes', 'no', 'unknown']),
  fixedIn: z.optional(text),
  exploit: z.optional(z.boolean()),
  score: z.optional(z.number()),
  firstSeen: z.optional(text),
  layer: z.optional(text),
  platforms: z.array(text),
  change: z.enum(['introduced', 'newly-disclosed', 'unchanged', 'unknown']),
  part: z.enum(['base', 'app', 'unknown']),
  epss: z.optional(z.number()),
  kev: z.optional(z.boolean()),
})

const ours = z.object({
  version: z.literal(1),
  image: text,
  repository: text,
  policy: text,
  platforms: z.array(
    z.object({
      platform: text,
      digest: text,
      state: z.enum(['complete', 'inconclusive']),
      sourceUpdatedAt: z.optional(text),
      reason: z.optional(z.object({ code: text, says: text, todo: text })),
    }),
  ),
  findings: z.array(found),
})

const ecrs = z.object({
  repositoryName: text,
  imageId: z.object({ imageDigest: text }),
  imageScanStatus: z.object({ status: text, description: z.optional(text) }),
  imageScanFindings: z.object({
    findings: z.optional(z.array(z.looseObject({}))),
    enhancedFindings: z.optional(z.array(z.looseObject({}))),
    imageScanCompletedAt: z.optional(z.union([z.number(), text])),
  }),
  nextToken: z.optional(text),
})

/** Statuses with a list that is whole: basic scans, and enhanced ones that go on. */
const settled = new Set(['COMPLETE', 'ACTIVE'])

/** Reads a saved scan of either shape. Throws UserError `findings-unreadable` that names the file and the place in it. */
export function readSavedScan(content: string, file: string): SavedScan {
  const value = parsed(content, file)
  const isEcrs = typeof value === 'object' && value !== null && 'imageScanStatus' in value
  return isEcrs ? fromEcr(checked(ecrs, value, file), file) : fromDocument(checked(ours, value, file))
}

function parsed(content: string, file: string): unknown {
  try {
    return JSON.parse(content)
  } catch (thrown) {
    throw unreadable(file, `it is no JSON: ${messageOf(thrown)}`)
  }
}

function checked<T extends z.ZodMiniType>(schema: T, value: unknown, file: string): z.output<T> {
  const result = schema.safeParse(value, { error: english().localeError })
  if (result.success) return result.data
  const [issue] = result.error.issues
  const at = issue === undefined || issue.path.length === 0 ? 'the file' : issue.path.map(String).join('.')
  throw unreadable(file, `${at}: ${issue?.message ?? 'not valid'}`)
}

function unreadable(file: string, why: string): UserError {
  return new UserError('findings-unreadable', `The findings in ${file} cannot be read.`, {
    why,
    todo: 'Give the JSON that scan writes (reports: json=…), or what `aws ecr describe-image-scan-findings` prints, with all its pages.',
  })
}

function fromDocument({ image, repository, policy, platforms, findings }: z.output<typeof ours>): SavedScan {
  const facts = new Map<string, FindingFacts>()
  const read = findings.map(one => {
    const { change, part, epss, kev, firstSeen, ...rest } = one
    const finding = { ...rest, ...(firstSeen === undefined ? {} : { firstSeen: Date.parse(firstSeen) }) } as Finding
    facts.set(identity(finding), {
      change,
      part,
      ...(epss === undefined ? {} : { epss }),
      ...(kev === undefined ? {} : { kev }),
    })
    return finding
  })
  return {
    image,
    repository,
    policy,
    platforms: platforms.map(({ platform, digest, state, reason, sourceUpdatedAt }): PlatformScan => {
      if (state === 'complete') {
        const at = sourceUpdatedAt === undefined ? {} : { sourceUpdatedAt: Date.parse(sourceUpdatedAt) }
        return { state, platform, digest, findings: read.filter(one => one.platforms.includes(platform)), ...at }
      }
      return { state, platform, digest, reason: reason ?? noReason }
    }),
    factsOf: finding => facts.get(identity(finding)),
  }
}

const noReason = { code: 'scan-timeout', says: 'The saved scan has no result.', todo: 'Scan it again.' }

const identity = ({ id, package: { name, version, path = '' } }: Finding): string =>
  [id, name, version, path].join('\n')

function fromEcr(answer: z.output<typeof ecrs>, file: string): SavedScan {
  const { repositoryName: repository, imageId, imageScanStatus, imageScanFindings: list, nextToken } = answer
  if (nextToken !== undefined) throw unreadable(file, 'it is one page of several: findings would be missing')
  const digest = imageId.imageDigest
  const basic = (list.findings ?? []) as readonly ImageScanFinding[]
  const enhanced = (list.enhancedFindings ?? []).map(withTimes)
  const { status, description = '' } = imageScanStatus
  const findings = [...basic.map(fromBasic), ...enhanced.flatMap(fromEnhanced)]
  const says = `The saved scan has the status ${status}${description === '' ? '' : `: ${description}`}.`
  // As in collect.ts: no list is no result, and an empty enhanced one without a time proves nothing.
  const isEmpty = list.findings === undefined && enhanced.length === 0
  const isKnown = settled.has(status) && !(isEmpty && list.imageScanCompletedAt === undefined)
  const scan: PlatformScan = isKnown
    ? { state: 'complete', platform: 'image', digest, findings }
    : { state: 'inconclusive', platform: 'image', digest, reason: { ...noReason, says } }
  return { repository, image: `${repository}@${digest}`, platforms: [scan] }
}

/** The AWS CLI writes times as text, the API as seconds since 1970; the SDK gives dates. */
function withTimes({ firstObservedAt, ...rest }: Readonly<Record<string, unknown>>): EnhancedImageScanFinding {
  const at =
    typeof firstObservedAt === 'number'
      ? firstObservedAt * 1_000
      : typeof firstObservedAt === 'string'
        ? Date.parse(firstObservedAt)
        : Number.NaN
  return Number.isNaN(at) ? rest : { ...rest, firstObservedAt: new Date(at) }
}
