import type { Cluster } from '../../../kubernetes/model.ts'
import type { Clock } from '../../../runtime/clock.ts'
import type { Log } from '../../../runtime/context.ts'
import { messageOf, SlipwayError } from '../../../runtime/errors.ts'
import type { Alarms, ImageCheck, TargetHealth } from '../../model.ts'
import { imageKey, type ConfigAnswer, type SourceEvent } from './answers.ts'
import { BindingSource } from './binding-source.ts'
import { keysOf, objectOf, referencesBehind, type NeededConfig } from './missing-config.ts'
import { openEntries } from '../ledger.ts'
import { inTime, poll } from './poll.ts'
import { imageInQuestion, type ImageQuestion } from './second-source.ts'
import type { GateState } from '../state.ts'
import { targetGroupsInQuestion } from './targets.ts'

interface Ports {
  readonly cluster: Cluster
  readonly clock: Clock
  readonly log: Log
  readonly images?: ImageCheck
  readonly targets?: TargetHealth
  readonly alarms?: Alarms
}

/** What is created in the same second as its pods may only be late: an absence is looked at twice. */
const againMs = 1_000

/**
 * Asks the second sources, in the background; what they say comes back as events. A source that throws, is slow or
 * refuses is as good as none, and is asked no more than it must be.
 */
export class SecondOpinions {
  readonly #ports: Ports
  readonly #signal: AbortSignal
  readonly #push: (event: SourceEvent) => void
  readonly #asked = new Set<string>()
  readonly #polled = new Set<string>()
  readonly #refused = new Set<string>()
  #needed: ReadonlySet<string> = new Set()

  constructor(ports: Ports, signal: AbortSignal, push: (event: SourceEvent) => void) {
    this.#ports = ports
    this.#signal = signal
    this.#push = push
  }

  /** Begins what is asked without an occasion. */
  start({ request, gated }: GateState): void {
    const { alarms, targets, clock } = this.#ports
    if (targets !== undefined) new BindingSource(this.#ports, this.#signal, this.#push).start(gated)
    if (alarms === undefined || request.alarms === undefined || request.alarms.length === 0) return
    void poll(() => this.#readAlarms(alarms), clock, this.#signal)
  }

  /** Asks what this look at the cluster gives occasion to. */
  consult(state: GateState): void {
    const { images } = this.#ports
    for (const { evidence } of openEntries(state.ledger)) {
      const image = images && imageInQuestion(evidence, state.store.related)
      if (images && image && this.#first(imageKey(image.image, image.platform))) void this.#askAbout(image, images)
      const references = Map.groupBy(referencesBehind(evidence, state.request.applied), objectOf)
      const unasked = [...references].filter(([object]) => this.#first(object))
      if (unasked.length > 0) void this.#lookUp(unasked.map(([, wanted]) => wanted))
    }
    this.#needed = new Set(this.#ports.targets && targetGroupsInQuestion(state))
    for (const group of this.#needed) this.#watchOver(group)
  }

  #first(question: string): boolean {
    if (this.#asked.has(question)) return false
    this.#asked.add(question)
    return true
  }

  async #askAbout({ image, platform }: ImageQuestion, images: ImageCheck): Promise<void> {
    const about = platform === undefined ? { image } : { image, platform }
    try {
      this.#push({ ...about, answer: await images.check(image, this.#signal, platform) })
    } catch (thrown) {
      this.#ports.log.debug(`the registry could not be asked about ${image}: ${messageOf(thrown)}`)
      this.#push({ ...about, answer: 'unknown' })
    }
  }

  /** Each list is about one object. All of a container's answers come together, so that its cause names all it misses. */
  async #lookUp(wanted: readonly (readonly NeededConfig[])[]): Promise<void> {
    const answers = await Promise.all(wanted.map(references => this.#settledConfig(references)))
    for (const event of answers) this.#push(event)
  }

  async #settledConfig(references: readonly NeededConfig[]): Promise<SourceEvent> {
    const [reference] = references
    if (reference === undefined) throw new Error('a question is about an object')
    const isThere = (answer: ConfigAnswer): boolean =>
      answer.found === 'present' && references.every(({ key }) => key === undefined || answer.keys.includes(key))
    let answer = await this.#configOf(reference)
    if (answer.found !== 'unknown' && !isThere(answer)) {
      await this.#ports.clock.sleep(againMs, this.#signal).catch(() => undefined)
      answer = await this.#configOf(reference)
    }
    return { config: objectOf(reference), answer }
  }

  /** The names of its keys are all that is taken of it: values of Secrets go no further. */
  async #configOf({ kind, namespace, name }: NeededConfig): Promise<ConfigAnswer> {
    const { cluster, clock, log } = this.#ports
    try {
      const key = { apiVersion: 'v1', kind, namespace, name }
      const object = await inTime(signal => cluster.get(key, signal), clock, this.#signal)
      return object === undefined ? { found: 'absent' } : { found: 'present', keys: keysOf(object) }
    } catch (thrown) {
      log.debug(`${kind} ${namespace}/${name} could not be looked up: ${messageOf(thrown)}`)
      return { found: 'unknown' }
    }
  }

  #watchOver(group: string): void {
    if (this.#polled.has(group) || this.#refused.has(group)) return
    this.#polled.add(group)
    void poll(() => this.#readTargets(group), this.#ports.clock, this.#signal)
  }

  /** False ends the questions about this group. */
  async #readTargets(group: string): Promise<boolean> {
    const { targets, clock } = this.#ports
    if (targets === undefined || !this.#needed.has(group)) {
      this.#polled.delete(group)
      return false
    }
    try {
      const health = await inTime(signal => targets.read(group, signal), clock, this.#signal)
      this.#push({ targetGroup: group, at: clock.now(), health })
    } catch (thrown) {
      if (!this.#silent(group, thrown)) return true
      this.#refused.add(group)
      return false
    }
    return true
  }

  async #readAlarms(alarms: Alarms): Promise<boolean> {
    const { clock } = this.#ports
    try {
      this.#push({
        alarms: await inTime(signal => alarms.read(signal), clock, this.#signal),
        at: clock.now(),
      })
    } catch (thrown) {
      this.#silent('alarms', thrown)
    }
    return true
  }

  /** True when asking again is of no use. */
  #silent(source: string, thrown: unknown): boolean {
    if (this.#signal.aborted) return true
    const { clock, log } = this.#ports
    const reason = messageOf(thrown)
    const denied = thrown instanceof SlipwayError && thrown.kind === 'denied'
    if (this.#first(`silence of ${source}`))
      log.info(`note: ${source === 'alarms' ? 'the alarms' : `target group ${source}`} cannot be read: ${reason}`)
    this.#push({ silent: source, at: clock.now(), reason, denied })
    return denied
  }
}
