/**
 * Seeded worlds in which ECR scans an image: when it hears of the image, when a scan begins and ends, when findings
 * arrive, on which pages, and how its answers lie or fail. What is in the image is hidden from the collector, and decides
 * what the verdict may be. Shares types with src/scan, and none of its rules.
 */
import { RemoteError } from '../../src/runtime/errors.ts'
import { collect } from '../../src/scan/collect.ts'
import type { Finding } from '../../src/scan/findings.ts'
import type { ScanPage, ScanSettings, ScanSource, StartOutcome } from '../../src/scan/model.ts'
import { judge } from '../../src/scan/policy/judge.ts'
import { parseRules } from '../../src/scan/policy/rule.ts'
import { Chance } from '../world/chance.ts'
import { finding } from './findings.ts'
import { virtualClock } from './virtual-clock.ts'

/** One platform of the image; times in milliseconds since the scan step began. */
interface Child {
  readonly digest: string
  readonly type: 'basic' | 'enhanced'
  /** All that will ever be found. */
  readonly contains: readonly Finding[]
  /** When each of them appears. */
  readonly arrivals: readonly number[]
  readonly knownAt: number
  /** When the scan shows up; of a scan that is started by hand, so long after that. */
  readonly scanAt: number
  readonly doneAt: number
  /** Set when there is never a result. */
  readonly never?: string
  readonly perPage: number
  /** How ECR says that there are results. */
  readonly status: 'COMPLETE' | 'ACTIVE'
}

interface Sequence {
  readonly settings: ScanSettings
  readonly children: readonly Child[]
  readonly start: StartOutcome
  readonly timeoutMs: number
  readonly latencyMs: readonly [number, number]
  /** Of each page. */
  readonly fails: number
  /** A page in the middle comes without its list. */
  readonly listMissing: number
  /** A token that leads to its own page. */
  readonly endless: number
}

const second = 1_000
/** Longest gap between two findings that anybody can wait for: what comes later nobody announces. */
const longestGap = 9 * second

const nevers = [
  'FAILED',
  'UNSUPPORTED_IMAGE',
  'SCAN_ELIGIBILITY_EXPIRED',
  'LIMIT_EXCEEDED',
  'IMAGE_ARCHIVED',
  'FINDINGS_UNAVAILABLE',
  'PENDING',
  'IN_PROGRESS',
  'SOMETHING_NEW',
  'no-scan',
] as const

function childOf(order: number, settings: ScanSettings, chance: Chance): Child {
  const type = settings.type === 'unknown' ? chance.one<Child['type']>(['basic', 'enhanced']) : settings.type
  const count = chance.one([0, 0, 1, 3, 40, 250])
  const isVulnerable = count > 0 && chance.sometimes(0.5)
  const contains = Array.from({ length: count }, (_, index) =>
    finding(`CVE-2026-${1_000 + index}`, isVulnerable && index === 0 ? 'critical' : 'low'),
  )
  const knownAt = chance.sometimes(0.3) ? chance.between(0, 20 * second) : 0
  const scanAt = knownAt + (chance.sometimes(0.5) ? chance.between(0, 40 * second) : 0)
  const doneAt = scanAt + chance.between(0, 90 * second)
  let at = doneAt
  // A basic scan shows its list whole; an enhanced one as Inspector goes along, the worst not first.
  const arrivals = contains.map((_, index) => {
    const gap = type === 'basic' || index > 12 ? 0 : chance.between(0, longestGap)
    return (at += gap)
  })
  const never = chance.sometimes(0.15) ? { never: chance.one(nevers) } : {}
  const digest = `sha256:${String(order).repeat(64)}`
  return {
    digest,
    type,
    contains,
    arrivals: arrivals.toReversed(),
    knownAt,
    scanAt,
    doneAt,
    ...never,
    perPage: chance.one([1_000, 100, 30]),
    status: type === 'enhanced' ? chance.one<Child['status']>(['ACTIVE', 'ACTIVE', 'COMPLETE']) : 'COMPLETE',
  }
}

function sequenceOf(chance: Chance): Sequence {
  const settings = chance.one<ScanSettings>([
    { type: 'basic', frequency: 'on-push' },
    { type: 'basic', frequency: 'manual' },
    { type: 'enhanced', frequency: 'continuous' },
    { type: 'enhanced', frequency: 'on-push' },
    { type: 'unknown', frequency: 'unknown' },
  ])
  const troubled = chance.sometimes(0.4)
  const rate = (most: number): number => (troubled && chance.sometimes(0.5) ? chance.between(0, most) : 0)
  return {
    settings,
    children: Array.from({ length: chance.whole(1, 3) }, (_, order) => childOf(order + 1, settings, chance)),
    start: chance.one(['started', 'started', 'too-often', 'disabled', 'unsupported', 'archived']),
    timeoutMs: chance.one([30 * second, 300 * second, 600 * second]),
    latencyMs: chance.one([
      [5, 50],
      [50, 900],
    ]),
    fails: rate(0.1),
    listMissing: rate(0.3),
    endless: rate(0.05),
  }
}

/** ECR, as the sequence says; time passes while it answers. */
class Registry implements ScanSource {
  readonly #sequence: Sequence
  readonly #chance: Chance
  readonly #clock: ReturnType<typeof virtualClock>
  readonly #begun: number
  readonly #startedAt = new Map<string, number>()
  readonly manifest = (): Promise<undefined> => Promise.resolve(undefined)
  readonly settings = (): Promise<ScanSettings> => Promise.resolve(this.#sequence.settings)

  constructor(sequence: Sequence, chance: Chance, clock: ReturnType<typeof virtualClock>) {
    this.#sequence = sequence
    this.#chance = chance
    this.#clock = clock
    this.#begun = clock.now()
  }

  async start(_: string, digest: string): Promise<StartOutcome> {
    await this.#answers()
    if (this.#sequence.start === 'started' && !this.#startedAt.has(digest))
      this.#startedAt.set(digest, this.#clock.now() - this.#begun)
    return this.#sequence.start
  }

  async #answers(): Promise<void> {
    await this.#clock.sleep(this.#chance.between(...this.#sequence.latencyMs))
    if (!this.#chance.sometimes(this.#sequence.fails)) return
    throw new RemoteError('ecr-unavailable', 'ECR answered 503 five times.', { todo: 'Run the job again.' })
  }

  async page(_: string, digest: string, token: string | undefined): Promise<ScanPage | 'no-scan' | 'no-image'> {
    await this.#answers()
    const child = this.#sequence.children.find(one => one.digest === digest)
    if (child === undefined) return 'no-image'
    const now = this.#clock.now() - this.#begun
    if (now < child.knownAt) return 'no-image'
    const by = this.#shiftOf(child)
    if (by === undefined || now < child.scanAt + by || child.never === 'no-scan') return 'no-scan'
    const base = { description: '', enhanced: false } as const
    if (child.never !== undefined) return { ...base, status: child.never }
    if (now < child.doneAt + by) return { ...base, status: this.#chance.one(['PENDING', 'IN_PROGRESS']) }
    return this.#list(child, now - by, Number(token ?? '0'))
  }

  /** A scan that nobody starts by hand never is, where scans are manual. */
  #shiftOf({ digest }: Child): number | undefined {
    return this.#sequence.settings.frequency === 'manual' ? this.#startedAt.get(digest) : 0
  }

  #list({ type, contains, arrivals, perPage, doneAt, status }: Child, now: number, from: number): ScanPage {
    const there = contains.filter((_, index) => (arrivals[index] ?? 0) <= now)
    const enhanced = type === 'enhanced'
    const to = Math.min(there.length, from + perPage)
    const more = to < there.length
    const token = this.#chance.sometimes(this.#sequence.endless) ? from : to
    const isMissing = more && this.#chance.sometimes(this.#sequence.listMissing)
    // A result without a time: an enhanced one whose findings are still on their way.
    const timed = !enhanced || there.length === contains.length
    return {
      status,
      description: '',
      enhanced,
      ...(timed ? { completedAt: doneAt } : {}),
      ...(enhanced ? {} : { counted: there.length }),
      ...(isMissing ? {} : { findings: there.slice(from, to) }),
      ...(more ? { nextToken: String(token) } : {}),
    }
  }
}

/** What is wrong with the verdict about the sequence of this seed; undefined when nothing is. */
export async function sequenceProblem(seed: number): Promise<string | undefined> {
  const chance = new Chance(seed)
  const sequence = sequenceOf(chance)
  const clock = virtualClock()
  const begun = clock.now()
  const source = new Registry(sequence, chance, clock)
  const targets = sequence.children.map(({ digest }, order) => ({ platform: `linux/p${order}`, digest }))
  const ports = { source, clock, progress: () => undefined, random: () => 0.5, signal: new AbortController().signal }
  const verdict = await verdictOf(targets, sequence, ports)
  const tookMs = clock.now() - begun
  const isVulnerable = sequence.children.some(({ contains, never }) => contains[0]?.severity === 'critical' && !never)
  const isUnknown = sequence.children.some(({ never }) => never !== undefined)
  // The read that was under way at the deadline may end: its pages, with the slowest answers.
  const pages = Math.max(...sequence.children.map(({ contains, perPage }) => Math.ceil(contains.length / perPage) + 1))
  const latest = sequence.timeoutMs + (pages + 2) * sequence.latencyMs[1]
  const told = `${verdict} after ${(tookMs / second).toFixed(1)} s: ${JSON.stringify({ ...sequence, children: sequence.children.map(({ contains, arrivals, ...child }) => ({ ...child, findings: contains.length, last: Math.max(0, ...arrivals) })) })}`
  if (verdict === 'pass' && (isVulnerable || isUnknown)) return `seed ${seed}: false ${told}`
  if (verdict === 'fail' && !isVulnerable) return `seed ${seed}: false ${told}`
  if (tookMs > latest) return `seed ${seed}: too late, ${told}`
  if ((verdict === 'inconclusive' || verdict === 'error') && isReachable(sequence))
    return `seed ${seed}: needlessly ${told}`
  return undefined
}

async function verdictOf(
  targets: Parameters<typeof collect>[1],
  { timeoutMs }: Sequence,
  ports: Parameters<typeof collect>[3],
): Promise<'pass' | 'fail' | 'inconclusive' | 'error'> {
  try {
    const scans = await collect('shop/api', targets, timeoutMs, ports)
    const factsOf = () => ({ change: 'introduced', part: 'unknown' }) as const
    return judge(scans, { failOn: parseRules('critical') }, { repository: 'shop/api', now: 0, factsOf }).verdict
  } catch (thrown) {
    if (thrown instanceof RemoteError) return 'error'
    throw thrown
  }
}

/** Whether whoever waits as long as the timeout says must have an answer: nothing lies or fails, and there is time left. */
function isReachable({
  settings,
  children,
  timeoutMs,
  fails,
  listMissing,
  endless,
  start,
  latencyMs,
}: Sequence): boolean {
  if (fails > 0 || listMissing > 0 || endless > 0) return false
  if (settings.frequency === 'manual' && start !== 'started') return false
  if (settings.frequency === 'unknown') return false
  const due = children.map(({ arrivals, doneAt, scanAt, contains, perPage, type }) => {
    const pages = Math.ceil(contains.length / perPage) + 1
    // An empty enhanced list is timed as soon as it is there.
    const last = Math.max(doneAt, ...arrivals)
    const quiet = type === 'enhanced' ? 30 * second : 0
    const byHand = settings.frequency === 'manual' ? 30 * second : 0
    return scanAt < 60 * second ? last + quiet + byHand + 40 * second + 3 * pages * latencyMs[1] : Infinity
  })
  return children.every(({ never }) => never === undefined) && Math.max(...due) < timeoutMs
}
