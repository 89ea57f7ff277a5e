import type { Cluster } from '../../kubernetes/model.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Log } from '../../runtime/context.ts'
import type { Alarms, GateRequest, GateResult, ImageCheck, TargetHealth, TimelineEntry } from '../model.ts'
import { againMs, type Reading } from './confirm.ts'
import { collectExcerpts } from './excerpts.ts'
import { readAfresh } from './fresh-read.ts'
import {
  cancelledAt,
  closeInquiry,
  concluded,
  look,
  nothingToJudge,
  openInquiry,
  type Inquiry,
  type Next,
} from './inquiry.ts'
import type { Judgement } from './judge.ts'
import { withLastWords } from './last-words.ts'
import { Mailbox } from './mailbox.ts'
import { heartbeat } from './narrate.ts'
import { SecondOpinions } from './second-sources/second-opinions.ts'
import { startWatches } from './watches.ts'
import type { GateEvent } from './state.ts'
import type { GateTrace } from './trace/trace.ts'

/** What the gate needs of the world. */
export interface GatePorts {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  /** Agrees or disagrees with the cluster about images; without it pull errors take 10 s to confirm. */
  readonly images?: ImageCheck
  /** Holds a success back until the load balancers send requests to the new pods; without it readiness is all. */
  readonly targets?: TargetHealth
  /** Asked for the alarms that the request names. */
  readonly alarms?: Alarms
  /** Keeps what was seen, so that the verdict can be reached again from it alone. */
  readonly trace?: GateTrace
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
  const begunAt = ports.clock.now()
  ports.trace?.opened(request, begunAt)
  const result = await judged(openInquiry(request, begunAt), ports)
  // A trace holds no logs: what they alone tell is added after it is closed.
  ports.trace?.closed(result)
  return withLastWords(result)
}

async function judged(begun: Inquiry, ports: GatePorts): Promise<GateResult> {
  const nothing = nothingToJudge(begun, ports.clock.now())
  if (nothing !== undefined) {
    ports.log.info(nothing.timeline[0]?.says.replace(/^healthy: /, '') ?? '')
    return nothing
  }
  const stop = new AbortController()
  const signal = AbortSignal.any([ports.signal, stop.signal])
  const gate = new Gate(begun, ports, signal)
  try {
    const judgement = await gate.run()
    const { verdict, cause } = judgement
    const wantsLogs = cause !== undefined && (verdict === 'failed' || verdict === 'stalled')
    const result = closeInquiry(gate.inquiry, judgement, ports.clock.now())
    return wantsLogs ? { ...result, logs: await collectExcerpts(cause, ports) } : result
  } finally {
    stop.abort()
  }
}

/** The loop: hand on what came, say what is new, wait. All judgement is in pure functions (inquiry.ts). */
class Gate {
  inquiry: Inquiry
  readonly #ports: GatePorts
  readonly #signal: AbortSignal
  readonly #mailbox = new Mailbox<GateEvent>()
  readonly #opinions: SecondOpinions
  #nextHeartbeat: number
  /** How long the last look took. */
  #tookMs = 0
  readonly #warned = new Set<string>()

  constructor(inquiry: Inquiry, ports: GatePorts, signal: AbortSignal) {
    this.inquiry = inquiry
    this.#ports = ports
    this.#signal = signal
    this.#nextHeartbeat = inquiry.state.begunAt + heartbeatMs
    this.#opinions = new SecondOpinions(ports, signal, event => this.#mailbox.push(event))
  }

  async run(): Promise<Judgement> {
    const { clock, cluster, signal } = this.#ports
    this.#signal.addEventListener('abort', () => this.#mailbox.wake(), { once: true })
    startWatches(
      [...this.inquiry.state.store.channels.values()].map(({ channel }) => channel),
      cluster,
      this.#mailbox,
      this.#signal,
    )
    this.#opinions.start(this.inquiry.state)
    while (!signal.aborted) {
      let next = this.#look()
      while (next.decision === 'read' && !signal.aborted) {
        next = await this.#read(next)
        if (next.decision === 'read') this.#beat(next, clock.now())
      }
      if (next.decision === 'verdict') return next
      const now = clock.now()
      this.#beat(next, now)
      const until = next.decision === 'wait' ? next.until : now
      await this.#rest()
      await this.#mailbox.pause(clock, Math.min(until, this.#nextHeartbeat) - clock.now())
    }
    return cancelledAt(clock.now())
  }

  async #rest(): Promise<void> {
    const ms = Math.min(this.#tookMs * restShare, longestRestMs)
    if (ms > 0) await this.#ports.clock.sleep(ms, this.#signal).catch(() => undefined)
  }

  #look(): Next {
    const { clock } = this.#ports
    const now = clock.now()
    const events = this.#mailbox.drain()
    this.#ports.trace?.looked(now, events)
    const { inquiry, said, next } = look(this.inquiry, events, now)
    this.inquiry = inquiry
    this.#tell(said)
    this.#warnOfBlindSpots()
    this.#opinions.consult(inquiry.state)
    this.#tookMs = clock.now() - now
    return next
  }

  async #read(reading: Reading): Promise<Next> {
    const { clock, log, trace } = this.#ports
    const answer = await readAfresh(reading, { ...this.#ports, signal: this.#signal })
    const now = clock.now()
    trace?.read(now, answer)
    const { inquiry, next } = concluded(this.inquiry, reading, answer, now)
    this.inquiry = inquiry
    if ('failed' in answer) log.debug(`the fresh read failed: ${answer.failed}`)
    else if (next.decision === 'wait') log.debug('a fresh read shows something else than the watches')
    if (next.decision === 'read') await clock.sleep(againMs, this.#signal).catch(() => undefined)
    return next
  }

  #tell(entries: readonly TimelineEntry[]): void {
    for (const { subject, says } of entries) this.#ports.log.info(`${subject}: ${says}`)
  }

  #warnOfBlindSpots(): void {
    for (const [key, { channel, lost }] of this.inquiry.state.store.channels) {
      if (lost === undefined || channel.need === 'proof' || this.#warned.has(key)) continue
      this.#warned.add(key)
      // Nodes and storage classes are cluster-scoped: a namespaced role cannot see them, and seldom needs to.
      const less = channel.need === 'subject' ? 'it cannot be proven that they work' : 'causes may be less exact'
      const text = `${channel.kind} objects cannot be watched, so ${less}: ${lost.reason}`
      if (channel.need === 'hint' && channel.namespace === undefined) this.#ports.log.debug(text)
      else this.#ports.log.warn(text)
    }
  }

  #beat(next: Next, now: number): void {
    if (now < this.#nextHeartbeat) return
    this.#nextHeartbeat = now + heartbeatMs
    this.#ports.log.info(`… ${heartbeat(this.inquiry.state, next, now)}`)
  }
}
