import { cause } from '../../health/evidence.ts'
import type { Cluster } from '../../kubernetes/model.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/context.ts'
import type { GateRequest, GateResult, ImageCheck, TimelineEntry } from '../model.ts'
import { againMs, confirm, restsOnPresent } from './confirm.ts'
import { collectExcerpts } from './excerpts.ts'
import { judge, type Decision, type Judgement } from './judge.ts'
import { Mailbox } from './mailbox.ts'
import { heartbeat, news, verdictEntry } from './narrate.ts'
import { SecondOpinion } from './second-source.ts'
import { startWatches } from './sources.ts'
import { advance, initialState, type GateEvent, type GateState } from './state.ts'
import { openEntries } from './ledger.ts'

/** What the gate needs of the world. */
export interface GatePorts {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  /** Agrees or disagrees with the cluster about images; without it pull errors take 10 s to confirm. */
  readonly images?: ImageCheck
  readonly signal: AbortSignal
}

const heartbeatMs = 15_000
/**
 * A look at thousands of pods takes tens of milliseconds, and their events come one by one. So much longer than it took
 * the gate rests after a look, within a bound: what comes meanwhile is looked at together.
 */
const restShare = 4
const longestRestMs = 400

/**
 * Watches the applied objects until there is a verdict. Never throws for the release's sake, and never polls:
 * it looks when something changed and when time alone could change the answer.
 * A bad verdict comes with its cause and the last log lines of the containers that it names.
 */
export async function runGate(request: GateRequest, ports: GatePorts): Promise<GateResult> {
  const begun = initialState(request, ports.clock.now())
  if (begun.gated.length === 0) return nothingToGate(begun, ports)
  const stop = new AbortController()
  const signal = AbortSignal.any([ports.signal, stop.signal])
  const gate = new Gate(begun, ports, signal)
  try {
    const judgement = await gate.run()
    return await conclude(gate, judgement, ports)
  } finally {
    stop.abort()
  }
}

/** The loop: fold what came, look, say what is new, decide, wait. All judgement is in pure functions. */
class Gate {
  state: GateState
  readonly timeline: TimelineEntry[] = []
  readonly #ports: GatePorts
  readonly #signal: AbortSignal
  readonly #mailbox = new Mailbox<GateEvent>()
  readonly #opinion: SecondOpinion | undefined
  #nextHeartbeat: number
  #confirmedAt = -Infinity
  /** How long the last look took. */
  #tookMs = 0
  readonly #warned = new Set<string>()

  constructor(state: GateState, ports: GatePorts, signal: AbortSignal) {
    this.state = state
    this.#ports = ports
    this.#signal = signal
    this.#nextHeartbeat = state.begunAt + heartbeatMs
    const { images, log } = ports
    this.#opinion =
      images && new SecondOpinion(images, log, signal, (image, answer) => this.#mailbox.push({ image, answer }))
  }

  async run(): Promise<Judgement> {
    const { clock, cluster, signal } = this.#ports
    this.#signal.addEventListener('abort', () => this.#mailbox.wake(), { once: true })
    startWatches(
      [...this.state.store.channels.values()].map(({ channel }) => channel),
      cluster,
      this.#mailbox,
      this.#signal,
    )
    while (!signal.aborted) {
      const decision = await this.#look()
      if (decision.decision === 'verdict') return decision
      const now = clock.now()
      this.#beat(decision, now)
      const until = decision.decision === 'wait' ? decision.until : now
      await this.#rest()
      await this.#mailbox.pause(clock, Math.min(until, this.#nextHeartbeat) - clock.now())
    }
    return {
      decision: 'verdict',
      verdict: 'cancelled',
      cause: cause('cancelled', { subject: 'release', at: clock.now() }),
    }
  }

  async #rest(): Promise<void> {
    const ms = Math.min(this.#tookMs * restShare, longestRestMs)
    if (ms > 0) await this.#ports.clock.sleep(ms, this.#signal).catch(() => undefined)
  }

  async #look(): Promise<Decision> {
    const { clock } = this.#ports
    const before = this.state
    const now = clock.now()
    this.state = advance(before, this.#mailbox.drain(), now)
    this.#tell(news(before, this.state, now))
    this.#warnOfBlindSpots()
    this.#opinion?.consult(openEntries(this.state.ledger).map(({ evidence }) => evidence))
    const decision = judge(this.state, now)
    this.#tookMs = clock.now() - now
    if (!restsOnPresent(decision)) return decision
    // Events may pour in while a fresh read disagrees: one read a second is enough.
    if (now < this.#confirmedAt + againMs) return { decision: 'wait', until: this.#confirmedAt + againMs }
    this.#confirmedAt = now
    return confirm(this.state, decision, { ...this.#ports, signal: this.#signal })
  }

  #tell(entries: readonly TimelineEntry[]): void {
    for (const entry of entries) {
      this.timeline.push(entry)
      this.#ports.log.info(`${entry.subject}: ${entry.says}`)
    }
  }

  #warnOfBlindSpots(): void {
    for (const [key, { channel, lost }] of this.state.store.channels) {
      if (lost === undefined || channel.need === 'proof' || this.#warned.has(key)) continue
      this.#warned.add(key)
      // Nodes are cluster-scoped: a namespaced role cannot see them, and seldom needs to.
      const less = channel.need === 'subject' ? 'it cannot be proven that they work' : 'causes may be less exact'
      const text = `${channel.kind} objects cannot be watched, so ${less}: ${lost.reason}`
      if (channel.kind === 'Node') this.#ports.log.debug(text)
      else this.#ports.log.warn(text)
    }
  }

  #beat(decision: Decision, now: number): void {
    if (now < this.#nextHeartbeat) return
    this.#nextHeartbeat = now + heartbeatMs
    this.#ports.log.info(`… ${heartbeat(this.state, decision, now)}`)
  }
}

async function conclude({ state, timeline }: Gate, judgement: Judgement, ports: GatePorts): Promise<GateResult> {
  const endedAt = ports.clock.now()
  const { verdict, cause: because, partial } = judgement
  const wantsLogs = because !== undefined && (verdict === 'failed' || verdict === 'stalled')
  return {
    verdict,
    ...(because === undefined ? {} : { cause: because }),
    timeline: [...timeline, verdictEntry(judgement, endedAt)],
    evidence: [...state.ledger.entries.values()].map(({ evidence }) => evidence),
    logs: wantsLogs ? await collectExcerpts(because, ports) : [],
    startedAt: state.request.startedAt,
    ...(state.readyAt === undefined ? {} : { readyAt: state.readyAt }),
    endedAt,
    ...(partial === undefined ? {} : { partial }),
  }
}

/** Said plainly: nothing of this set has a health of its own. */
function nothingToGate({ request }: GateState, { clock, log }: GatePorts): GateResult {
  const at = clock.now()
  const count = request.applied.length
  const says =
    count === 0
      ? 'nothing to gate: no object was applied'
      : `nothing to gate: none of the ${count} applied objects has a state to wait for`
  log.info(says)
  const timeline: readonly TimelineEntry[] = [{ at, subject: 'release', says: `healthy: ${says}`, kind: 'verdict' }]
  return {
    verdict: 'healthy',
    timeline,
    evidence: [],
    logs: [],
    startedAt: request.startedAt,
    readyAt: at,
    endedAt: at,
  }
}
