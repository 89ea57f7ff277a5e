import { isRecord } from './http.ts'
import { isIndex, parseManifest, type Images, type Pushed } from './images.ts'

/** A basic finding, in short; `attributes` of ECR are made from it. */
export interface SeededFinding {
  readonly name: string
  /** CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL or UNDEFINED. */
  readonly severity: string
  readonly package: string
  readonly version: string
  readonly description?: string
  readonly uri?: string
  /** CVSS 3 base score and vector. */
  readonly score?: string
  readonly vector?: string
}

/** Which images have what findings. Every condition given must hold; no condition matches every image. */
export interface ScanRule {
  readonly repository?: string
  readonly when?: {
    readonly digest?: string
    readonly tag?: string
    /** Labels of the image's config, all equal. */
    readonly label?: Readonly<Record<string, string>>
    /** Environment variables of the image's config, all equal. */
    readonly env?: Readonly<Record<string, string>>
    /** Text in a `created_by` line of the history: a RUN instruction, an installed package. */
    readonly history?: string
  }
  readonly findings?: readonly SeededFinding[]
  /** Findings of an enhanced scan, as ECR gives them. The scan is then ACTIVE, or as `status` says. */
  readonly enhancedFindings?: readonly unknown[]
  /** How the scan ends instead of COMPLETE, such as FAILED or UNSUPPORTED_IMAGE. */
  readonly status?: string
  readonly description?: string
}

/** Label of an image's config that says what a scan finds in it: a JSON array of SeededFinding. */
export const findingsLabel = 'dev.slipway.sandbox.findings'

/** Milliseconds: a scan that was asked for is registered a moment later, and takes a moment. */
export const scanTiming = { registered: 250, completed: 1000 } as const

export interface Scan {
  readonly status: string
  readonly description: string
  /** Milliseconds since the epoch. */
  readonly completedAt?: number
  readonly findings: readonly unknown[]
  readonly enhancedFindings?: readonly unknown[]
}

export interface Scans {
  /** Scan on push: of an image only, an index cannot be scanned. */
  pushed(pushed: Pushed): void
  /** False when there was a scan in the last 24 h. */
  start(repository: string, digest: string): boolean
  /** undefined: no scan is registered. */
  read(repository: string, digest: string): Promise<Scan | undefined>
  rules: ScanRule[]
  clear(): void
}

export function createScans(images: () => Images, now: () => number): Scans {
  const asked = new Map<string, number>()
  const scans: Scans = {
    rules: [],
    pushed({ repository, digest, mediaType }) {
      if (!isIndex(mediaType)) scans.start(repository, digest)
    },
    start(repository, digest) {
      const key = `${repository}@${digest}`
      const last = asked.get(key)
      if (last !== undefined && now() - last < 24 * 3_600_000) return false
      asked.set(key, now())
      return true
    },
    async read(repository, digest) {
      const at = asked.get(`${repository}@${digest}`)
      if (at === undefined || now() < at + scanTiming.registered) return undefined
      const completedAt = at + scanTiming.completed
      if (now() < completedAt) return { status: 'IN_PROGRESS', description: 'The scan is in progress.', findings: [] }
      return outcome(repository, digest, completedAt, images(), scans.rules)
    },
    clear() {
      asked.clear()
      scans.rules = []
    },
  }
  return scans
}

async function outcome(
  repository: string,
  digest: string,
  completedAt: number,
  images: Images,
  rules: readonly ScanRule[],
): Promise<Scan | undefined> {
  const image = await images.find(repository, digest)
  if (!image) return undefined
  const manifest = parseManifest(image.manifest)
  if (manifest.layers?.some(layer => layer.mediaType.includes('in-toto')) ?? true) return unsupported
  const config = manifest.config && (await images.blob(repository, manifest.config.digest))
  const facts = factsOf(digest, image.tags, config)
  const matching = rules.filter(rule => (rule.repository ?? repository) === repository && matches(rule, facts))
  const special = matching.find(rule => rule.status !== undefined)
  const enhanced = matching.flatMap(rule => rule.enhancedFindings ?? [])
  const isEnhanced = matching.some(rule => rule.enhancedFindings !== undefined)
  return {
    status: special?.status ?? (isEnhanced ? 'ACTIVE' : 'COMPLETE'),
    description:
      special?.description ??
      (isEnhanced ? 'Continuous scan is selected for image.' : 'The scan was completed successfully.'),
    completedAt,
    findings: [...matching.flatMap(rule => rule.findings ?? []), ...labelled(facts)].map(basicFinding),
    ...(isEnhanced ? { enhancedFindings: enhanced } : {}),
  }
}

const unsupported: Scan = {
  status: 'FAILED',
  description: 'UnsupportedImageError: The operating system and/or package manager are not supported.',
  findings: [],
}

function labelled({ labels }: ImageFacts): readonly SeededFinding[] {
  const text = labels[findingsLabel]
  return typeof text === 'string' ? (JSON.parse(text) as SeededFinding[]) : []
}

interface ImageFacts {
  readonly digest: string
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, unknown>>
  readonly env: readonly string[]
  readonly history: readonly string[]
}

function factsOf(digest: string, tags: readonly string[], config: Buffer | undefined): ImageFacts {
  const parsed: unknown = config ? JSON.parse(config.toString()) : {}
  const image = isRecord(parsed) ? parsed : {}
  const run = isRecord(image.config) ? image.config : {}
  const history = Array.isArray(image.history) ? image.history : []
  return {
    digest,
    tags,
    labels: isRecord(run.Labels) ? run.Labels : {},
    env: Array.isArray(run.Env) ? run.Env.map(String) : [],
    history: history.flatMap(step => (isRecord(step) && typeof step.created_by === 'string' ? [step.created_by] : [])),
  }
}

function matches({ when = {} }: ScanRule, facts: ImageFacts): boolean {
  return (
    (when.digest ?? facts.digest) === facts.digest &&
    (when.tag === undefined || facts.tags.includes(when.tag)) &&
    Object.entries(when.label ?? {}).every(([name, value]) => facts.labels[name] === value) &&
    Object.entries(when.env ?? {}).every(([name, value]) => facts.env.includes(`${name}=${value}`)) &&
    (when.history === undefined || facts.history.some(line => line.includes(when.history ?? '')))
  )
}

function basicFinding(seeded: SeededFinding): unknown {
  const attributes = {
    package_name: seeded.package,
    package_version: seeded.version,
    CVSS3_SCORE: seeded.score,
    CVSS3_VECTOR: seeded.vector,
  }
  return {
    name: seeded.name,
    severity: seeded.severity,
    description: seeded.description ?? `${seeded.name} in ${seeded.package}.`,
    uri: seeded.uri ?? `https://security-tracker.debian.org/tracker/${seeded.name}`,
    attributes: Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }])),
  }
}
